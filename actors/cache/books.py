"""One order book as its source tells it: snapshot, deltas in order, status; pure."""

from __future__ import annotations

from typing import Any

from actors.cache.accounts import Told
from actors.cache.datum import Datum
from actors.errors import MalformedEnvelope, MalformedFrame
from actors.messages.market import BookDelta, BookSnapshot, BookStatus
from actors.venues.orderbook import OrderBook


class BookState:
    """`datum` carries the last snapshot or delta; `status` how the stream fares.

    A delta that does not follow what is held leaves the book as it was and marks it unverified
    until the next snapshot: `lost` is then true.
    """

    __slots__ = ("book", "datum", "lost", "sequence", "snapshot_verified", "status_datum")

    def __init__(self) -> None:
        self.book = OrderBook()
        self.datum: Datum[Any] | None = None
        self.status_datum: Datum[BookStatus] | None = None
        self.sequence = -1
        self.snapshot_verified = False
        self.lost = False

    @property
    def status(self) -> BookStatus | None:
        return None if self.status_datum is None else self.status_datum.value

    def apply(self, told: Told[Any]) -> bool:
        """Whether `told` changed the book or its status."""
        match told.value:
            case BookDelta():
                return self._delta(told)
            case BookSnapshot():
                return self._snapshot(told)
            case _:
                if told.seq:
                    self.status_datum = told.datum()
                return bool(told.seq)

    @property
    def reason(self) -> str:
        """Why the book must not be taken for good; empty when it may."""
        if self.datum is None:
            return "no order book received yet"
        status = self.status
        if status is not None and not status.verified:
            return f"book not verified: {status.reason}" if status.reason else "book not verified"
        if self.lost:
            return "book not verified: a change is missing, snapshot asked for"
        if not self.snapshot_verified:
            return "book not verified"
        return "book crossed" if self.book.crossed else ""

    @property
    def verified(self) -> bool:
        return not self.reason

    def whole(self) -> BookSnapshot | None:
        """The book as one snapshot, or None where none was received."""
        if self.datum is None:
            return None
        last = self.datum.value
        return BookSnapshot(
            venue=last.venue,
            product=last.product,
            symbol=last.symbol,
            bids=tuple(self.book.bids()),
            asks=tuple(self.book.asks()),
            sequence=self.sequence,
            verified=self.snapshot_verified and not self.lost,
            venue_time_ns=last.venue_time_ns,
            received_ns=last.received_ns,
        )

    def _snapshot(self, told: Told[BookSnapshot]) -> bool:
        if not told.seq:
            return False
        snapshot = told.value
        try:
            self.book.replace(snapshot.bids, snapshot.asks)
        except MalformedFrame as error:
            raise MalformedEnvelope(f"book_snapshot: {error}") from error
        self._hold(told)
        self.snapshot_verified = snapshot.verified
        self.lost = False
        return True

    def _delta(self, told: Told[BookDelta]) -> bool:
        delta = told.value
        if delta.previous_sequence != self.sequence or self.datum is None:
            self.lost = self.lost or delta.sequence > self.sequence
            return False
        if not told.seq:
            return False
        try:
            self.book.apply(delta.bids, delta.asks)
        except MalformedFrame as error:
            self.lost = True
            raise MalformedEnvelope(f"book_delta: {error}") from error
        self._hold(told)
        return True

    def _hold(self, told: Told[Any]) -> None:
        self.sequence = told.value.sequence
        self.datum = told.datum()
        self.datum.via = "websocket"
