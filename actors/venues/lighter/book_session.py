"""The order book stream of one market, verified by its nonces; a gap is healed on the connection.

| state | frame | then |
|---|---|---|
| waiting | update | dropped |
| waiting | snapshot | verified |
| verified | update that begins where the last ended, and does not cross the book | verified |
| verified | anything else | waiting: unsubscribe, subscribe, the next snapshot |

Nonces jump, so only `begin_nonce` tells a hole; `offset` tells nothing. What older servers send has
no `begin_nonce`: then only a crossed book, or a nonce that goes back, shows that something is
missing. Source: PROTOCOL, section 4.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Final

import msgspec

from actors.errors import BookMismatch, CrossedBook, MalformedFrame, SequenceGap, VenueFault
from actors.messages.market import BookDelta, BookSnapshot, BookStatus, Level
from actors.venues.contract import Event
from actors.venues.decoding import decode
from actors.venues.lighter import wire
from actors.venues.lighter.parse import VENUE, nanoseconds
from actors.venues.lighter.session import ATTEMPTS_MAX, Stream
from actors.venues.orderbook import OrderBook, check_sizes, exact

PROVEN_UPDATES: Final = 20
"""Good updates after which a resync has held; at the venue's pace, a second of an active market."""

_frame = msgspec.json.Decoder(wire.BookFrame)


class BookSession(Stream):
    """Keeps the book of one market; `verified` says whether it may be served as good.

    Raises SequenceGap, BookMismatch or CrossedBook only where ATTEMPTS_MAX subscriptions in a row
    did not hold: then the connection must be replaced.
    """

    def __init__(self, ws_url: str, product: str, symbol: str, market_id: int) -> None:
        super().__init__(ws_url, (f"order_book/{market_id}",))
        self._snapshot_proves = False
        self.verified = False
        self.reason = "no snapshot yet"
        self.book = OrderBook()
        self._product = product
        self._symbol = symbol
        self._nonce = 0
        self._held = 0
        """Good updates since the last snapshot."""
        self._venue_time_ns = 0
        self._updates = 0
        self._snapshots = 0
        self._gaps = 0
        self._resyncs = 0
        self._mismatches = 0
        self._crossed = 0
        self._malformed = 0
        self._last_gap_ns = 0

    def connected(self, now_ns: int) -> list[bytes | str]:
        if self.verified:
            self.disconnected("connected anew, no snapshot yet")
        return super().connected(now_ns)

    def disconnected(self, reason: str) -> None:
        self.verified = False
        self.reason = reason

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        try:
            return super().receive(data, now_ns)
        except MalformedFrame:
            # Nothing of it is in the book, or the book is given up already. If it stood for a
            # change, the next update does not begin where the last one ended.
            self._malformed += 1
            raise
        except VenueFault as fault:
            self.disconnected(_told(fault))
            raise

    def snapshot(self, now_ns: int) -> BookSnapshot | None:
        if not self.verified:
            return None
        return BookSnapshot(
            venue=VENUE,
            product=self._product,
            symbol=self._symbol,
            bids=tuple(self.book.bids()),
            asks=tuple(self.book.asks()),
            sequence=self._nonce,
            venue_time_ns=self._venue_time_ns,
            received_ns=now_ns,
        )

    def status(self, now_ns: int, longest_outage_ms: float = 0.0) -> BookStatus:
        return BookStatus(
            venue=VENUE,
            product=self._product,
            symbol=self._symbol,
            verified=self.verified,
            reason=self.reason,
            updates=self._updates,
            snapshots=self._snapshots,
            gaps=self._gaps,
            resyncs=self._resyncs,
            mismatches=self._mismatches,
            crossed=self._crossed,
            malformed=self._malformed,
            last_gap_ns=self._last_gap_ns,
            longest_outage_ms=longest_outage_ms,
            received_ns=now_ns,
        )

    def _unsubscribed(self, channel: str) -> None:
        if self.verified:
            self.disconnected(f"{channel}: the venue ended the subscription")

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        try:
            frame = decode(_frame, data, "frame")
            take = self._take_snapshot if whole else self._take_update
            return [take(frame.order_book, frame.timestamp, now_ns)]
        except MalformedFrame as fault:
            # It is of this market: whatever it changed is unknown from here on.
            self.disconnected(_told(fault))
            self._resubscribe(channel)
            raise
        except (SequenceGap, BookMismatch, CrossedBook) as fault:
            self._broken(channel, fault, now_ns)
            return []

    def _take_snapshot(self, row: wire.Book, timestamp: int | None, now_ns: int) -> BookSnapshot:
        book = OrderBook(_levels(row.bids, "bids"), _levels(row.asks, "asks"))
        if book.crossed:
            raise _crossed(book)
        self._resyncs += not self.verified and self._snapshots > 0
        self._snapshots += 1
        self._held = 0
        self.book = book
        self.verified = True
        self.reason = ""
        self._nonce = row.nonce
        self._venue_time_ns = nanoseconds(timestamp)
        taken = self.snapshot(now_ns)
        assert taken is not None, "the book was just verified"
        return taken

    def _take_update(self, row: wire.Book, timestamp: int | None, now_ns: int) -> BookDelta:
        last = self._nonce
        begin = last if row.begin_nonce is None else row.begin_nonce
        if begin != last:
            raise SequenceGap(last, begin)
        bids, asks = _levels(row.bids, "bids"), _levels(row.asks, "asks")
        if row.nonce < last or (row.nonce == last and (bids or asks)):
            raise SequenceGap(last + 1, row.nonce)
        self.book.apply(bids, asks)
        if self.book.crossed:
            raise _crossed(self.book)
        self._nonce = row.nonce
        self._updates += 1
        self._held += 1
        if self._held == PROVEN_UPDATES:
            for channel in self._channels:
                self._proven(channel)
        self._venue_time_ns = nanoseconds(timestamp)
        return BookDelta(
            venue=VENUE,
            product=self._product,
            symbol=self._symbol,
            bids=bids,
            asks=asks,
            sequence=row.nonce,
            previous_sequence=last,
            venue_time_ns=self._venue_time_ns,
            received_ns=now_ns,
        )

    def _broken(self, channel: str, fault: VenueFault, now_ns: int) -> None:
        self.disconnected(_told(fault))
        if isinstance(fault, SequenceGap):
            self._gaps += 1
            self._last_gap_ns = now_ns
        self._crossed += isinstance(fault, CrossedBook)
        self._mismatches += isinstance(fault, BookMismatch)
        if self._attempts(channel) >= ATTEMPTS_MAX:
            raise fault
        self._resubscribe(channel)


def _levels(rows: list[wire.Level] | None, side: str) -> tuple[Level, ...]:
    """Read before anything of the frame is applied: prices and sizes are plain decimals."""
    levels = tuple((row.price, row.size) for row in rows or ())
    try:
        sizes = [size for _, size in levels]
        check_sizes(sizes)
        # What a check of all together leaves to Decimal: a point too many, or nothing at all.
        list(map(Decimal, sizes))
    except (MalformedFrame, DecimalException):
        _name_bad_size(levels, side)
    for at, (price, _) in enumerate(levels):
        exact(price, f"frame.order_book.{side}[{at}].price")
    return levels


def _name_bad_size(levels: tuple[Level, ...], side: str) -> None:
    for at, (price, size) in enumerate(levels):
        field = f"frame.order_book.{side}[{at}].size"
        if exact(size, field) < 0:
            raise BookMismatch(f"{side} {price} has a negative size, {size}")


def _told(fault: VenueFault) -> str:
    return f"{type(fault).__name__}: {fault}"


def _crossed(book: OrderBook) -> CrossedBook:
    bid, ask = book.best_bid, book.best_ask
    assert bid is not None, "only a book with a bid is crossed"
    assert ask is not None, "only a book with an ask is crossed"
    return CrossedBook(bid[0], ask[0])
