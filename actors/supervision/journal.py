"""Keeps over restarts what supervision must remember: counts, waits, epochs and the history.

The waits are the children's own and those that a venue asks of all who leave by one address.

One append-only file. Record: magic, length, seq, crc32 (of seq and payload), then the payload, the
msgpack of `["m", actor, Remembered]`, `["h", RestartRecord]` or `["b", Deadline]`. The newest
Remembered of an actor and Deadline of an address win. `write(2)` outlives the end of this process;
power loss may cost the last records, which is legal: a torn tail is cut off, damage before it is
stepped over and reported. When the file has grown, it is written anew beside itself and renamed.

Nothing here raises for the disk's sake. Where it cannot be written, everything is still served
from memory, `failed` is set, it is said once, and now and then it is tried again.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from actors.messages.control import RestartRecord
from actors.supervision.budgets import Deadline
from actors.supervision.effects import Remembered

HISTORY_MAX: Final = 200
"""Incarnations kept of one actor."""
DETAILED_MAX: Final = 5
"""Of these, how many keep their dump and last lines."""
DUMP_LENGTH_MAX: Final = 32_768
LINES_MAX: Final = 50
LINE_LENGTH_MAX: Final = 500
HISTORIES_MAX: Final = 512
"""Actors of which there is a history; of more, the one that was quiet longest is forgotten."""
ACTORS_MAX: Final = 65_536
"""Actors that are remembered at all; on-demand streams come and go for years."""
DEADLINES_MAX: Final = 1_024
"""Addresses that a venue made wait; of more, the one that was told first is forgotten."""
COMPACT_BYTES_MIN: Final = 4 * 1024 * 1024
RETRY_WRITES: Final = 50
"""After a failure, how many records pass until the disk is tried again."""

_MAGIC: Final = b"BSJ1"
_HEADER: Final = struct.Struct(">4sIII")
_SEQ: Final = struct.Struct(">I")
_PAYLOAD_BYTES_MAX: Final = 1024 * 1024
_SEQ_MAX: Final = 0xFFFF_FFFF

Entry = tuple[str, str, Remembered] | tuple[str, RestartRecord] | tuple[str, Deadline]
_encoder = msgspec.msgpack.Encoder()
_remembered_decoder = msgspec.msgpack.Decoder(tuple[str, str, Remembered])
_record_decoder = msgspec.msgpack.Decoder(tuple[str, RestartRecord])
_deadline_decoder = msgspec.msgpack.Decoder(tuple[str, Deadline])
_REMEMBERED_START: Final = b"\x93\xa1m"
_RECORD_START: Final = b"\x92\xa1h"
_DEADLINE_START: Final = b"\x92\xa1b"


def _ignore(problem: str) -> None:
    """Nobody wants to hear it."""


class SupervisionJournal:
    """The journal at `path`; reads it at once. `report(text)` hears of each trouble once."""

    def __init__(self, path: Path, report: Callable[[str], None] = _ignore) -> None:
        self._path = path
        self._report = report
        self._remembered: dict[str, Remembered] = {}
        self._histories: dict[str, deque[RestartRecord]] = {}
        self._deadlines: dict[tuple[str, str], Deadline] = {}
        self._descriptor: int | None = None
        self._size = 0
        self._compact_at = COMPACT_BYTES_MIN
        self._seq = 0
        self._writes_failed = 0
        self.failed = False
        self.failure = ""
        self._open()

    def remembered(self) -> dict[str, Remembered]:
        """By actor id."""
        return dict(self._remembered)

    def history(self, actor: str) -> tuple[RestartRecord, ...]:
        """The incarnations of one actor that ended, newest first; empty for an unknown one."""
        return tuple(reversed(self._histories.get(actor, ())))

    def deadlines(self) -> tuple[Deadline, ...]:
        """Those of all addresses, past or not."""
        return tuple(self._deadlines.values())

    def remember(self, actor: str, memory: Remembered) -> None:
        if self._remembered.get(actor) == memory:
            return
        self._keep_memory(actor, memory)
        self._append(("m", actor, memory))

    def record(self, record: RestartRecord) -> None:
        record = _bounded(record)
        self._keep_record(record)
        self._append(("h", record))

    def hold_back(self, deadline: Deadline) -> None:
        self._keep_deadline(deadline)
        self._append(("b", deadline))

    def try_again(self) -> None:
        """Now and then, while the disk cannot be written: what is held goes into a new file."""
        if self.failed:
            self._try_rewrite()

    def close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None

    # memory

    def _keep_memory(self, actor: str, memory: Remembered) -> None:
        self._remembered.pop(actor, None)
        self._remembered[actor] = memory
        while len(self._remembered) > ACTORS_MAX:
            del self._remembered[next(iter(self._remembered))]

    def _keep_record(self, record: RestartRecord) -> None:
        history = self._histories.pop(record.actor, None) or deque(maxlen=HISTORY_MAX)
        self._histories[record.actor] = history
        history.append(record)
        if len(history) > DETAILED_MAX:
            older = history[-DETAILED_MAX - 1]
            history[-DETAILED_MAX - 1] = msgspec.structs.replace(older, dump="", last_lines=())
        while len(self._histories) > HISTORIES_MAX:
            del self._histories[next(iter(self._histories))]

    def _keep_deadline(self, deadline: Deadline) -> None:
        key = deadline.venue, deadline.exit_address
        self._deadlines.pop(key, None)
        self._deadlines[key] = deadline
        if len(self._deadlines) > DEADLINES_MAX:
            del self._deadlines[next(iter(self._deadlines))]

    def _keep(self, payload: bytes) -> None:
        """Takes one record's payload in; a payload of another make is passed over."""
        with contextlib.suppress(msgspec.DecodeError):
            if payload.startswith(_REMEMBERED_START):
                _, actor, memory = _remembered_decoder.decode(payload)
                self._keep_memory(actor, memory)
            elif payload.startswith(_RECORD_START):
                self._keep_record(_record_decoder.decode(payload)[1])
            elif payload.startswith(_DEADLINE_START):
                self._keep_deadline(_deadline_decoder.decode(payload)[1])

    def _entries(self) -> Iterator[Entry]:
        for actor, memory in self._remembered.items():
            yield "m", actor, memory
        for history in self._histories.values():
            for record in history:
                yield "h", record
        for deadline in self._deadlines.values():
            yield "b", deadline

    # disk

    def _open(self) -> None:
        try:
            data = self._path.read_bytes() if self._path.exists() else b""
            end, damaged = self._replay(data)
            if damaged:
                self._report(f"{self._path.name}: {damaged} damaged place(s), stepped over")
                self._rewrite()
                return
            if end >= COMPACT_BYTES_MIN:
                # Else a file that is opened often would put off its compaction for ever.
                self._rewrite()
                return
            self._descriptor = _open_for_append(self._path)
            os.ftruncate(self._descriptor, end)
            self._size = end
        except OSError as error:
            self._fail(error)

    def _replay(self, data: bytes) -> tuple[int, int]:
        """Takes all whole records in; returns where they end and how many places were bad."""
        offset = damaged = 0
        while offset < len(data):
            found = _record_at(data, offset)
            if found is None or found[0] != self._seq + 1:
                whole = _next_whole(data, offset + 1, self._seq)
                if whole is None:
                    break  # nothing whole follows: a torn tail
                damaged += 1
                offset = whole
                found = _record_at(data, offset)
                assert found is not None
            self._seq, payload = found
            self._keep(payload)
            offset += _HEADER.size + len(payload)
        return offset, damaged

    def _append(self, entry: Entry) -> None:
        if self.failed:
            self._writes_failed += 1
            if self._writes_failed % RETRY_WRITES == 0:
                self._try_rewrite()
            return
        if self._size >= self._compact_at or self._seq == _SEQ_MAX:
            self._try_rewrite()  # holds the new entry too: it is in memory already
            return
        try:
            self._write(_frame(self._seq + 1, entry))
            self._seq += 1
        except OSError as error:
            self._fail(error)

    def _write(self, frame: bytes) -> None:
        if self._descriptor is None:
            raise OSError("closed")
        written = os.write(self._descriptor, frame)
        if written != len(frame):
            # A full disk takes a part and complains only at the next write.
            os.ftruncate(self._descriptor, self._size)
            raise OSError(f"short write: {written} of {len(frame)} bytes")
        self._size += written

    def _try_rewrite(self) -> None:
        try:
            self._rewrite()
        except OSError as error:
            self._fail(error)

    def _rewrite(self) -> None:
        """All that is held, into a new file that takes the old one's place in one move."""
        frames = [_frame(seq, entry) for seq, entry in enumerate(self._entries(), start=1)]
        beside = self._path.with_name(self._path.name + ".new")
        beside.unlink(missing_ok=True)
        descriptor = _open_for_append(beside)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.writelines(frames)
            os.fsync(descriptor)
            beside.replace(self._path)
        except OSError:
            os.close(descriptor)
            beside.unlink(missing_ok=True)
            raise
        self.close()
        self._descriptor = descriptor
        self._size = sum(map(len, frames))
        self._compact_at = max(COMPACT_BYTES_MIN, 2 * self._size)
        self._seq = len(frames)
        if self.failed:
            self._report(f"{self._path.name}: can be written again")
        self.failed = False
        self.failure = ""

    def _fail(self, error: OSError) -> None:
        self.close()
        if not self.failed:
            self.failed = True
            self.failure = f"{self._path.name}: cannot be kept: {error.strerror or error}"
            self._report(self.failure)


def _open_for_append(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def _frame(seq: int, entry: Entry) -> bytes:
    payload = _encoder.encode(entry)
    checksum = zlib.crc32(payload, zlib.crc32(_SEQ.pack(seq)))
    return _HEADER.pack(_MAGIC, len(payload), seq, checksum) + payload


def _record_at(data: bytes, offset: int) -> tuple[int, bytes] | None:
    """The seq and payload of the record at `offset`, or None where there is no whole one."""
    start = offset + _HEADER.size
    if start > len(data):
        return None
    magic, length, seq, checksum = _HEADER.unpack_from(data, offset)
    # A length of zero passes its checksum too easily: a file of zeros is no journal.
    if magic != _MAGIC or not 0 < length <= _PAYLOAD_BYTES_MAX or start + length > len(data):
        return None
    payload = data[start : start + length]
    if zlib.crc32(payload, zlib.crc32(_SEQ.pack(seq))) != checksum:
        return None
    return seq, payload


def _next_whole(data: bytes, offset: int, seq: int) -> int | None:
    """Where the next whole record with a higher seq begins."""
    while (offset := data.find(_MAGIC, offset)) != -1:
        found = _record_at(data, offset)
        if found is not None and found[0] > seq:
            return offset
        offset += 1
    return None


def _bounded(record: RestartRecord) -> RestartRecord:
    """A dump names the thread that hangs first, a log its last words last: keep those ends."""
    lines = tuple(_text(line[:LINE_LENGTH_MAX]) for line in record.last_lines[-LINES_MAX:])
    dump = _text(record.dump[:DUMP_LENGTH_MAX])
    return msgspec.structs.replace(record, dump=dump, last_lines=lines)


def _text(found: str) -> str:
    """What a dying process wrote may hold half characters, which no encoder takes."""
    return found.encode(errors="replace").decode()
