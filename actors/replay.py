"""`broadcaster replay`: a recorded capture through a venue's protocol, messages and findings out.

A capture is text, one JSON object a line; `{"t": …, "dir": "recv", "raw": "…"}` is a frame that
came, and may say by `stream`, `url` or `path` what it is of. Other lines are passed over.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from actors.errors import (
    EXIT_OK,
    EXIT_USAGE,
    BookMismatch,
    ConfigFault,
    CrossedBook,
    MalformedFrame,
    SequenceGap,
    UsageFault,
    VenueFault,
)
from actors.messages.kinds import KINDS
from actors.venues.capture_contract import Capture, Recorded
from actors.venues.contract import AssetBalances, Event, Subscribed
from actors.venues.registry import CAPTURES, VENUES

EXIT_BROKEN: Final = 1
LINE_BYTES_MAX: Final = 8 * 2**20
"""A snapshot of the largest books has 170 KiB; a longer line is passed over, never held."""
_SKIPPED_BYTES: Final = 65_536
TIME_NS_MAX: Final = 2**63 - 1
AS_TEXT: Final = frozenset({"version"})
"""Numbers that can be above 2^53, where those of many readers of JSON end."""

_KIND_OF: Final[dict[type, str]] = {
    **{struct: kind for kind, struct in KINDS.items()},
    AssetBalances: "asset_balances",
}
_FINDINGS: Final[dict[type[VenueFault], str]] = {
    SequenceGap: "gap",
    BookMismatch: "mismatch",
    CrossedBook: "crossed",
    MalformedFrame: "malformed",
}
_SCALES: Final = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
"""Below which number a time is in seconds, milliseconds, microseconds; else nanoseconds."""


_NONE: Final = msgspec.Raw()


class _Line(msgspec.Struct, gc=False):
    dir: str | None = None
    t: msgspec.Raw = _NONE
    raw: msgspec.Raw = _NONE
    stream: str | None = None
    url: str | None = None
    path: str | None = None


_line = msgspec.json.Decoder(_Line)
_text = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode


class Replay:
    """Feeds one capture line by line, writes as it goes, and counts; holds no more than books."""

    def __init__(self, capture: Capture, symbol: str, out: IO[bytes], findings: IO[str]) -> None:
        self.broken = False
        self._capture = capture
        self._symbol = symbol
        self._out = out
        self._findings = findings
        self._number = 0
        self._now_ns = 0
        self._totals = Counter[str]()
        self._streams: dict[str, Counter[str]] = {}
        self._books: dict[str, Recorded] = {}

    def line(self, line: bytes) -> None:
        """One line of the capture; b"" stands for one that was too long."""
        self._number += 1
        if not line:
            self._find("", "malformed", f"the line is longer than {LINE_BYTES_MAX} bytes")
            return
        try:
            read = _line.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self._totals["other lines"] += 1
            return
        if read.dir != "recv":
            self._totals["other lines"] += 1
            return
        self._totals["frames"] += 1
        for step in (self._time, self._frame):
            try:
                step(read)
            except MalformedFrame as fault:
                self._find("", "malformed", str(fault))

    def summary(self) -> None:
        totals = self._totals
        found = sum(totals[name] for name in totals if name not in ("frames", "other lines"))
        messages = sum(counts["messages"] for counts in self._streams.values())
        self._tell(
            f"summary: {self._number} lines, {totals['frames']} frames, {messages} messages, "
            f"{found} findings{_listed(totals, 'frames', 'other lines')}, "
            f"{totals['other lines']} other lines"
        )
        for stream, counts in self._streams.items():
            self._tell(f"  {stream}: {_listed(counts).strip(' ()')}{self._book(stream)}")
        if not totals["frames"]:
            self._tell('  no line was a frame: expected {"t": …, "dir": "recv", "raw": "…"}')

    def _time(self, line: _Line) -> None:
        """When the frame came; where that cannot be read, the last time that could goes on."""
        if line.t != _NONE:
            self._now_ns = nanoseconds(bytes(line.t))

    def _frame(self, line: _Line) -> None:
        data = _frame_of(line.raw)
        found = self._capture.read(data, line.stream or line.url or line.path or "", self._now_ns)
        if found is None:
            return
        recorded, frame = found
        counts = self._streams.setdefault(recorded.stream, Counter())
        counts["frames"] += 1
        if recorded.book is not None:
            self._books[recorded.stream] = recorded
        holes, breaks = recorded.holes(), _breaks(recorded)
        try:
            events = recorded.session.receive(frame, self._now_ns)
        except VenueFault as fault:
            self._fault(recorded, fault)
            return
        if recorded.holes() > holes:
            self._find(recorded.stream, "hole", "frames are missing; nothing hangs on them")
        self._compare(recorded, breaks)
        for event in events:
            self._write(event, counts)

    def _fault(self, recorded: Recorded, fault: VenueFault) -> None:
        kind = next((name for of, name in _FINDINGS.items() if isinstance(fault, of)), "refused")
        self._find(recorded.stream, kind, str(fault))
        self.broken |= recorded.book is not None and not isinstance(fault, MalformedFrame)

    def _compare(self, recorded: Recorded, before: Counter[str]) -> None:
        """What broke a book without a fault: its session heals it on the same connection, or a
        snapshot that fits none of the changes has healed it."""
        for kind in _breaks(recorded) - before:
            told = "the snapshot differs from the book that the changes before it made"
            if recorded.book is not None and not recorded.book.verified:
                told = recorded.book.status(self._now_ns).reason
            self._find(recorded.stream, kind, told)
            self.broken = True

    def _write(self, event: Event, counts: Counter[str]) -> None:
        if isinstance(event, Subscribed):
            return
        if self._symbol and getattr(event, "symbol", self._symbol) != self._symbol:
            return
        counts["messages"] += 1
        self._out.write(_encode({"kind": _KIND_OF[type(event)], **shown(event)}) + b"\n")

    def _find(self, stream: str, kind: str, told: str) -> None:
        self._totals[kind] += 1
        if stream:
            self._streams[stream][kind] += 1
        self._tell(f"line {self._number}: {stream + ': ' if stream else ''}{kind}: {told}")

    def _tell(self, text: str) -> None:
        # What a capture says is shown, never obeyed by a terminal.
        plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        self._findings.write(plain + "\n")

    def _book(self, stream: str) -> str:
        recorded = self._books.get(stream)
        if recorded is None or recorded.book is None:
            return ""
        status = recorded.book.status(self._now_ns)
        if not status.verified:
            return f"; the book ends without proof ({status.reason})"
        return f"; the book ends verified, with {len(recorded.book.book)} levels"


def replay(
    *,
    file: str,
    venue: str,
    product: str | None = None,
    symbol: str | None = None,
    stream: str | None = None,
) -> int:
    """The command itself; its exit code: 1 where a book broke, 2 for wrong use."""
    try:
        if venue not in CAPTURES:
            raise ConfigFault("--venue", repr(venue), " or ".join(sorted(CAPTURES)))
        product = product or VENUES[venue].products[0]
        capture = CAPTURES[venue](product, symbol or "", stream or "")
        source = nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")  # noqa: SIM115 - closed below
    except (ConfigFault, UsageFault, OSError) as fault:
        sys.stderr.write(f"broadcaster replay: {_wrong(fault, file)}\n")
        return EXIT_USAGE
    run = Replay(capture, symbol or "", sys.stdout.buffer, sys.stderr)
    try:
        with source as lines:
            for line in _lines(lines):
                run.line(line)
        sys.stdout.buffer.flush()
        run.summary()
    except BrokenPipeError:
        # Whoever reads has enough. What is still buffered must not be tried again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.stderr.write(f"broadcaster replay: {_wrong(error, file)}\n")
        return EXIT_USAGE
    return EXIT_BROKEN if run.broken else EXIT_OK


def nanoseconds(text: bytes) -> int:
    """A time as captures hold it: a number since the epoch in s, ms, µs or ns, or ISO 8601."""
    plain = text.decode("utf-8", "replace").strip('"')
    try:
        number = Decimal(plain)
    except DecimalException:
        try:
            moment = datetime.fromisoformat(plain)
        except ValueError as error:
            raise MalformedFrame("t", "a number since the epoch, or ISO 8601", plain) from error
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
        whole_s = since.days * 86_400 + since.seconds
        number = Decimal(whole_s) + Decimal(since.microseconds).scaleb(-6)
    if not number.is_finite() or not 0 <= number <= TIME_NS_MAX:
        raise MalformedFrame("t", "a time since the epoch", plain)
    scale = next((factor for limit, factor in _SCALES if number < limit), 1)
    return int(number * scale)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def shown(message: Any) -> Any:
    """A message as JSON: all fields, times in whole microseconds, None where there is none."""
    if isinstance(message, msgspec.Struct):
        names: tuple[str, ...] = message.__struct_fields__
    elif is_dataclass(message):
        names = tuple(field.name for field in fields(message))
    elif isinstance(message, tuple):
        return [shown(each) for each in message]
    else:
        return message
    answer: dict[str, Any] = {}
    for name in names:
        value = getattr(message, name)
        if name.endswith("_ns"):
            answer[name.removesuffix("_ns") + "_us"] = value // 1000 if value else None
        elif name in ("bids", "asks"):
            answer[name] = value
        else:
            answer[name] = str(value) if name in AS_TEXT else shown(value)
    return answer


def _frame_of(raw: msgspec.Raw) -> bytes:
    """The frame, kept as text or as the JSON that it is."""
    if raw == _NONE:
        raise MalformedFrame("raw", "the frame as text", "nothing")
    data = bytes(raw)
    try:
        return _text.decode(data).encode() if data.startswith(b'"') else data
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MalformedFrame("raw", "the frame as text", f"{len(data)} bytes") from error


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Line by line; b"" for one that is too long."""
    while line := file.readline(LINE_BYTES_MAX):
        if line.endswith(b"\n") or len(line) < LINE_BYTES_MAX:
            yield line
            continue
        while (line := file.readline(_SKIPPED_BYTES)) and not line.endswith(b"\n"):
            pass
        yield b""


def _breaks(recorded: Recorded) -> Counter[str]:
    """How often a book was found wrong, by the kind of finding."""
    if recorded.book is None:
        return Counter()
    status = recorded.book.status(0)
    return Counter(gap=status.gaps, mismatch=status.mismatches, crossed=status.crossed)


def _listed(counts: Counter[str], *but: str) -> str:
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if name not in but)
    return f" ({told})" if told else ""


def _wrong(fault: Exception, file: str) -> str:
    if isinstance(fault, OSError):
        return f"{file}: {fault.strerror or fault}"
    return f"--stream: {fault}" if isinstance(fault, UsageFault) else str(fault)
