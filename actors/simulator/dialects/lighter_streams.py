"""Lighter's channels: what a newcomer gets, what follows (PROTOCOL 3.3, 4).

What is of accounts goes to `LighterAccountStreams`.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from actors.simulator.accounts import Account, Changes
from actors.simulator.dialects import lighter_market_frames as frames
from actors.simulator.dialects.lighter_account_streams import LighterAccountStreams
from actors.simulator.dialects.lighter_channels import ALL, CANDLES
from actors.simulator.dialects.lighter_ids import book_nonce
from actors.simulator.dialects.lighter_market_frames import SERVERS, SUBSCRIBED, UPDATE
from actors.simulator.dialects.lighter_market_rows import candle_row
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.exchange import Exchange
from actors.simulator.feed import BookFrame
from actors.simulator.history import candle_bounds
from actors.simulator.hub import Hub
from actors.simulator.market import Market
from actors.simulator.orders import Print
from actors.simulator.subscription import Subscription

TRADES_SHOWN: Final = 50
CANDLE_EVERY_MS: Final = 500


class LighterStreams:
    """Listens to the exchange and speaks to the hub's subscriptions."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        self._markets = LighterMarkets(exchange.markets)
        self._accounts = LighterAccountStreams(exchange, hub)
        # The newest frame of each book that clients know of, whether they were told or not.
        self._published = {one.name: one.feed.last.number for one in exchange.markets.values()}
        # Of each candle channel in use: the start of the last one told, and when.
        self._candles: dict[str, tuple[int, int]] = {}

    def nonce(self, market: str) -> int:
        """What the newest published frame of a book bears; a snapshot of it bears the same."""
        return book_nonce(self._published[market])

    def welcome(self, subscription: Subscription) -> None:
        topic = subscription.topic
        word, _, rest = topic.partition(":")
        if word == "account":
            self._accounts.welcome(subscription)
        elif word == "book":
            market = self._exchange.markets[rest]
            subscription.offer(self._book_snapshot(market, subscription.number % SERVERS))
        else:
            subscription.offer(self._snapshot(topic, self._exchange.now_ms))

    # what the exchange tells

    def on_book(self, market: Market, frame: BookFrame) -> None:
        """The venue has no frames without a change, nor snapshots in between."""
        if not frame.changes:
            return
        market_id, begin = self._markets.id_of(market.name), self.nonce(market.name)
        self._published[market.name] = frame.number
        wires: dict[int, bytes] = {}
        for subscription in self._hub.members(f"book:{market.name}"):
            server = subscription.number % SERVERS
            if server not in wires:
                wires[server] = frames.book_update(market, market_id, frame, begin, server)
            subscription.offer(wires[server])

    def on_top(self, market: Market, ts_ms: int) -> None:
        topic = f"top:{market.name}"
        if self._hub.wanted(topic):
            self._hub.send(topic, self._ticker(UPDATE, market, ts_ms))

    def on_prints(self, prints: list[Print], ts_ms: int) -> None:
        for name in dict.fromkeys(one.market for one in prints):
            market = self._exchange.markets[name]
            if self._hub.wanted(f"trades:{name}"):
                own = [one for one in prints if one.market == name]
                self._hub.send(f"trades:{name}", self._trades(UPDATE, market, own))
            self._update_candles(market, ts_ms, traded=True)

    def on_prices(self, market: Market, ts_ms: int) -> None:
        market_id = self._markets.id_of(market.name)
        if self._hub.wanted(f"stats:{market.name}"):
            self._hub.send(f"stats:{market.name}", frames.stats(UPDATE, market, market_id, ts_ms))
        if self._hub.wanted(f"stats:{ALL}"):
            one = [(market_id, market)]
            self._hub.send(f"stats:{ALL}", frames.all_stats(UPDATE, one, ts_ms))
        self._update_candles(market, ts_ms, traded=False)
        # The beat of one market is the chain's.
        if self._hub.wanted("height") and market is self._markets.all()[0][1]:
            self._hub.send("height", frames.height(UPDATE, ts_ms))

    def on_funding(self, market: Market, ts_ms: int) -> None:
        """The next statistics tell it."""

    def on_account(self, account: Account, changes: Changes, ts_ms: int) -> None:
        self._accounts.on_account(account, changes, ts_ms)

    def on_riddle(self, account: Account, ts_ms: int) -> None:
        """No frame of an unknown type was ever recorded of this venue."""

    # what a channel begins with

    def _book_snapshot(self, market: Market, server: int) -> bytes:
        truth = market.feed.truth()
        assert truth is not None, "the last frame is always known"
        frame, market_id = self._published[market.name], self._markets.id_of(market.name)
        return frames.book_snapshot(market, market_id, truth, frame, server)

    def _snapshot(self, topic: str, now_ms: int) -> bytes:
        match topic.split(":"):
            case ["top", name]:
                return self._ticker(SUBSCRIBED, self._exchange.markets[name], now_ms)
            case ["trades", name]:
                prints = reversed(self._exchange.ledger.prints[name])
                newest_first = list(islice(prints, TRADES_SHOWN))
                return self._trades(SUBSCRIBED, self._exchange.markets[name], newest_first)
            case ["stats", name] if name != ALL:
                market = self._exchange.markets[name]
                return frames.stats(SUBSCRIBED, market, self._markets.id_of(name), now_ms)
            case ["stats", _]:
                return frames.all_stats(SUBSCRIBED, self._markets.all(), now_ms)
            case ["candles", name, resolution]:
                start_ms, _ = candle_bounds(CANDLES[resolution], now_ms)
                self._candles.setdefault(topic, (start_ms, 0))
                market = self._exchange.markets[name]
                return self._candle(SUBSCRIBED, market, resolution, [start_ms], now_ms)
            case ["height"]:
                return frames.height(SUBSCRIBED, now_ms)
            case _:
                # The markets of this world are perpetuals, all of them.
                return frames.timed(
                    SUBSCRIBED, "spot_market_stats", "all", now_ms, spot_market_stats={}
                )

    def _ticker(self, word: str, market: Market, ts_ms: int) -> bytes:
        market_id, nonce = self._markets.id_of(market.name), self.nonce(market.name)
        return frames.ticker(word, market, market_id, nonce, ts_ms)

    def _trades(self, word: str, market: Market, prints: list[Print]) -> bytes:
        market_id, nonce = self._markets.id_of(market.name), self.nonce(market.name)
        return frames.trades(word, market, market_id, nonce, prints)

    # candles

    def _update_candles(self, market: Market, ts_ms: int, *, traded: bool) -> None:
        """Each half second while trades happen, and whenever a new candle has begun."""
        for resolution, interval in CANDLES.items():
            topic = f"candles:{market.name}:{resolution}"
            if not self._hub.wanted(topic):
                self._candles.pop(topic, None)
                continue
            start_ms, _ = candle_bounds(interval, ts_ms)
            last_ms, told_ms = self._candles.get(topic, (start_ms, 0))
            is_new = start_ms > last_ms
            if not is_new and not (traded and abs(ts_ms - told_ms) >= CANDLE_EVERY_MS):
                continue
            self._candles[topic] = (start_ms, ts_ms)
            starts = [last_ms, start_ms] if is_new else [start_ms]
            self._hub.send(topic, self._candle(UPDATE, market, resolution, starts, ts_ms))

    def _candle(
        self, word: str, market: Market, resolution: str, starts: list[int], ts_ms: int
    ) -> bytes:
        """The running candle; before the first of a new one, what the last came to in the end."""
        interval, prints = CANDLES[resolution], self._exchange.ledger.prints[market.name]
        rows = []
        for start_ms in starts:
            _, end_ms = candle_bounds(interval, start_ms)
            candle = market.tape.candle("trades", start_ms, end_ms)
            if candle is not None:
                rows.append(candle_row(market.spec, candle, interval, prints))
        at = f"{self._markets.id_of(market.name)}:{resolution}"
        return frames.timed(word, "candle", at, ts_ms, candles=rows)
