"""Lighter's REST endpoints that need a token (PROTOCOL 2.4): what an account may see of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from actors.simulator.accounts import TAKER_FEE_PER_100_000, Account
from actors.simulator.dialects.contract import PrivateAnswer
from actors.simulator.dialects.lighter_account_rows import points_row
from actors.simulator.dialects.lighter_http import (
    API_BASE,
    form,
    invalid,
    ok,
    one_of,
    page,
    page_limit,
    plain,
    required_number,
    required_text,
    token_of,
    whole_number,
)
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_pnl import RESOLUTIONS_S, pnl_rows
from actors.simulator.dialects.lighter_rows import (
    funding_row,
    order_row,
    own_trade_row,
)
from actors.simulator.dialects.lighter_tokens import LighterTokens
from actors.simulator.exchange import Exchange
from actors.simulator.ledger import AccountLedger
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import Fill, Order

ALL_MARKETS: Final = 255
SECONDS_BELOW: Final = 10**11
"""Times are taken in seconds and in milliseconds; this tells them apart for 3,000 years."""

CLIENT_IDS_MAX: Final = 20
CLOSED_ORDERS_SHOWN: Final = 1_000
PNL_ROWS_MAX: Final = 500
_SIDES: Final = {"long": BUY, "short": SELL}


class LighterPrivate:
    """Answers for the account that a token speaks for, and for no other."""

    def __init__(self, exchange: Exchange, tokens: LighterTokens) -> None:
        self._exchange = exchange
        self._tokens = tokens
        self._markets = LighterMarkets(exchange.markets)

    def routes(self) -> list[tuple[str, str, PrivateAnswer]]:
        answers = {
            "accountActiveOrders": self.open_orders,
            "accountInactiveOrders": self.closed_orders,
            "accountOrders": self.orders_by_client_id,
            "trades": self.trades,
            "pnl": self.pnl,
            "positionFunding": self.funding,
            "liquidations": self.liquidations,
            "accountLimits": self.limits,
            "referral/points": self.points,
            "tokens": self.list_tokens,
        }
        return [
            *(("GET", f"{API_BASE}/{name}", answer) for name, answer in answers.items()),
            ("POST", f"{API_BASE}/tokens/create", self.create_token),
            ("POST", f"{API_BASE}/tokens/revoke", self.revoke_token),
        ]

    # orders

    def open_orders(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        self._check_own(account, request)
        matches = self._of_market(request)
        rows = [self._order_row(one) for one in account.orders.values() if matches(one.market)]
        return ok(orders=rows[::-1] or None)

    def closed_orders(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        """In the order in which they ended, the newest first."""
        self._check_own(account, request)
        matches = self._of_market(request)
        side = _asked_side(request)
        since_ms, until_ms = _between(request)
        orders = [
            one
            for one in self._ledger(account).orders.values()
            if not one.open
            and matches(one.market)
            and side in {None, one.side}
            and since_ms <= one.created_ms <= until_ms
        ]
        orders.sort(key=_place, reverse=True)
        shown, cursor = page(
            orders, _place, request.query.get("cursor", ""), page_limit(request.query)
        )
        return _paged("orders", [self._order_row(one) for one in shown], cursor)

    def orders_by_client_id(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        self._check_own(account, request)
        texts = required_text(request.query, "client_order_indexes").split(",")
        if len(texts) > CLIENT_IDS_MAX or not all(text.isdigit() for text in texts):
            raise invalid(f"field 'client_order_indexes' must be 1 to {CLIENT_IDS_MAX} numbers")
        orders = list(self._ledger(account).orders.values())
        closed = [one for one in orders if not one.open][-CLOSED_ORDERS_SHOWN:]
        found = [
            one for one in (*account.orders.values(), *closed) if one.external_id in set(texts)
        ]
        return ok(orders=[self._order_row(one) for one in found])

    # trades and money

    def trades(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        """All three orders are one here: block, time and id rise together."""
        self._check_own(account, request)
        query = request.query
        one_of(query, "sort_by", ("block_height", "timestamp", "trade_id"))
        one_of(query, "sort_dir", ("desc",), "desc")
        role = one_of(query, "role", ("all", "maker", "taker"), "all")
        kinds = ("all", "trade", "liquidation", "deleverage", "market-settlement")
        kind = one_of(query, "type", kinds, "all")
        matches, side = self._of_market(request), _asked_side(request)
        since_ms = max(0, whole_number(query, "from", -1, signed=True) or 0)
        order_id = whole_number(query, "order_index_str") or whole_number(query, "order_index")

        def fits(fill: Fill) -> bool:
            return (
                kind in {"all", "trade"}
                and matches(fill.market)
                and side in {None, fill.side}
                and role in {"all", "taker" if fill.is_taker else "maker"}
                and fill.created_ms >= since_ms
                and order_id in {None, fill.order_id}
            )

        fills = [one for one in reversed(self._ledger(account).fills) if fits(one)]
        shown, cursor = page(
            fills, lambda one: one.fill_id, query.get("cursor", ""), page_limit(query)
        )
        return _paged("trades", [self._trade_row(one) for one in shown], cursor)

    def pnl(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        one_of(request.query, "by", ("index",))
        self._check_own(account, request, "value")
        resolution = one_of(request.query, "resolution", tuple(RESOLUTIONS_S))
        start_s, end_s = (
            _seconds(required_number(request.query, f"{name}_timestamp"))
            for name in ("start", "end")
        )
        count_back = required_number(request.query, "count_back")
        step_s = RESOLUTIONS_S[resolution]
        last_s = min(end_s, self._exchange.now_ms // 1000) // step_s * step_s
        wanted = max((last_s - start_s) // step_s + 1, count_back)
        if start_s > end_s or wanted > PNL_ROWS_MAX:
            raise invalid("field 'start_timestamp' is out of range")
        times_s = [last_s - step_s * back for back in range(wanted)][::-1]
        return ok(resolution=resolution, pnl=pnl_rows(account, self._exchange, times_s))

    def funding(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        self._check_own(account, request)
        query = request.query
        side = one_of(query, "side", ("all", *_SIDES), "all")
        texts = [text for text in query.get("market_ids", "").split(",") if text]
        if not all(text.isascii() and text.isdigit() for text in texts):
            raise invalid("field 'market_ids' must be numbers")
        wanted = {int(text) for text in texts} - {ALL_MARKETS}
        since_s = _seconds(whole_number(query, "start_timestamp", 0) or 0)
        until_s = _seconds(whole_number(query, "end_timestamp", SECONDS_BELOW - 1) or 0)
        payments = [
            one
            for one in reversed(self._ledger(account).funding)
            if (not wanted or self._markets.id_of(one.market) in wanted)
            and _SIDES.get(side, one.side) == one.side
            and since_s <= one.paid_ms // 1000 <= until_s
        ]
        shown, cursor = page(
            payments, lambda one: one.payment_id, query.get("cursor", ""), page_limit(query)
        )
        markets = self._exchange.markets
        rows = [
            funding_row(one, markets[one.market].spec, self._markets.id_of(one.market))
            for one in shown
        ]
        return _paged("position_fundings", rows, cursor)

    def liquidations(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        """Nobody is ever liquidated here."""
        self._check_own(account, request)
        page_limit(request.query)
        return ok(liquidations=[])

    # who

    def limits(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        """Fees count millionths."""
        self._check_own(account, request)
        return ok(
            user_tier="standard",
            user_tier_name="standard",
            current_maker_fee_tick=0,
            current_taker_fee_tick=TAKER_FEE_PER_100_000 * 10,
            max_llp_percentage=100,
            max_llp_amount="0.000000",
            leased_lit="0.00000000",
            effective_lit_stakes="0.00000000",
            can_create_public_pool=False,
            user_tier_last_update=account.created_ms // 1000,
        )

    def points(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        self._check_own(account, request)
        return plain(points_row(account))

    # tokens

    def list_tokens(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        self._check_own(account, request)
        return ok(api_tokens=[one.row() for one in self._tokens.of(account)])

    def create_token(self, account: Account, request: web.Request, body: bytes) -> web.Response:
        fields = self._form(account, request, body)
        token = self._tokens.create(
            account,
            required_text(fields, "name"),
            required_number(fields, "expiry"),
            self._exchange.now_ms // 1000,
            whole_wallet=_truth(fields, "sub_account_access"),
        )
        return ok(**token.row())

    def revoke_token(self, account: Account, request: web.Request, body: bytes) -> web.Response:
        fields = self._form(account, request, body)
        token = self._tokens.revoke(account, required_number(fields, "token_id"))
        return ok(token_id=token.token_id, revoked=token.revoked)

    def _form(self, account: Account, request: web.Request, body: bytes) -> dict[str, str]:
        """What changes something needs a signed token: a read-only one may only look."""
        if token_of(request).startswith("ro:"):
            raise invalid("a read-only auth token cannot change anything")
        fields = form(body)
        if required_number(fields, "account_index") != account.account_id:
            raise _not_own()
        return fields

    # parameters

    def _check_own(
        self, account: Account, request: web.Request, name: str = "account_index"
    ) -> None:
        if required_number(request.query, name) != account.account_id:
            raise _not_own()

    def _of_market(self, request: web.Request) -> Callable[[str], bool]:
        wanted = whole_number(request.query, "market_id", ALL_MARKETS)
        kind = one_of(request.query, "market_type", ("all", "perp", "spot"), "all")
        return lambda name: kind != "spot" and wanted in {ALL_MARKETS, self._markets.id_of(name)}

    def _ledger(self, account: Account) -> AccountLedger:
        return self._exchange.ledger.accounts[account.account_id]

    def _order_row(self, order: Order) -> dict[str, Any]:
        spec = self._exchange.markets[order.market].spec
        return order_row(order, spec, self._markets.id_of(order.market))

    def _trade_row(self, fill: Fill) -> dict[str, Any]:
        spec = self._exchange.markets[fill.market].spec
        return own_trade_row(fill, spec, self._markets.id_of(fill.market))


def _paged(name: str, rows: list[dict[str, Any]], cursor: str) -> web.Response:
    """Rows and where to go on; the last page has no cursor, and no rows at all are null."""
    more = {"next_cursor": cursor} if cursor else {}
    return ok(**more, **{name: rows or None})


def _place(order: Order) -> int:
    """When it last changed; among those of one millisecond, by when it was placed."""
    number = order.order_id % 2**48 if order.side == SELL else 2**49 - order.order_id
    return (order.updated_ms << 20) + number % 2**20


def _truth(fields: Mapping[str, str], name: str) -> bool:
    """The published SDK spells it as Python does."""
    lowered = {name: fields.get(name, "false").lower()}
    return one_of(lowered, name, ("true", "false")) == "true"


def _asked_side(request: web.Request) -> int | None:
    asked = whole_number(request.query, "ask_filter", -1, signed=True)
    if asked not in {-1, 0, 1}:
        raise invalid("field 'ask_filter' must be -1, 0 or 1")
    return None if asked == -1 else (BUY, SELL)[asked]


def _between(request: web.Request) -> tuple[int, int]:
    """`between_timestamps` is two times and a dash or comma between them; ms."""
    text = request.query.get("between_timestamps", "")
    if not text:
        return 0, 2**62
    parts = text.replace("-", ",").split(",")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise invalid("field 'between_timestamps' must be two times")
    since, until = (_seconds(int(part)) * 1000 for part in parts)
    return since, until + 999


def _seconds(at: int) -> int:
    return at if at < SECONDS_BELOW else at // 1000


def _not_own() -> Exception:
    return invalid("account_index is not the auth token's")
