"""What a store that is away has to get afterwards: batches on disk, in order, within a bound.

Segments of checked records (as the cache's journal writes them), the oldest taken first and
unlinked once the store has it. A batch that was half written when the process ended is no batch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from actors.cache.journal import encode_record, next_record, record_at
from actors.sinks.contract import Position, Row
from actors.sinks.schema import SNAPSHOTS

FOLDER: Final = "history.spool"
SEGMENT_BYTES: Final = 1024 * 1024
"""What is read, written to the store and unlinked at once."""
_NAME: Final = re.compile(r"rows-(\d{12})\.spool")
_UNFINISHED: Final = ".new"


class Batch(msgspec.Struct, array_like=True, frozen=True):
    """Rows that belong together; with them the stream is kept up to `position`."""

    rows: tuple[Row, ...]
    position: Position | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Batch)


class SpoolFull(OSError):
    """No room is left that thinning could make."""


class Spool:
    """`open` first. Every method may raise OSError and leaves the spool as it was then."""

    def __init__(self, directory: Path, bytes_max: int) -> None:
        self._directory = directory
        self.bytes_max = bytes_max
        self._sizes: dict[Path, int] = {}
        """By segment, oldest first."""
        self._descriptor = -1
        self._number = 0
        self._unthinned = 0
        """The first segment whose snapshots were not given up yet."""
        self.rows = 0
        self.thinned = 0
        self.damages: list[str] = []
        self.position: Position | None = None
        """How far the stream is kept here; None where nothing is."""

    @property
    def bytes(self) -> int:
        return sum(self._sizes.values())

    def open(self) -> None:
        """Finds what an earlier process left."""
        self._sizes.clear()
        self.rows = 0
        for path in sorted(self._directory.glob("*")):
            match = _NAME.fullmatch(path.name)
            if match is None:
                continue
            self._number = max(self._number, int(match[1]))
            self._cut_tail(path)
            batches = self._read(path)
            self._sizes[path] = path.stat().st_size
            self.rows += sum(len(batch.rows) for batch in batches)
            positions = [batch.position for batch in batches if batch.position is not None]
            self.position = positions[-1] if positions else self.position

    def append(self, rows: Sequence[Row], position: Position | None) -> None:
        """Keeps a batch behind all others; SpoolFull where there is no room for it."""
        batch = _encoder.encode(Batch(tuple(rows), position))
        record = encode_record(self._number, batch)
        self._make_room(len(record))
        path = self._writable()
        size = self._sizes[path]
        try:
            written = os.write(self._descriptor, record)
            if written != len(record):
                raise OSError(f"short write: {written} of {len(record)} bytes")
        except OSError:
            self._undo(path, size)
            raise
        self._sizes[path] = size + written
        self.rows += len(rows)
        self.position = position or self.position

    @property
    def empty(self) -> bool:
        return not self._sizes

    def oldest(self) -> tuple[Batch, ...]:
        """The batches of the oldest segment; ask where the spool is not empty."""
        path = next(iter(self._sizes))
        if path == self._newest and self._descriptor >= 0:
            # What is read must not grow meanwhile.
            self._end_segment()
        return self._read(path)

    def drop_oldest(self, batches: Sequence[Batch]) -> None:
        """The store has what `oldest` gave."""
        path = next(iter(self._sizes))
        path.unlink(missing_ok=True)
        del self._sizes[path]
        self.rows = max(0, self.rows - sum(len(batch.rows) for batch in batches))
        if not self._sizes:
            self.rows, self.position = 0, None

    def close(self) -> None:
        self._end_segment()

    # inside

    @property
    def _newest(self) -> Path | None:
        return next(reversed(self._sizes), None)

    def _writable(self) -> Path:
        """The segment to be written; a new one where there is none, or it is large enough."""
        newest = self._newest
        if self._descriptor >= 0 and newest is not None and self._sizes[newest] < SEGMENT_BYTES:
            return newest
        self._end_segment()
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._number += 1
        path = self._directory / f"rows-{self._number:012d}.spool"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        self._sizes[path] = 0
        return path

    def _undo(self, path: Path, size: int) -> None:
        """The segment as it was; one that held nothing is none."""
        self._end_segment()
        if size:
            os.truncate(path, size)
        else:
            path.unlink(missing_ok=True)
            del self._sizes[path]

    def _end_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self, path: Path) -> tuple[Batch, ...]:
        data = path.read_bytes()
        batches = []
        at = 0
        while at < len(data):
            record = record_at(data, at)
            if record is not None:
                _, body, at = record
                batches.append(_decoder.decode(body))
                continue
            found = next_record(data, at, -1) or len(data)
            self.damages.append(f"{path.name}: {found - at} bytes at {at} are no records")
            at = found
        return tuple(batches)

    @staticmethod
    def _cut_tail(path: Path) -> None:
        """A process that was killed wrote half a batch, which it never relied on."""
        data = path.read_bytes()
        at = 0
        while (record := record_at(data, at)) is not None:
            at = record[2]
        if at < len(data) and next_record(data, at, -1) is None:
            os.truncate(path, at)

    def _make_room(self, more: int) -> None:
        """Gives up snapshots, the oldest first; of everything else nothing is ever given up."""
        for path in list(self._sizes)[:-1]:
            if self.bytes + more <= self.bytes_max:
                return
            number = int(path.stem.rpartition("-")[2])
            if number >= self._unthinned:
                self._thin(path)
                self._unthinned = number + 1
        if self.bytes + more > self.bytes_max:
            raise SpoolFull(f"the spool is full: {self.bytes} of {self.bytes_max} bytes")

    def _thin(self, path: Path) -> None:
        batches = self._read(path)
        kept = [
            Batch(tuple(row for row in batch.rows if row.table != SNAPSHOTS.name), batch.position)
            for batch in batches
        ]
        data = b"".join(encode_record(self._number, _encoder.encode(batch)) for batch in kept)
        unfinished = path.with_suffix(_UNFINISHED)
        try:
            unfinished.write_bytes(data)
            unfinished.replace(path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        gone = sum(len(batch.rows) for batch in batches) - sum(len(batch.rows) for batch in kept)
        self._sizes[path] = len(data)
        self.rows -= gone
        self.thinned += gone
