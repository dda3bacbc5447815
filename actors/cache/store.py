"""State of everything that was told, one for cache and replica; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from actors.cache.accounts import AccountState, Told, same_content
from actors.cache.books import BookState
from actors.cache.datum import (
    KIND_OF,
    Change,
    Confirmation,
    Connections,
    Datum,
    Freshness,
    T,
    change_of,
)
from actors.cache.freshness import freshness
from actors.errors import MalformedEnvelope
from actors.messages.account import AccountSnapshot, Fill, Funding, Order, Position
from actors.messages.control import (
    ChildStatus,
    FaultReport,
    FaultsCleared,
    SourceState,
    StreamEnded,
)
from actors.messages.envelope import Envelope
from actors.messages.ids import (
    CACHE,
    MARKET_KINDS,
    SERVICE_TOPICS,
    SUPERVISOR,
    account_topic,
    is_account_topic,
    topic_kind,
)
from actors.messages.kinds import ACCOUNT_EVENTS, KINDS
from actors.messages.market import InstrumentList

__all__ = ["Change", "Datum", "Freshness", "Store"]

FAULTS_MAX: Final = 500
FAULT_COUNTS_MAX: Final = 1_000
ITEMS_MAX: Final = 1_500
"""Objects kept per topic of other kinds (candles, trades); the oldest goes."""
ENDED_MAX: Final = 1_000
"""Topics that ended of which it is still known, so that whoever was away hears of it, too."""

_SECTIONS: Final = {
    "account_snapshot": "account",
    "position": "positions",
    "order": "orders",
    "fill": "fills",
    "funding": "fundings",
}
_BOOK_KINDS: Final = frozenset({"book_snapshot", "book_delta", "book_status"})
_ITEM_IDS: Final[dict[str, Callable[[Any], str]]] = {
    "trade": lambda trade: trade.trade_id,
    "ticker": lambda _: "ticker",
    "candle": lambda candle: str(candle.start_us),
    "mark_price": lambda mark: mark.price_type,
    "funding_rate": lambda _: "funding_rate",
    "points": lambda points: f"{points.venue}:{points.account}",
    "instruments": lambda instruments: instruments.venue,
    "connection_state": lambda state: f"{state.actor} {state.lane}",
    "child_status": lambda status: status.actor,
    "latency": lambda _: "latency",
}
STATE_KINDS: Final = (
    ACCOUNT_EVENTS
    | _BOOK_KINDS
    | _ITEM_IDS.keys()
    | {"confirmed", "source_state", "fault_report", "faults_cleared", "stream_ended"}
)
"""What a source may say to the cache."""


class Store:
    """See docs/design/contracts.md, section 4, for what can be read.

    `wall_offset_ns` is wall clock minus monotonic: it dates data whose struct carries no time.
    """

    def __init__(self, wall_offset_ns: int = 0) -> None:
        self.seq = 0
        """The newest sequence applied."""
        self.accounts: dict[tuple[str, str], AccountState] = {}
        self.books: dict[str, BookState] = {}
        self.connections: Connections = {}
        self.children: dict[str, ChildStatus] = {}
        self.sources: dict[str, SourceState] = {}
        self.instruments: dict[str, InstrumentList] = {}
        self.faults: deque[FaultReport] = deque(maxlen=FAULTS_MAX)
        self.fault_counts: dict[tuple[str, str], int] = {}
        """By source and kind, all that this store was told of; clearing leaves them as they are."""
        self.latest: dict[str, dict[str, Datum[Any]]] = {}
        self.confirmations: dict[str, Confirmation] = {}
        self.ended: dict[str, Datum[StreamEnded]] = {}
        """Market streams that were stopped on purpose and did not begin again."""
        self.heard: Any = None
        """The struct of the frame that was applied last."""
        self.cache_reason = ""
        """Why nothing here can be fresh (the replica's word for a lost cache)."""
        self._wall_offset_ns = wall_offset_ns
        self.faults_cleared: FaultsCleared | None = None
        """The last time that an operator cleared them."""
        self._clearing: list[Datum[Any]] = []
        self._fault_data: deque[Datum[Any]] = deque(maxlen=FAULTS_MAX)
        self._last: dict[str, int] = {}
        self._decoders = {
            kind: msgspec.msgpack.Decoder(struct)
            for kind, struct in KINDS.items()
            if kind in STATE_KINDS
        }

    # writing

    def apply(self, seq: int, envelope: Envelope, prev: int | None = None) -> Change | None:
        """Takes in one frame under number `seq`; None where it is no news but a confirmation.

        With `seq` 0 a frame can only confirm. `prev` is the topic's last sequence where the
        caller knows better (a replica). Raises MalformedEnvelope for a kind that no source says,
        a body that is not the kind's struct, or a topic that is not the object's.
        """
        kind, topic = envelope.kind, envelope.key
        decoder = self._decoders.get(kind)
        if decoder is None:
            raise MalformedEnvelope(f"kind: expected what a source says, found {kind!r}")
        try:
            value: Any = decoder.decode(envelope.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedEnvelope(f"body of {kind}: {error}") from error
        self.heard = value
        received_ns = getattr(value, "received_ns", 0) or envelope.sent_ns + self._wall_offset_ns
        told = Told(value, seq, envelope.source, envelope.epoch, envelope.sent_ns, received_ns)
        if not self._take(kind, topic, told) or not seq:
            return None
        if prev is None:
            prev = self._last.get(topic, 0)
        self.seq = max(self.seq, seq)
        if kind == "stream_ended":
            self._last.pop(topic, None)
        else:
            self._last[topic] = seq
            self.ended.pop(topic, None)
        return change_of(seq, prev, envelope)

    def set_head(self, topic: str, seq: int) -> None:
        """The topic's last sequence where what held it is gone (a closed position)."""
        self._last[topic] = max(seq, self._last.get(topic, 0))
        self.seq = max(self.seq, seq)

    def become(self, other: Store) -> None:
        """Holds what `other` holds, which is not used any more; readers keep this object."""
        self.__dict__.update(other.__dict__)

    def keep_missing(self, old: Store) -> None:
        """Takes over what only `old` holds: the data of sources that are gone stay, stale.

        Their topics begin anew: the cache counts them from its first word of them on.
        """
        self.ended = {
            topic: datum
            for topic, datum in {**old.ended, **self.ended}.items()
            if topic not in self._last
        }
        for topic in old.topics():
            if topic in self.ended:
                continue
            if topic in self._last:
                if topic_kind(topic) in SERVICE_TOPICS and topic in old.latest:
                    items = self.latest.setdefault(topic, {})
                    self.latest[topic] = {**old.latest[topic], **items}
                continue
            self._last[topic] = 0
            if topic in old.books:
                self.books[topic] = old.books[topic]
            if topic in old.latest:
                self.latest[topic] = old.latest[topic]
        for key, account in old.accounts.items():
            self.accounts.setdefault(key, account)
        self.connections = {**old.connections, **self.connections}
        self.children = {**old.children, **self.children}
        self.instruments = {**old.instruments, **self.instruments}
        self.confirmations = {**old.confirmations, **self.confirmations}
        for topic in self.ended:
            self._forget_stream(topic)

    def forget_sources(self, reason: str) -> None:
        """Nobody is linked until the cache says so again."""
        self.sources = {
            source: msgspec.structs.replace(state, connected=False, reason=reason)
            for source, state in self.sources.items()
        }

    def account(self, venue: str, name: str) -> AccountState:
        """The account's state, made where there is none yet."""
        state = self.accounts.get((venue, name))
        if state is None:
            state = self.accounts[venue, name] = AccountState(venue, name)
        return state

    # reading

    def topics(self) -> list[str]:
        """Every topic of which anything was told."""
        return list(self._last)

    def last_seq(self, topic: str) -> int:
        """The newest sequence of `topic`, that of its end included; 0 for none."""
        ended = self.ended.get(topic)
        return self._last.get(topic, 0) if ended is None else ended.seq

    @property
    def journal(self) -> str:
        """`ok`, or `failed` while the cache cannot write its journal."""
        state = self.sources.get(CACHE)
        return "failed" if state is not None and state.reason.startswith("journal") else "ok"

    def snapshot(self, topic: str) -> list[tuple[str, Datum[Any]]]:
        """What makes up `topic` now, as (kind, datum) in the order of their changes."""
        if topic in self.books:
            data = self._book_data(topic)
        elif is_account_topic(topic) and topic.count(":") >= 2:
            section, venue, name = topic.split(":", 2)
            account = self.accounts.get((venue, name))
            data = [] if account is None else account.data(section)
        elif topic == "errors":
            data = [*self._clearing, *self._fault_data]
        else:
            data = list(self.latest.get(topic, {}).values())
        return [(KIND_OF[type(datum.value)], datum) for datum in sorted(data, key=_by_seq)]

    def everything(self) -> Iterator[tuple[str, Datum[Any]]]:
        """(topic, datum) of all that is held, closed orders too; a store fed with it is equal."""
        for account in self.accounts.values():
            for datum in account.data():
                yield self.topic_of(datum.value), datum
        for topic in self._last:
            if not is_account_topic(topic):
                for _, datum in self.snapshot(topic):
                    yield topic, datum
        yield from self.ended.items()

    def freshness(self, topic: str, datum: Datum[Any], now_mono_ns: int) -> Freshness:
        """How fresh `datum` of `topic` is; see docs/design/contracts.md for the order."""
        book = self.books.get(topic)
        return freshness(
            datum,
            self.confirmations.get(topic),
            now_mono_ns,
            cache_reason=self.cache_reason,
            sources=self.sources,
            connections=self.connections,
            book_reason="" if book is None else book.reason,
        )

    # inside

    def _take(self, kind: str, topic: str, told: Told[Any]) -> bool:
        if kind in _BOOK_KINDS:
            return self._take_book(topic, told)
        if kind in ACCOUNT_EVENTS:
            return self._take_account(kind, topic, told)
        if kind == "confirmed":
            return self._take_confirmation(topic, told)
        if kind == "source_state":
            self.sources[told.value.source] = told.value
            return False
        if kind in ("fault_report", "faults_cleared"):
            return self._take_fault(told)
        if kind == "stream_ended":
            return self._end_stream(topic, told)
        return self._take_item(kind, topic, told)

    def _take_fault(self, told: Told[Any]) -> bool:
        if not told.seq:
            return False
        if isinstance(told.value, FaultsCleared):
            self.faults_cleared = told.value
            self.faults.clear()
            self._fault_data.clear()
            self._clearing[:] = (told.datum(),)
        else:
            self.faults.append(told.value)
            self._count_fault(told.value)
            self._fault_data.append(told.datum())
        return True

    def _count_fault(self, fault: FaultReport) -> None:
        counts, key = self.fault_counts, (fault.actor, fault.kind)
        if key not in counts and len(counts) >= FAULT_COUNTS_MAX:
            key = ("others", "others")
        counts[key] = counts.get(key, 0) + 1

    def _end_stream(self, topic: str, told: Told[Any]) -> bool:
        """Drops all of a market stream that was stopped on purpose; only a change can."""
        if told.source != SUPERVISOR or topic_kind(topic) not in MARKET_KINDS:
            raise MalformedEnvelope(
                "stream_ended: expected the supervisor's word of a market stream, "
                f"found {told.source!r} of {topic!r}"
            )
        if not told.seq:
            return False
        self._forget_stream(topic)
        self.ended.pop(topic, None)
        self.ended[topic] = told.datum()
        if len(self.ended) > ENDED_MAX:
            del self.ended[next(iter(self.ended))]
        return True

    def _forget_stream(self, topic: str) -> None:
        """All that its process told, and all that was told of it."""
        self.books.pop(topic, None)
        self.latest.pop(topic, None)
        self.confirmations.pop(topic, None)
        self.sources.pop(topic, None)
        self.children.pop(topic, None)
        self.latest.get("supervision", {}).pop(topic, None)
        for actor, lane in [key for key in self.connections if key[0] == topic]:
            del self.connections[actor, lane]
            self.latest.get("connections", {}).pop(f"{actor} {lane}", None)

    def _take_book(self, topic: str, told: Told[Any]) -> bool:
        if topic_kind(topic) != "orderbook":
            raise MalformedEnvelope(f"key of a book: expected orderbook:…, found {topic!r}")
        book = self.books.get(topic)
        if book is None:
            book = self.books[topic] = BookState()
        return book.apply(told)

    def _take_account(self, kind: str, topic: str, told: Told[Any]) -> bool:
        value, expected = told.value, self.topic_of(told.value)
        if topic != expected:
            raise MalformedEnvelope(f"key of {kind}: expected {expected!r}, found {topic!r}")
        return self.account(value.venue, value.account).apply(told)

    @staticmethod
    def topic_of(value: AccountSnapshot | Position | Order | Fill | Funding) -> str:
        return account_topic(_SECTIONS[KIND_OF[type(value)]], value.venue, value.account)

    def _take_confirmation(self, topic: str, told: Told[Any]) -> bool:
        held = self.confirmations.get(topic)
        if held is None or told.mono_ns >= held.confirmed_mono_ns:
            self.confirmations[topic] = Confirmation(
                told.source, told.epoch, told.value.via, told.mono_ns, told.confirmed_ns
            )
        return False

    def _take_item(self, kind: str, topic: str, told: Told[Any]) -> bool:
        value = told.value
        item = _ITEM_IDS[kind](value)
        items = self.latest.setdefault(topic, {})
        held = items.get(item)
        if held is not None and same_content(value, held.value):
            told.confirm(held)
            return False
        if not told.seq:
            return False
        items[item] = datum = told.datum()
        if len(items) > ITEMS_MAX:
            del items[next(iter(items))]
        if kind == "connection_state":
            self.connections[value.actor, value.lane] = datum
        elif kind == "child_status":
            self.children[value.actor] = value
        elif kind == "instruments":
            self.instruments[value.venue] = value
        return True

    def _book_data(self, topic: str) -> list[Datum[Any]]:
        book = self.books[topic]
        whole = book.whole()
        data: list[Datum[Any]] = [] if book.status_datum is None else [book.status_datum]
        if whole is not None and book.datum is not None:
            held = book.datum
            data.append(
                Datum(
                    whole,
                    held.source,
                    held.epoch,
                    held.seq,
                    held.confirmed_mono_ns,
                    held.confirmed_ns,
                    held.changed_ns,
                    held.via,
                )
            )
        return data


def _by_seq(datum: Datum[T]) -> int:
    return datum.seq
