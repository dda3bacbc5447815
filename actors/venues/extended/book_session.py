"""The order book stream of one market, verified frame by frame.

| state | frame | then |
|---|---|---|
| waiting | delta | dropped |
| waiting | snapshot | verified |
| verified | snapshot, delta: sequence + 1, sums agree, not crossed | verified |
| verified | anything else | waiting, and the fault that says why |

A delta's `q` is the signed change and `c` the size after it, so each level proves itself: old + q
must be c, exactly. Source: Extended API Documentation, "Order book stream"; live frames of 2026.
"""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Final

import msgspec

from actors.errors import BookMismatch, CrossedBook, MalformedFrame, SequenceGap, VenueFault
from actors.messages.market import BookDelta, BookSnapshot, BookStatus, Level
from actors.venues.contract import Event
from actors.venues.extended import wire
from actors.venues.extended.parse import PRODUCT, VENUE, nanoseconds
from actors.venues.extended.session import Stream
from actors.venues.orderbook import AMOUNT_LENGTH_MAX, OrderBook, check_sizes, exact

MUTE_MAX_S: Final = 90.0
"""Snapshots come each minute, even of a market where nothing happens."""

_EXACT: Final = Context(prec=3 * AMOUNT_LENGTH_MAX, traps=[InvalidOperation, Inexact])
"""Enough for every sum of plain texts; what would still be rounded is refused."""
_frame = msgspec.json.Decoder(wire.BookFrame)


class BookSession(Stream):
    """Keeps the book of one market; `verified` says whether it may be served as good.

    After SequenceGap, BookMismatch or CrossedBook the connection must be replaced: the venue sends
    no repair. (Should it not be, the next minutely snapshot makes the book good again.)
    """

    def __init__(self, ws_url: str, symbol: str) -> None:
        super().__init__(ws_url, f"/orderbooks/{symbol}")
        self.mute_max_s = MUTE_MAX_S
        self.verified = False
        self.reason = "no snapshot yet"
        self.book = OrderBook()
        self._symbol = symbol
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
            frame, sequence = self._read(_frame, data)
            book = frame.data
            if book is None:
                raise MalformedFrame("frame.data", "object", "nothing")
            if book.m != self._symbol:
                raise MalformedFrame("frame.data.m", self._symbol, book.m)
            kind = book.t or frame.type
            event: Event
            if kind == "SNAPSHOT":
                event = self._take_snapshot(book, sequence, frame.ts, now_ns)
            elif kind != "DELTA":
                raise MalformedFrame("frame.type", "SNAPSHOT or DELTA", kind)
            elif not self.verified:
                return self._announced([])
            else:
                event = self._take_delta(book, sequence, frame.ts, now_ns)
        except MalformedFrame:
            # Nothing of it is in the book. If it stood for a change, its number is missing now and
            # the next frame shows the gap.
            self._malformed += 1
            raise
        except VenueFault as fault:
            self._broken(fault, now_ns)
            raise
        return self._announced([event])

    def snapshot(self, now_ns: int) -> BookSnapshot | None:
        if not self.verified:
            return None
        return BookSnapshot(
            venue=VENUE,
            product=PRODUCT,
            symbol=self._symbol,
            bids=tuple(self.book.bids()),
            asks=tuple(self.book.asks()),
            sequence=self._sequence or 0,
            venue_time_ns=self._venue_time_ns,
            received_ns=now_ns,
        )

    def status(self, now_ns: int, longest_outage_ms: float = 0.0) -> BookStatus:
        return BookStatus(
            venue=VENUE,
            product=PRODUCT,
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

    def _take_snapshot(
        self, data: wire.BookData, sequence: int, ts: int | None, now_ns: int
    ) -> BookSnapshot:
        book = OrderBook(_levels(data.b, "b"), _levels(data.a, "a"))
        if self.verified:
            self._next(sequence)
        else:
            self._sequence = sequence
        if book.crossed:
            raise _crossed(book)
        # With an unbroken sequence a difference is a fault of ours, and must not pass unseen.
        self._mismatches += self.verified and not book.equals(self.book)
        self._resyncs += not self.verified and self._snapshots > 0
        self._snapshots += 1
        self.book = book
        self.verified = True
        self.reason = ""
        self._venue_time_ns = nanoseconds(ts)
        taken = self.snapshot(now_ns)
        assert taken is not None, "the book was just verified"
        return taken

    def _take_delta(
        self, data: wire.BookData, sequence: int, ts: int | None, now_ns: int
    ) -> BookDelta:
        self._next(sequence)
        bids, asks = self._change(data)
        if self.book.crossed:
            raise _crossed(self.book)
        self._updates += 1
        self._venue_time_ns = nanoseconds(ts)
        return BookDelta(
            venue=VENUE,
            product=PRODUCT,
            symbol=self._symbol,
            bids=bids,
            asks=asks,
            sequence=sequence,
            previous_sequence=sequence - 1,
            venue_time_ns=self._venue_time_ns,
            received_ns=now_ns,
        )

    def _change(self, data: wire.BookData) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
        """Puts each level's new size into the book and proves it; returns the absolute sizes.

        Both sides at once, column by column: a loop in C costs half of one here.
        """
        rows = data.b + data.a
        count = len(data.b)
        prices = [row.p for row in rows]
        changes = [row.q for row in rows]
        try:
            sizes = [row.c for row in rows if row.c is not None]
            if len(sizes) < len(rows):
                sizes = [self._size(row, is_bid=at < count) for at, row in enumerate(rows)]
            check_sizes(sizes)
            bids = tuple(zip(prices[:count], sizes[:count], strict=True))
            asks = tuple(zip(prices[count:], sizes[count:], strict=True))
            held = self.book.change(bids, asks)
            sums = list(map(_EXACT.add, map(Decimal, held), map(Decimal, changes)))
            if sums != list(map(Decimal, sizes)):
                raise _mismatch(count, prices, held, changes, sizes)
        except (MalformedFrame, DecimalException) as fault:
            # Part of the frame is in the book already: this one cannot be skipped.
            self._malformed += 1
            raise BookMismatch(f"delta: {fault or 'not a decimal'}") from fault
        return bids, asks

    def _size(self, row: wire.Level, *, is_bid: bool) -> str:
        """Where the venue leaves out the absolute size; plain text, without an exponent."""
        if row.c is not None:
            return row.c
        held = self.book.size("bid" if is_bid else "ask", row.p)
        total = _EXACT.add(exact(held or "0"), exact(row.q))
        return format(total, "f") if total else "0"

    def _broken(self, fault: VenueFault, now_ns: int) -> None:
        self.disconnected(f"{type(fault).__name__}: {fault}")
        if isinstance(fault, SequenceGap):
            self._gaps += 1
            self._last_gap_ns = now_ns
        self._crossed += isinstance(fault, CrossedBook)
        self._mismatches += isinstance(fault, BookMismatch)


def _mismatch(
    bids: int, prices: list[str], held: list[str], changes: list[str], sizes: list[str]
) -> BookMismatch:
    """The first level whose change does not lead to its size; so many are bids."""
    rows = enumerate(zip(prices, held, changes, sizes, strict=True))
    at, (price, before, change, size) = next(
        (at, row)
        for at, row in rows
        if _EXACT.add(Decimal(row[1]), Decimal(row[2])) != Decimal(row[3])
    )
    side = "bid" if at < bids else "ask"
    return BookMismatch(f"{side} {price}: held {before}, change {change[:80]}, expected {size}")


def _name_bad_level(levels: list[wire.Level], side: str) -> None:
    for at, level in enumerate(levels):
        try:
            size = exact(level.q)
        except MalformedFrame as fault:
            raise MalformedFrame(f"frame.data.{side}[{at}].q", fault.expected, level.q) from fault
        if size < 0:
            raise BookMismatch(f"snapshot: {side} {level.p} has a negative size, {level.q}")


def _levels(levels: list[wire.Level], side: str) -> list[Level]:
    try:
        sizes = [level.q for level in levels]
        check_sizes(sizes)
        # What a check of all together leaves to Decimal.
        list(map(Decimal, sizes))
    except (MalformedFrame, DecimalException):
        _name_bad_level(levels, side)
    return [(level.p, level.q) for level in levels]


def _crossed(book: OrderBook) -> CrossedBook:
    bid, ask = book.best_bid, book.best_ask
    assert bid is not None, "only a book with a bid is crossed"
    assert ask is not None, "only a book with an ask is crossed"
    return CrossedBook(bid[0], ask[0])
