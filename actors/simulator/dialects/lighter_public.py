"""Lighter's REST endpoints that need no token (PROTOCOL 2.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiohttp import web

from actors.simulator.accounts import Account
from actors.simulator.dialects.lighter_account_rows import (
    account_row,
    basic_row,
    l1_address,
    metadata_row,
)
from actors.simulator.dialects.lighter_http import (
    API_BASE,
    invalid,
    ok,
    one_of,
    page_limit,
    plain,
    required_number,
    required_text,
    whole_number,
)
from actors.simulator.dialects.lighter_ids import block_height
from actors.simulator.dialects.lighter_market_rows import (
    INSURANCE_FUND_ACCOUNT,
    RESOLUTIONS,
    asset_details,
    book_orders,
    candle_row,
    exchange_row,
    funding_rate_rows,
    funding_row,
    market_row,
    order_book_row,
)
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_order_ids import HOUSE_ACCOUNT
from actors.simulator.dialects.lighter_rows import USDC_ASSET, trade_row
from actors.simulator.dialects.lighter_tokens import public_key_of
from actors.simulator.exchange import Exchange
from actors.simulator.history import DAY_MS, HOUR_MS, candle_bounds
from actors.simulator.market import Market
from actors.simulator.refused import Refused

NETWORK_ID: Final = 1
CONTRACT: Final = "0x3b4d794a66304f130a4db8f2551b0070dfcf5ca7"
BOOK_ORDERS_MAX: Final = 250
CANDLES_MAX: Final = 500
FUNDINGS_MAX: Final = 750
ALL_MARKETS: Final = 255
ALL_KEYS: Final = 255

Answer = Callable[[web.Request], web.Response]


class LighterPublic:
    """Answers for anybody; accounts are public at this venue, orders and fills are not."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._markets = LighterMarkets(exchange.markets)

    def routes(self) -> list[tuple[str, str, Answer]]:
        answers = {
            "systemConfig": self.system_config,
            "orderBooks": self.order_books,
            "orderBookDetails": self.order_book_details,
            "orderBookOrders": self.order_book_orders,
            "recentTrades": self.recent_trades,
            "candles": self.candles,
            "fundings": self.fundings,
            "funding-rates": self.funding_rates,
            "exchangeStats": self.exchange_stats,
            "assetDetails": self.assets,
            "announcement": self.announcements,
            "currentHeight": self.height,
            "account": self.account,
            "accountsByL1Address": self.accounts_of_wallet,
            "accountMetadata": self.metadata,
            "apikeys": self.keys,
            "nextNonce": self.next_nonce,
            "tx": self.transaction,
        }
        return [
            ("GET", "/", self.status),
            ("GET", "/info", self.info),
            *(("GET", f"{API_BASE}/{name}", answer) for name, answer in answers.items()),
            ("POST", f"{API_BASE}/sendTx", self.send),
            ("POST", f"{API_BASE}/sendTxBatch", self.send),
        ]

    # the venue

    def status(self, _: web.Request) -> web.Response:
        """The clock in seconds, and no code."""
        now_s = self._exchange.now_ms // 1000
        return plain({"status": 200, "network_id": NETWORK_ID, "timestamp": now_s})

    def info(self, _: web.Request) -> web.Response:
        return plain({"contract_address": CONTRACT})

    def system_config(self, _: web.Request) -> web.Response:
        return ok(
            liquidity_pool_index=HOUSE_ACCOUNT,
            staking_pool_index=HOUSE_ACCOUNT - 1,
            funding_fee_rebate_account_index=0,
            liquidity_pool_cooldown_period=300_000,
            staking_pool_lockup_period=86_400_000,
            max_integrator_perps_maker_fee=1_000,
            max_integrator_perps_taker_fee=1_000,
            max_integrator_spot_maker_fee=1_000,
            max_integrator_spot_taker_fee=1_000,
            market_maker_incentive_account_index=0,
            fee_collector_account_index=INSURANCE_FUND_ACCOUNT,
        )

    def announcements(self, _: web.Request) -> web.Response:
        began_s = self._exchange.now_ms // DAY_MS * DAY_MS // 1000
        row = {
            "title": "Simulated venue",
            "content": "Nothing that is traded here is worth anything.",
            "created_at": began_s,
            "expired_at": began_s + DAY_MS // 1000,
        }
        return ok(announcements=[row])

    def height(self, _: web.Request) -> web.Response:
        return ok(height=block_height(self._exchange.now_ms))

    def assets(self, request: web.Request) -> web.Response:
        wanted = whole_number(request.query, "asset_id", USDC_ASSET)
        return ok(asset_details=[row for row in asset_details() if row["asset_id"] == wanted])

    # markets

    def order_books(self, request: web.Request) -> web.Response:
        rows = [order_book_row(market, number) for number, market in self._asked(request)]
        return ok(order_books=rows)

    def order_book_details(self, request: web.Request) -> web.Response:
        now_ms = self._exchange.now_ms
        rows = [
            market_row(market, number, self._day_trades(market), now_ms)
            for number, market in self._asked(request)
        ]
        return ok(order_book_details=rows, spot_order_book_details=[])

    def order_book_orders(self, request: web.Request) -> web.Response:
        """The engine's own orders, which may be ahead of the published book."""
        market = self._market(request)
        limit = page_limit(request.query, BOOK_ORDERS_MAX)
        asks, bids = (book_orders(market, side, limit) for side in (-1, 1))
        return ok(total_asks=len(asks), asks=asks, total_bids=len(bids), bids=bids)

    def recent_trades(self, request: web.Request) -> web.Response:
        market, limit = self._market(request), page_limit(request.query)
        prints = list(self._exchange.ledger.prints[market.name])[-limit:]
        number = self._markets.id_of(market.name)
        rows = [trade_row(one, market.spec, number) for one in reversed(prints)]
        return ok(trades=rows or None)

    def candles(self, request: web.Request) -> web.Response:
        """Oldest first; as many as begin in the period, or `count_back` if that is more."""
        market = self._market(request)
        resolution = request.query.get("resolution", "")
        if resolution not in RESOLUTIONS:
            raise Refused(400, "22401", "invalid resolution")
        start_ms, end_ms = self._period(request)
        count_back = required_number(request.query, "count_back")
        now_ms = self._exchange.now_ms
        interval = RESOLUTIONS[resolution]
        first_ms, next_ms = candle_bounds(interval, start_ms)
        inside = (min(end_ms, now_ms) - first_ms) // (next_ms - first_ms) + 1
        wanted = max(inside, count_back)
        if wanted > CANDLES_MAX:
            raise Refused(400, "22403", f"too many candles, at most {CANDLES_MAX}")
        found = market.tape.candles("trades", interval, min(end_ms, now_ms), wanted)
        prints = self._exchange.ledger.prints[market.name]
        rows = [candle_row(market.spec, one, interval, prints) for one in found[::-1]]
        return ok(r=resolution, c=rows or None)

    def fundings(self, request: web.Request) -> web.Response:
        market = self._market(request)
        resolution = one_of(request.query, "resolution", ("1h", "1d"))
        start_ms, end_ms = self._period(request)
        count_back = required_number(request.query, "count_back")
        step = 1 if resolution == "1h" else 24
        settled = market.tape.settled(start_ms, min(end_ms, self._exchange.now_ms))
        chosen = [one for one in settled if one[0] // HOUR_MS % step == 0]
        rows = [funding_row(market, *one) for one in chosen[: min(count_back, FUNDINGS_MAX)]]
        return ok(resolution=resolution, fundings=rows[::-1])

    def funding_rates(self, _: web.Request) -> web.Response:
        rows = [
            row for number, one in self._markets.all() for row in funding_rate_rows(one, number)
        ]
        return ok(funding_rates=rows)

    def exchange_stats(self, _: web.Request) -> web.Response:
        now_ms = self._exchange.now_ms
        rows = [
            exchange_row(market, self._day_trades(market), now_ms)
            for _, market in self._markets.all()
        ]
        return ok(
            total=len(rows),
            order_book_stats=rows,
            daily_usd_volume=sum(row["daily_quote_token_volume"] for row in rows),
            daily_trades_count=sum(row["daily_trades_count"] for row in rows),
        )

    # accounts

    def account(self, request: web.Request) -> web.Response:
        active_only = request.query.get("active_only") == "true"
        rows = [
            account_row(one, self._exchange, self._markets, active_only=active_only)
            for one in self._chosen(request)
        ]
        return ok(total=len(rows), accounts=rows)

    def accounts_of_wallet(self, request: web.Request) -> web.Response:
        address = required_text(request.query, "l1_address")
        trading = self._exchange.trading
        rows = [basic_row(one, trading.margin(one)) for one in self._of_wallet(address)]
        return ok(l1_address=address, sub_accounts=rows)

    def metadata(self, request: web.Request) -> web.Response:
        return ok(account_metadatas=[metadata_row(one) for one in self._chosen(request)])

    def keys(self, request: web.Request) -> web.Response:
        """The slots of an account; 255 asks for all of them."""
        account = self._account(required_number(request.query, "account_index"))
        wanted = whole_number(request.query, "api_key_index", ALL_KEYS)
        if not account.private_key or wanted not in {ALL_KEYS, account.api_key_index}:
            raise Refused(400, "21109", "api key not found")
        row = {
            "account_index": account.account_id,
            "api_key_index": account.api_key_index,
            "nonce": 1,
            "public_key": public_key_of(account.private_key).hex(),
            "transaction_time": account.created_ms * 1000,
        }
        return ok(api_keys=[row])

    def next_nonce(self, request: web.Request) -> web.Response:
        account = self._account(required_number(request.query, "account_index"))
        if required_number(request.query, "api_key_index") != account.api_key_index:
            raise Refused(400, "21109", "api key not found")
        return ok(nonce=1)

    # transactions

    def transaction(self, _: web.Request) -> web.Response:
        raise Refused(400, "21500", "transaction not found")

    def send(self, _: web.Request) -> web.Response:
        """Orders come from the world's own participants: no signed transaction is taken."""
        raise Refused(400, "21500", "transactions are not accepted")

    # parameters

    def _asked(self, request: web.Request) -> list[tuple[int, Market]]:
        """The perpetuals that `filter` and `market_id` leave; there are no spot markets."""
        wanted = whole_number(request.query, "market_id", ALL_MARKETS)
        if one_of(request.query, "filter", ("all", "spot", "perp"), "all") == "spot":
            return []
        if wanted == ALL_MARKETS:
            return self._markets.all()
        return [(wanted or 0, self._market(request))]

    def _market(self, request: web.Request) -> Market:
        market = self._markets.named(required_number(request.query, "market_id"))
        if market is None:
            raise Refused(400, "21602", "invalid market index")
        return market

    def _period(self, request: web.Request) -> tuple[int, int]:
        """Milliseconds; seconds are taken too."""
        start, end = (
            required_number(request.query, f"{name}_timestamp") for name in ("start", "end")
        )
        start_ms, end_ms = (at * 1000 if at < 10**11 else at for at in (start, end))
        if start_ms > end_ms:
            raise Refused(400, "22400", "invalid timestamps")
        return start_ms, end_ms

    def _chosen(self, request: web.Request) -> list[Account]:
        by = one_of(request.query, "by", ("index", "l1_address"))
        value = required_text(request.query, "value")
        if by == "l1_address":
            return self._of_wallet(value)
        if not value.isascii() or not value.isdigit():
            raise invalid("field 'value' must be a number")
        return [self._account(int(value[:20]))]

    def _account(self, index: int) -> Account:
        account = self._exchange.accounts.get(index)
        if account is None:
            raise Refused(400, "21100", "account not found")
        return account

    def _of_wallet(self, address: str) -> list[Account]:
        found = [
            one
            for one in self._exchange.accounts.values()
            if l1_address(one).lower() == address.lower()
        ]
        if not found:
            raise Refused(400, "21100", "account not found")
        return found

    def _day_trades(self, market: Market) -> int:
        """Of the newest trades that are kept, those of the last 24 hours."""
        since_ms = self._exchange.now_ms - DAY_MS
        prints = self._exchange.ledger.prints[market.name]
        return sum(one.created_ms >= since_ms for one in prints)
