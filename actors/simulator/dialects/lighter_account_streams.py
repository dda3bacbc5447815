"""Lighter's account channels: full state for newcomers, what changed for all (PROTOCOL 3.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice, takewhile
from typing import Any, Final, NamedTuple, TypeVar

from actors.simulator.accounts import Account, Changes, Position
from actors.simulator.dialects.lighter_market_frames import SUBSCRIBED, UPDATE, encoded
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_rows import (
    asset_rows,
    funding_row,
    order_row,
    own_trade_row,
    position_row,
    user_stats_row,
)
from actors.simulator.exchange import Exchange
from actors.simulator.history import DAY_MS
from actors.simulator.hub import Hub
from actors.simulator.markets import MICROS
from actors.simulator.orders import Fill, FundingPaid, Order
from actors.simulator.subscription import Subscription

ROWS_SHOWN: Final = 50
CHANNELS: Final = {
    "orders": "account_all_orders",
    "trades": "account_all_trades",
    "positions": "account_all_positions",
    "assets": "account_all_assets",
    "stats": "user_stats",
    "all": "account_all",
}
"""Kind → channel; `account:NAME:KIND` is the topic."""

MARKET_CHANNELS: Final = {"orders": "account_orders", "market": "account_market"}
"""The same of `account:NAME:KIND:MARKET`."""

_VOLUME_DAYS: Final = {"daily": 1, "weekly": 7, "monthly": 30, "total": 100_000}

Fields = dict[str, Any]
_Item = TypeVar("_Item", Order, Fill, FundingPaid)


class News(NamedTuple):
    """What a frame is to tell of an account: all that there is, or all that changed."""

    orders: list[Order]
    fills: list[Fill]
    positions: list[Position]
    payments: list[FundingPaid]
    balance: bool

    def of(self, market: str) -> News:
        return News(
            [one for one in self.orders if one.market == market],
            [one for one in self.fills if one.market == market],
            [one for one in self.positions if one.spec.name == market],
            [one for one in self.payments if one.market == market],
            self.balance,
        )


class LighterAccountStreams:
    """The account's side of the dialect's streams."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        self._markets = LighterMarkets(exchange.markets)
        accounts = exchange.accounts.values()
        self._balances = {one.account_id: one.balance for one in accounts}
        self._paid = {one.account_id: self._last_payment(one) for one in accounts}

    def welcome(self, subscription: Subscription) -> None:
        _, name, kind, *market = subscription.topic.split(":")
        account = self._exchange.account_by_name(name)
        assert account is not None, "the topic was made from an account"
        ledger = self._exchange.ledger.accounts[account.account_id]
        news = News(
            list(account.orders.values()),
            list(islice(reversed(ledger.fills), ROWS_SHOWN)),
            list(account.positions.values()),
            list(islice(reversed(ledger.funding), ROWS_SHOWN))[::-1],
            balance=True,
        )
        if market:
            subscription.offer(self._of_market(SUBSCRIBED, account, kind, market[0], news))
        else:
            subscription.offer(self._of_account(SUBSCRIBED, account, kind, news))

    def on_account(self, account: Account, changes: Changes, _: int) -> None:
        news = self._news(account, changes)
        own = f"account:{account.name}"
        for kind, has_news in (
            ("orders", news.orders),
            ("trades", news.fills),
            ("positions", news.positions),
            ("assets", news.balance),
            ("stats", changes.balance),
            ("all", news.fills or news.positions or news.payments or news.balance),
        ):
            topic = f"{own}:{kind}"
            if has_news and self._hub.wanted(topic):
                self._hub.send(topic, self._of_account(UPDATE, account, kind, news))
        for market in self._exchange.markets:
            orders, whole = f"{own}:orders:{market}", f"{own}:market:{market}"
            if not self._hub.wanted(orders) and not self._hub.wanted(whole):
                continue
            there = news.of(market)
            if there.orders:
                self._hub.send(orders, self._of_market(UPDATE, account, "orders", market, there))
            if there.orders or there.fills or there.positions:
                self._hub.send(whole, self._of_market(UPDATE, account, "market", market, there))

    def _news(self, account: Account, changes: Changes) -> News:
        """The balance is news only when it is another; a mark price alone moves no asset."""
        number = account.account_id
        ledger = self._exchange.ledger.accounts[number]
        told = self._paid[number]
        newest_first = takewhile(lambda one: one.payment_id > told, reversed(ledger.funding))
        payments = list(newest_first)[::-1]
        self._paid[number] = self._last_payment(account)
        moved = self._balances[number] != account.balance
        self._balances[number] = account.balance
        return News(
            changes.orders, changes.fills, list(changes.positions.values()), payments, moved
        )

    def _last_payment(self, account: Account) -> int:
        funding = self._exchange.ledger.accounts[account.account_id].funding
        return funding[-1].payment_id if funding else 0

    # frames

    def _of_account(self, word: str, account: Account, kind: str, news: News) -> bytes:
        channel, now_ms = CHANNELS[kind], self._exchange.now_ms
        match kind:
            case "orders":
                fields: Fields = {"orders": self._order_map(news.orders)}
            case "trades":
                fields = self._trades(word, account, news.fills)
            case "positions":
                fields = {
                    "positions": self._position_map(account, news.positions),
                    "shares": [],
                    "last_funding_round": None,
                    "last_funding_discount": None,
                }
            case "assets":
                fields = {"assets": asset_rows(account), "timestamp": now_ms}
            case "stats":
                stats = user_stats_row(self._exchange.trading.margin(account))
                fields = {"stats": stats, "timestamp": now_ms}
            case _:
                fields = self._all(word, account, news)
        name = f"{channel}:{account.account_id}"
        return encoded({"channel": name, **fields, "type": f"{word}/{channel}"})

    def _of_market(self, word: str, account: Account, kind: str, market: str, news: News) -> bytes:
        """The name of `account_orders` has the market alone, that of `account_market` both."""
        channel, market_id = MARKET_CHANNELS[kind], self._markets.id_of(market)
        news = news.of(market)
        if kind == "orders":
            name = f"{channel}:{market_id}"
            fields: Fields = {
                "nonce": max((one.updated_ms for one in news.orders), default=0),
                "orders": {str(market_id): self._order_rows(news.orders)},
            }
        else:
            name = f"{channel}:{market_id}:{account.account_id}"
            position = self._position_map(account, news.positions).get(str(market_id))
            fields = {
                "assets": asset_rows(account) if news.balance else None,
                "funding_history": [self._payment(one) for one in news.payments],
                "orders": self._order_rows(news.orders),
                "position": position,
                "trades": [self._trade(one) for one in news.fills],
            }
        return encoded(
            {"account": account.account_id, "channel": name, **fields, "type": f"{word}/{channel}"}
        )

    def _all(self, word: str, account: Account, news: News) -> Fields:
        """Without orders; in an update `assets` may be null, and volumes come only at first."""
        return {
            "account": account.account_id,
            "assets": asset_rows(account) if news.balance else None,
            **(self._volumes(account) if word == SUBSCRIBED else {}),
            "funding_histories": self._by_market(news.payments, self._payment),
            "positions": self._position_map(account, news.positions),
            "shares": [],
            "trades": self._by_market(news.fills, self._trade),
        }

    def _trades(self, word: str, account: Account, fills: list[Fill]) -> Fields:
        """A snapshot is history, newest first: an empty list, a list, or a map as in updates."""
        if word == UPDATE:
            return {"trades": self._by_market(fills, self._trade)}
        is_list = not fills or account.account_id % 2
        trades = (
            [self._trade(one) for one in fills] if is_list else self._by_market(fills, self._trade)
        )
        volumes = self._volumes(account)
        return {"trades": trades, **{k: v for k, v in volumes.items() if k.endswith("volume")}}

    def _volumes(self, account: Account) -> Fields:
        """Counts and USD of the account's trades, over days that end now."""
        now_ms = self._exchange.now_ms
        found: Fields = {}
        fills = self._exchange.ledger.accounts[account.account_id].fills
        for word, days in _VOLUME_DAYS.items():
            values = [one.value for one in fills if one.created_ms > now_ms - days * DAY_MS]
            found[f"{word}_trades_count"] = len(values)
            found[f"{word}_volume"] = sum(values) / MICROS
        return found

    def _order_map(self, orders: list[Order]) -> Fields:
        return self._by_market(orders, lambda one: self._order_rows([one])[0])

    def _order_rows(self, orders: Iterable[Order]) -> list[Fields]:
        markets = self._exchange.markets
        return [
            order_row(one, markets[one.market].spec, self._markets.id_of(one.market))
            for one in orders
        ]

    def _position_map(self, account: Account, positions: list[Position]) -> Fields:
        """Of a position that was turned around the old one comes first, and is laid over."""
        margin = self._exchange.trading.margin(account)
        found = {}
        for position in positions:
            market = self._exchange.markets[position.spec.name]
            market_id = self._markets.id_of(market.name)
            found[str(market_id)] = position_row(position, account, market, market_id, margin)
        return found

    def _trade(self, fill: Fill) -> Fields:
        spec = self._exchange.markets[fill.market].spec
        return own_trade_row(fill, spec, self._markets.id_of(fill.market))

    def _payment(self, paid: FundingPaid) -> Fields:
        spec = self._exchange.markets[paid.market].spec
        return funding_row(paid, spec, self._markets.id_of(paid.market))

    def _by_market(
        self,
        items: Iterable[_Item],
        row_of: Callable[[_Item], Fields],
    ) -> dict[str, list[Fields]]:
        found: dict[str, list[Fields]] = {}
        for item in items:
            found.setdefault(str(self._markets.id_of(item.market)), []).append(row_of(item))
        return found
