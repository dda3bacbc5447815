"""Records on disk that outlive a kill: checked, numbered, in segments; knows no contents.

A record is magic, length, checksum, number and body. Magic is not zero, length is above zero and
numbers rise by one, so that neither zeros nor a piece of an older file can pass for a record.
A segment appears under its name only when its first records (a checkpoint) are complete.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAGIC: Final = 0x42434A31
RECORD_BYTES_MAX: Final = 64 * 1024 * 1024
BACKLOG_BYTES_MAX: Final = 4 * 1024 * 1024
BACKLOG_RECORDS_MAX: Final = 8_000
"""What is kept in memory for a journal that cannot be written; beyond either it is given up.

Both are below what fills one source's outbox: a disk that stays full stops no account.
"""
RETRY_NS: Final = 1_000_000_000
SEGMENTS_MIN: Final = 4
"""The newest segments stay, also where no ring needs them: they answer what is older."""

_HEADER = struct.Struct(">IIIQ")
_NUMBER = struct.Struct(">Q")
_MAGIC_BYTES = struct.pack(">I", MAGIC)
_SUFFIX = ".journal"
_UNFINISHED = ".new"
_NAME = re.compile(r"events-[0-9]{20}\.journal")


def encode_record(number: int, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(_NUMBER.pack(number)))
    return _HEADER.pack(MAGIC, len(body), checksum, number) + body


def record_at(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """(number, body, end) of the record that begins at `at`, None where there is none."""
    if len(data) - at < _HEADER.size:
        return None
    magic, length, checksum, number = _HEADER.unpack_from(data, at)
    end = at + _HEADER.size + length
    if magic != MAGIC or not 0 < length <= RECORD_BYTES_MAX or end > len(data):
        return None
    body = data[at + _HEADER.size : end]
    if zlib.crc32(body, zlib.crc32(_NUMBER.pack(number))) != checksum:
        return None
    return number, body, end


@dataclass(slots=True)
class Segment:
    """What one file holds: `good_bytes` end behind the last good record, `damage` says what is
    wrong before that (empty for nothing); beyond it there may be a torn tail of `torn_bytes`.
    """

    path: Path
    first: int
    records: list[bytes] = field(default_factory=list)
    last: int = 0
    good_bytes: int = 0
    torn_bytes: int = 0
    damage: str = ""


def read_segment(path: Path) -> Segment:
    """Reads one file; OSError where it cannot be read."""
    data = path.read_bytes()
    first = _first(path)
    segment = Segment(path, first, last=first - 1)
    at = 0
    while at < len(data):
        record = record_at(data, at)
        if record is None or record[0] != segment.last + 1:
            found = next_record(data, at, segment.last)
            if found is None:
                segment.torn_bytes = len(data) - at
                break
            record = record_at(data, found)
            assert record is not None
            segment.damage = (
                f"{path.name}: {found - at} bytes at {at} are no records, "
                f"expected record {segment.last + 1}, found {record[0]}"
            )
        segment.last, body, at = record
        segment.records.append(body)
        segment.good_bytes = at
    return segment


def next_record(data: bytes, at: int, last: int) -> int | None:
    """Where the next whole record with a number above `last` begins."""
    while (at := data.find(_MAGIC_BYTES, at)) >= 0:
        record = record_at(data, at)
        if record is not None and record[0] > last:
            return at
        at += 1
    return None


def segment_paths(directory: Path) -> list[Path]:
    """Oldest first; what merely looks like one (an operator's copy) is left alone."""
    found = directory.glob(f"events-*{_SUFFIX}")
    return sorted(path for path in found if _NAME.fullmatch(path.name) and path.is_file())


class Journal:
    """Appends records to the newest segment; what cannot be written waits within a bound.

    `add` collects, `flush` writes all of it with one write(2). `failure` says why nothing can be
    written at present; each flush from RETRY_NS on tries again.
    """

    def __init__(self, directory: Path, segment_bytes: int) -> None:
        self.directory = directory
        self._segment_bytes = segment_bytes
        self._descriptor = -1
        self._size = 0
        self._checkpoint_end = 0
        self._number = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._retry_mono_ns = 0
        self.newest: Path | None = None
        """The segment that is written now."""
        self.failure = ""
        self.given_up = False
        """Records were dropped since the last checkpoint: only a new one makes it whole."""

    def continue_after(self, newest: Segment | None) -> None:
        """Goes on behind the last good record of `newest`; raises OSError."""
        if newest is None:
            return
        self._number = max(self._number, newest.last)
        if newest.damage:
            # A damaged file is left as it is found; what follows goes into another.
            return
        descriptor = os.open(newest.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        os.ftruncate(descriptor, newest.good_bytes)
        self._descriptor = descriptor
        self.newest = newest.path
        self._size = newest.good_bytes
        self._checkpoint_end = 0

    @property
    def is_open(self) -> bool:
        return self._descriptor >= 0

    def notice_loss(self) -> None:
        """Lets go of a file that was deleted or moved away: nobody would ever read it again."""
        if self._descriptor < 0 or self.newest is None:
            return
        try:
            written, named = os.fstat(self._descriptor), self.newest.stat()
            lost = (written.st_dev, written.st_ino) != (named.st_dev, named.st_ino)
        except FileNotFoundError:
            lost = True
        except OSError:
            # Its folder cannot be looked into: that says nothing of the file.
            lost = False
        if lost:
            self.close()

    @property
    def wants_checkpoint(self) -> bool:
        """A new segment is due."""
        grown = self._size - self._checkpoint_end >= self._segment_bytes
        return self.given_up or not self.is_open or grown

    def add(self, body: bytes) -> None:
        self._pending.append(body)
        self._pending_bytes += len(body)

    @property
    def pending(self) -> bool:
        return bool(self._pending)

    def may_try(self, now_mono_ns: int) -> bool:
        return not self.failure or now_mono_ns >= self._retry_mono_ns

    def flush(self, now_mono_ns: int) -> bool:
        """Writes what was added; whether all of it is kept. Never raises."""
        if not self._pending:
            return not self.failure
        if not self.is_open or self.given_up or not self.may_try(now_mono_ns):
            return self._hold_back()
        records = b"".join(
            encode_record(self._number + count, body)
            for count, body in enumerate(self._pending, start=1)
        )
        try:
            if self.failure:
                os.ftruncate(self._descriptor, self._size)
            self._write(self._descriptor, records)
        except OSError as error:
            self.fail(error, now_mono_ns)
            self._undo()
            return self._hold_back()
        self._number += len(self._pending)
        self._size += len(records)
        self._drop_pending()
        self.failure = ""
        return True

    def begin_segment(self, checkpoint: Iterable[bytes], now_mono_ns: int) -> bool:
        """Starts a new segment with `checkpoint`; never raises. What is pending stays so."""
        descriptor = -1
        unfinished: Path | None = None
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = max([self._number, *map(_first, segment_paths(self.directory))])
            records = [
                encode_record(number + count, body)
                for count, body in enumerate(checkpoint, start=1)
            ]
            path = self.directory / f"events-{number + 1:020d}{_SUFFIX}"
            unfinished = path.with_suffix(_UNFINISHED)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            descriptor = os.open(unfinished, flags, 0o600)
            data = b"".join(records)
            self._write(descriptor, data)
            unfinished.rename(path)
        except OSError as error:
            if descriptor >= 0 and unfinished is not None:
                os.close(descriptor)
                unfinished.unlink(missing_ok=True)
            self.fail(error, now_mono_ns)
            return False
        self.close()
        self._descriptor = descriptor
        self.newest = path
        self._number = number + len(records)
        self._size = self._checkpoint_end = len(data)
        self.failure = ""
        self.given_up = False
        return True

    def unlink_before(self, path: Path) -> None:
        """Unlinks the segments older than `path`, save the newest SEGMENTS_MIN."""
        # One that cannot be unlinked costs its place on the disk, and is tried again.
        with suppress(OSError):
            for old in segment_paths(self.directory)[:-SEGMENTS_MIN]:
                if old < path:
                    old.unlink(missing_ok=True)

    def fail(self, error: OSError, now_mono_ns: int) -> None:
        self.failure = f"{error.strerror or error}"
        self._retry_mono_ns = now_mono_ns + RETRY_NS

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @staticmethod
    def _write(descriptor: int, data: bytes) -> None:
        written = os.write(descriptor, data)
        if written != len(data):
            raise OSError(f"short write: {written} of {len(data)} bytes")

    def _undo(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError as error:
            # The next flush cuts again before it writes.
            self.failure += f"; not cut back: {error.strerror}"

    def _hold_back(self) -> bool:
        """Whether the events may be acknowledged although they are not on disk."""
        beyond = self._pending_bytes > BACKLOG_BYTES_MAX or len(self._pending) > BACKLOG_RECORDS_MAX
        if self.given_up or beyond:
            self._drop_pending()
            self.given_up = True
        return self.given_up

    def _drop_pending(self) -> None:
        self._pending.clear()
        self._pending_bytes = 0


def _first(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
