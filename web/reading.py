"""What the replica holds, as answers: accounts, books, connections, children, with freshness."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Any, Final

import msgspec

from actors.cache.accounts import AccountState
from actors.cache.books import BookState
from actors.cache.replica import Replica
from actors.cache.store import Datum, Store
from actors.messages.account import AccountSnapshot
from actors.messages.ids import MARKET_KINDS, account_actor, account_topic, topic_kind
from actors.messages.latency import Latency
from actors.runtime.clock import Clock
from web.latency import WebLatency, shown_latency
from web.topics import segments
from web.views import NEVER, US, fresh, names, shown

FAULTS_SHOWN_MAX: Final = 100
NO_FIGURES: Final = names(AccountSnapshot)


class Reading:
    """Read-only views of one replica; every answer is made when it is asked for."""

    def __init__(self, replica: Replica, clock: Clock, latency: WebLatency) -> None:
        self._replica = replica
        self._clock = clock
        self._latency = latency

    @property
    def store(self) -> Store:
        return self._replica.store

    def wall_minus_mono_ns(self) -> int:
        return self._clock.wall_ns() - self._clock.monotonic_ns()

    def freshness(self, topic: str, datum: Datum[Any] | None) -> dict[str, Any]:
        """Freshness of a datum, or of what never came."""
        if datum is None:
            return {**NEVER, "stale_reason": self.why_nothing(topic)}
        return fresh(self.store.freshness(topic, datum, self._clock.monotonic_ns()))

    def why_nothing(self, topic: str) -> str:
        """Why nothing was received of a topic, as far as its actor's state tells."""
        child = self.store.children.get(self.actor_of(topic))
        if child is None:
            return "nothing received yet"
        if child.reason:
            return f"{child.state}: {child.reason}"
        return f"nothing received yet; its process is {child.state}"

    @staticmethod
    def actor_of(topic: str) -> str:
        kind, *rest = segments(topic)
        if kind in ("account", "positions", "orders", "fills"):
            return account_actor(rest[0], rest[-1])
        return topic

    # accounts

    def account_state(self, venue: str, name: str) -> AccountState | None:
        return self.store.accounts.get((venue, name))

    def figures(self, venue: str, name: str) -> dict[str, Any]:
        """The account's own figures, without positions and orders; all None before the first."""
        state = self.account_state(venue, name)
        topic = account_topic("account", venue, name)
        if state is None or state.snapshot is None:
            blank = dict.fromkeys(NO_FIGURES) | {"venue": venue, "account": name, "balances": []}
            return {**blank, **self.freshness(topic, None)}
        return self._item(topic, state.snapshot)

    def ever_heard(self, venue: str, name: str) -> bool:
        """Whether anything was ever received of an account."""
        state = self.account_state(venue, name)
        return state is not None and bool(state.data())

    def positions(self, venue: str, name: str) -> list[dict[str, Any]]:
        state = self.account_state(venue, name)
        topic = account_topic("positions", venue, name)
        return self._items(topic, state.positions.values() if state else ())

    def orders(self, venue: str, name: str) -> list[dict[str, Any]]:
        state = self.account_state(venue, name)
        topic = account_topic("orders", venue, name)
        return self._items(topic, state.orders.values() if state else ())

    def fills(self, venue: str, name: str) -> list[dict[str, Any]]:
        """Newest first."""
        state = self.account_state(venue, name)
        topic = account_topic("fills", venue, name)
        return self._items(topic, reversed(state.fills) if state else ())

    # markets

    def book(self, topic: str, depth: int | None = None) -> dict[str, Any]:
        """A book with its best `depth` levels; before the first snapshot it has none."""
        state: BookState = self.store.books.get(topic) or BookState()
        _, venue, product, symbol = segments(topic)
        last = None if state.datum is None else state.datum.value
        return {
            "venue": venue,
            "product": product,
            "symbol": symbol,
            "bids": state.book.bids(depth),
            "asks": state.book.asks(depth),
            "sequence": None if last is None else state.sequence,
            "verified": state.verified,
            "reason": state.reason,
            "venue_time_us": None if last is None else last.venue_time_ns // US or None,
            "received_us": None if last is None else last.received_ns // US,
            **self.freshness(topic, state.datum),
        }

    def has_book(self, topic: str) -> bool:
        state: BookState | None = self.store.books.get(topic)
        return state is not None and state.datum is not None

    def candles(self, topic: str) -> list[dict[str, Any]]:
        """Oldest first."""
        data = self.store.latest.get(topic, {}).values()
        return self._items(topic, sorted(data, key=lambda datum: datum.value.start_us))

    # service

    def connections(self, actor: str | None = None) -> list[dict[str, Any]]:
        offset = self.wall_minus_mono_ns()
        now = self._clock.monotonic_ns()
        found = []
        lanes = self.store.connections.items()
        # Chosen before they are sorted: all accounts at once ask this once each.
        chosen = [(lane, datum) for lane, datum in lanes if actor in (None, lane[0])]
        for (of, _), datum in sorted(chosen, key=itemgetter(0)):
            value = datum.value
            source = self.store.sources.get(of)
            linked = bool(self._replica.connected and (source is None or source.connected))
            last = value.last_message_mono_ns
            found.append(
                {
                    **shown(value, offset),
                    "connected": linked and value.state == "connected",
                    "linked": linked,
                    "last_message_age_ms": (now - last) / 1e6 if last else None,
                    "uptime_ms": _uptime_ms(value, now),
                    "success_rate_percent": _success_rate(value),
                }
            )
        return found

    def children(self) -> list[dict[str, Any]]:
        offset = self.wall_minus_mono_ns()
        return [shown(child, offset) for _, child in sorted(self.store.children.items())]

    def faults(self) -> list[dict[str, Any]]:
        """Newest first."""
        newest = list(self.store.faults)[-FAULTS_SHOWN_MAX:]
        return [shown(fault) for fault in reversed(newest)]

    def latency_report(self) -> Latency | None:
        """The cache's last; None before the first."""
        held = self.store.latest.get("latency", {}).get("latency")
        return None if held is None else held.value

    def clock_offsets_ms(self) -> dict[str, float]:
        """By venue, as far as they were measured: the venue's clock minus ours."""
        report = self.latency_report()
        return {} if report is None else {it.venue: it.offset_ms for it in report.clocks}

    def latency(self) -> dict[str, Any]:
        """All legs of all actors and this process's own, and venues' clocks."""
        report = self.latency_report()
        reason = self.store.cache_reason
        if report is None:
            reason = reason or "the cache has not told it yet"
        own, now = self._latency.figures(), self._clock.monotonic_ns()
        return shown_latency(report, own, now, self.wall_minus_mono_ns(), reason)

    # topics

    def topic(self, topic: str) -> Any:
        """The whole object that a topic stands for now: what a stream's snapshot carries."""
        kind, *rest = segments(topic)
        readers: dict[str, Callable[[], Any]] = {
            "account": lambda: self.figures(rest[0], rest[1]),
            "positions": lambda: self.positions(rest[0], rest[1]),
            "orders": lambda: self.orders(rest[0], rest[1]),
            "fills": lambda: self.fills(rest[0], rest[1]),
            "orderbook": lambda: self.book(topic),
            "candles": lambda: self.candles(topic),
            "connections": self.connections,
            "supervision": self.children,
            "errors": self.faults,
            "latency": self.latency,
        }
        reader = readers.get(kind)
        if reader is not None:
            return reader()
        return [self._item(topic, datum) for _, datum in self.store.snapshot(topic)]

    def stale(self, topic: str) -> tuple[bool, str, int | None] | None:
        """Whether a topic is stale, why, and its `as_of_us`; None where that has no meaning."""
        kind, *rest = segments(topic)
        datum: Datum[Any] | None = None
        if kind == "orderbook":
            state = self.store.books.get(topic)
            datum = state.datum if state else None
        elif topic_kind(topic) in ("account", "positions", "orders", "fills"):
            account = self.account_state(rest[0], rest[1])
            datum = account.snapshot if account else None
        elif kind in MARKET_KINDS:
            # The newest word of a stream stands for all of it.
            held = self.store.latest.get(topic, {}).values()
            datum = max(held, key=attrgetter("seq"), default=None)
        if datum is None:
            return None
        freshness = self.store.freshness(topic, datum, self._clock.monotonic_ns())
        return freshness.stale, freshness.stale_reason or "", freshness.as_of_us

    def _item(self, topic: str, datum: Datum[Any]) -> dict[str, Any]:
        return {**shown(datum.value, self.wall_minus_mono_ns()), **self.freshness(topic, datum)}

    def _items(self, topic: str, data: Iterable[Datum[Any]]) -> list[dict[str, Any]]:
        return [self._item(topic, datum) for datum in data]


def _uptime_ms(value: msgspec.Struct, now_mono_ns: int) -> float | None:
    since: int = getattr(value, "since_mono_ns", 0)
    if getattr(value, "state", "") != "connected" or not since:
        return None
    return (now_mono_ns - since) / 1e6


def _success_rate(value: msgspec.Struct) -> float | None:
    """Share of requests that succeeded since the actor's start, in percent."""
    requests: int = getattr(value, "requests", 0)
    if not requests:
        return None
    failures: int = getattr(value, "failures", 0)
    return round(100 * (requests - failures) / requests, 2)
