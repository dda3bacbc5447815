"""The v1 streams of Extended: which path is which topic, what a newcomer gets, what follows.

Session rules and frames as in PROTOCOL 3.1 to 3.4. Each connection is one stream.
"""

from __future__ import annotations

from typing import Any, Final

from actors.simulator.accounts import Account, Changes
from actors.simulator.dialects.extended_frames import payload
from actors.simulator.dialects.extended_market_rows import (
    book_payload,
    candle_row,
    print_row,
    top_payload,
)
from actors.simulator.dialects.extended_rows import (
    balance_row,
    fill_row,
    order_row,
    position_row,
    spot_row,
)
from actors.simulator.exchange import Exchange
from actors.simulator.feed import BookFrame
from actors.simulator.history import INTERVALS_MS, candle_bounds
from actors.simulator.hub import Hub
from actors.simulator.market import Market
from actors.simulator.markets import decimal_text
from actors.simulator.orders import Print
from actors.simulator.refused import Refused
from actors.simulator.subscription import Subscription
from actors.simulator.tape import CANDLE_TYPES

REPLAYED_TRADES: Final = 50
ALL: Final = "*"
_COMBINED_EVERY: Final = 5
"""Each so many account events come as one frame with several sections."""


class ExtendedStreams:
    """Listens to the exchange and speaks to the hub's connections."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        self._events: dict[int, int] = {}
        self._candle_starts: dict[str, int] = {}

    def topic(self, path: str, query: dict[str, str], account: Account | None) -> str:
        """The topic behind a path below the stream base; Refused where there is none."""
        match path.strip("/").split("/"):
            case ["account"]:
                if account is None:
                    raise Refused(401, "401", "Unauthorized")
                return f"account:{account.name}"
            case ["orderbooks", "rfq", market]:
                return f"rfq:{self._market(market)}"
            case ["orderbooks"]:
                return f"{self._depth(query)}:{ALL}"
            case ["orderbooks", market]:
                return f"{self._depth(query)}:{self._market(market)}"
            case [("publicTrades" | "funding") as word, *markets] if len(markets) < 2:
                kind = "trades" if word == "publicTrades" else word
                return f"{kind}:{self._market(markets[0]) if markets else ALL}"
            case ["prices", ("mark" | "index") as kind, *markets] if len(markets) < 2:
                return f"{kind}:{self._market(markets[0]) if markets else ALL}"
            case ["candles", market, kind] if kind in CANDLE_TYPES:
                interval = query.get("interval", "")
                if interval not in INTERVALS_MS:
                    raise Refused(400, "1005", f"Interval {interval!r} is not supported")
                return f"candles:{self._market(market)}:{kind}:{interval}"
        raise Refused(404, "NOT_FOUND", f"No stream at {path!r}")

    def welcome(self, subscription: Subscription) -> None:
        """What a stream begins with; all of it is queued before any later frame."""
        kind, _, rest = subscription.topic.partition(":")
        markets = list(self._exchange.markets.values())
        if rest in self._exchange.markets:
            markets = [self._exchange.markets[rest]]
        if kind == "account":
            account = self._exchange.account_by_name(rest)
            assert account is not None, "the topic was made from an account"
            self._welcome_account(subscription, account)
        elif kind == "book":
            subscription.first_frame = markets[0].feed.log[0].number
            for market in markets:
                for frame in market.feed.log:
                    subscription.offer(_book_wire(market, frame))
        elif kind == "top":
            for market in markets:
                subscription.offer(payload(top_payload(market, self._exchange.now_ms)))
        elif kind == "rfq":
            subscription.offer(self._rfq(rest))
        elif kind == "trades":
            self._welcome_trades(subscription, markets)

    def on_book(self, market: Market, frame: BookFrame) -> None:
        for topic in (f"book:{market.name}", f"book:{ALL}"):
            if self._hub.wanted(topic):
                self._hub.send(topic, _book_wire(market, frame))
        if frame.is_snapshot and self._hub.wanted(f"rfq:{market.name}"):
            self._hub.send(f"rfq:{market.name}", self._rfq(market.name))

    def on_top(self, market: Market, ts_ms: int) -> None:
        self._both("top", market, lambda: top_payload(market, ts_ms))

    def on_prints(self, prints: list[Print], ts_ms: int) -> None:
        markets = self._exchange.markets
        rows = [print_row(markets[one.market].spec, one) for one in prints]
        if self._hub.wanted(f"trades:{ALL}"):
            self._hub.send(f"trades:{ALL}", payload({"data": rows, "ts": ts_ms}))
        for name in {one.market for one in prints}:
            if self._hub.wanted(f"trades:{name}"):
                own = [row for row in rows if row["m"] == name]
                self._hub.send(f"trades:{name}", payload({"data": own, "ts": ts_ms}))

    def on_prices(self, market: Market, ts_ms: int) -> None:
        tape = market.tape
        # Live mark frames carry a zero here; the envelope's time is the one that counts.
        for kind, word, pico, data_ts in (
            ("mark", "MP", tape.mark_pico, 0),
            ("index", "IP", tape.index_pico, ts_ms // 1000 * 1000),
        ):
            data = {"m": market.name, "p": decimal_text(pico, 12), "ts": data_ts}
            document = {"type": word, "data": data, "ts": ts_ms}
            self._both(kind, market, lambda document=document: document)
        prefix = f"candles:{market.name}:"
        for topic in self._hub.topics():
            if topic.startswith(prefix):
                self._candle(market, topic, ts_ms)

    def on_funding(self, market: Market, ts_ms: int) -> None:
        rate = decimal_text(market.tape.funding_rate, 6)
        data = {"m": market.name, "T": ts_ms, "f": rate}
        self._both("funding", market, lambda: {"data": data, "ts": ts_ms})

    def on_account(self, account: Account, changes: Changes, ts_ms: int) -> None:
        topic = f"account:{account.name}"
        if not self._hub.wanted(topic):
            return
        sections = self._sections(account, changes)
        number = self._events[account.account_id] = self._events.get(account.account_id, 0) + 1
        if number % _COMBINED_EVERY == 0 and len(sections) > 1:
            merged = {key: rows for _, data in sections for key, rows in data.items()}
            sections = [(sections[0][0], merged)]
        for kind, data in sections:
            if kind == "TRADE" and number % 2:
                # Unused sections are absent or null; clients must take both.
                data = {"orders": None, "positions": None, **data}  # noqa: PLW2901
            self._hub.send(topic, payload({"type": kind, "data": data, "ts": ts_ms}))

    def on_riddle(self, account: Account, ts_ms: int) -> None:
        topic = f"account:{account.name}"
        if self._hub.wanted(topic):
            self._hub.send(topic, payload({"type": "UNEXPECTED", "data": None, "ts": ts_ms}))

    def _sections(self, account: Account, changes: Changes) -> list[tuple[str, dict[str, Any]]]:
        markets = self._exchange.markets
        margin = self._exchange.trading.margin(account)
        found: list[tuple[str, dict[str, Any]]] = []
        if changes.orders:
            orders = [
                order_row(order, markets[order.market].spec, stream=True)
                for order in changes.orders
            ]
            found.append(("ORDER", {"orders": orders}))
        if changes.fills:
            trades = [
                fill_row(fill, markets[fill.market].spec, stream=True) for fill in changes.fills
            ]
            found.append(("TRADE", {"trades": trades}))
        if changes.positions:
            positions = [
                position_row(one, markets[one.spec.name], margin)
                for one in changes.positions.values()
            ]
            found.append(("POSITION", {"positions": positions}))
        if changes.balance:
            found.append(("BALANCE", {"balance": balance_row(account, margin)}))
        return found

    def _welcome_account(self, subscription: Subscription, account: Account) -> None:
        """Full state in two frames of several sections each."""
        markets = self._exchange.markets
        margin = self._exchange.trading.margin(account)
        spot = [spot_row(account)] if account.spot_shares else []
        first = {"balance": balance_row(account, margin), "spotBalances": spot}
        positions = [
            position_row(one, markets[one.spec.name], margin) for one in account.positions.values()
        ]
        orders = [
            order_row(one, markets[one.market].spec, stream=True) for one in account.orders.values()
        ]
        ts_ms = self._exchange.now_ms
        subscription.offer(payload({"type": "BALANCE", "data": first, "ts": ts_ms}))
        second = {"positions": positions, "orders": orders}
        subscription.offer(payload({"type": "POSITION", "data": second, "ts": ts_ms}))

    def _welcome_trades(self, subscription: Subscription, markets: list[Market]) -> None:
        """The last trades, oldest first; of all markets mixed where all are asked for."""
        prints = sorted(
            (one for market in markets for one in self._exchange.ledger.prints[market.name]),
            key=lambda one: one.trade_id,
        )[-REPLAYED_TRADES:]
        if prints:
            rows = [print_row(self._exchange.markets[one.market].spec, one) for one in prints]
            subscription.offer(payload({"data": rows, "ts": self._exchange.now_ms}))

    def _candle(self, market: Market, topic: str, ts_ms: int) -> None:
        """The running candle, and before a new one what the last came to in the end."""
        _, _, kind, interval = topic.split(":")
        start_ms, end_ms = candle_bounds(interval, ts_ms)
        spans = [(start_ms, end_ms)]
        last_start_ms = self._candle_starts.get(topic, start_ms)
        ended = candle_bounds(interval, last_start_ms)
        if ended[1] == start_ms:
            spans.insert(0, ended)
        self._candle_starts[topic] = start_ms
        for span in spans:
            candle = market.tape.candle(kind, *span)
            if candle is not None:
                row = candle_row(market.spec, candle, with_volume=kind == "trades")
                self._hub.send(topic, payload({"data": [row], "ts": ts_ms}))

    def _rfq(self, market: str) -> bytes:
        """The executable book of a market that is not traded by request: legal, and empty."""
        data = {"t": "SNAPSHOT", "m": market, "b": [], "a": [], "d": "f"}
        return payload({"type": "SNAPSHOT", "data": data, "ts": self._exchange.now_ms})

    def _both(self, kind: str, market: Market, document: Any) -> None:
        """To those who follow one market and those who follow all; built only when wanted."""
        topics = [
            topic for topic in (f"{kind}:{market.name}", f"{kind}:{ALL}") if self._hub.wanted(topic)
        ]
        if topics:
            frame = payload(document())
            for topic in topics:
                self._hub.send(topic, frame)

    def _market(self, name: str) -> str:
        if name not in self._exchange.markets:
            raise Refused(404, "1001", "Market not found.")
        return name

    def _depth(self, query: dict[str, str]) -> str:
        depth = query.get("depth")
        if depth not in {None, "1"}:
            raise Refused(400, "400", f"depth: expected 1, found {depth!r}")
        return "top" if depth else "book"


def _book_wire(market: Market, frame: BookFrame) -> bytes:
    """Each published frame is encoded once, by the first who needs it."""
    if frame.wire is None:
        frame.wire = payload(book_payload(market.spec, frame))
    return frame.wire
