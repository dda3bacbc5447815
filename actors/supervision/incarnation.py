"""One life of one child as descriptors and last words, from its order to its post-mortem."""

from __future__ import annotations

import contextlib
import os
import socket
from collections import deque
from typing import Final

from actors.messages.control import LogRecord
from actors.runtime import lifeline
from actors.supervision.child_link import ChildLink
from actors.supervision.events import ExitInfo
from actors.supervision.life_lines import speaker
from actors.supervision.reaper import UNKNOWN, Death
from actors.supervision.spec import ChildSpec
from actors.supervision.zygote_wire import OWN_DESCRIPTORS, Start
from config.logs import Speaker

LAST_LINES_MAX: Final = 20
LINE_LENGTH_MAX: Final = 500
DUMP_BYTES_MAX: Final = 16 * 1024
_DUMP_HEAD_BYTES: Final = 4 * 1024
_ENTRY_FRAME: Final = " in run_child"


class Incarnation:
    """Owns the supervisor's copies of everything that this life alone uses.

    `handed` are the numbers that go to the child, with the names that `start` carries; they
    close once sent. Raises OSError where descriptors have run out (nothing stays open then).
    """

    def __init__(
        self, spec: ChildSpec, epoch: int, reporting: dict[str, str] | None = None
    ) -> None:
        self.actor = spec.actor
        self.kind = spec.kind
        self.epoch = epoch
        self.pid: int | None = None
        self.pidfd: int | None = None
        self.generation = 0
        self.is_gone = False
        self.death: Death | None = None
        self.link: ChildLink | None = None
        self._lines: deque[str] = deque(maxlen=LAST_LINES_MAX)
        self._owned: list[int] = []
        self.handed: list[int] = []
        self.end, theirs = socket.socketpair()
        self.handed.append(theirs.detach())
        try:
            self.dump = os.memfd_create(f"dump {spec.actor}"[:200], os.MFD_CLOEXEC)
            self._owned.append(self.dump)
            hang_up, self._lifeline = lifeline.make()
            self._owned.append(self._lifeline)
            self.handed.append(hang_up)
            # Copies, as a reset may close the spec's own number while this waits to be sent.
            for number in (self.dump, *spec.descriptors.values()):
                self.handed.append(os.dup(number))
        except OSError:
            self.close()
            raise
        self.start = Start(
            actor=spec.actor,
            epoch=epoch,
            entry=spec.entry,
            config=dict(spec.config),
            names=(*OWN_DESCRIPTORS, *spec.descriptors),
            reporting=reporting,
        )

    @property
    def key(self) -> tuple[str, int]:
        return self.actor, self.epoch

    @property
    def speaker(self) -> Speaker:
        """Who its lines are of."""
        return speaker(self.actor, self.kind, self.epoch, self.pid)

    def close_handed(self) -> None:
        while self.handed:
            os.close(self.handed.pop())

    def cut_lifeline(self) -> None:
        """Kill the process, whatever its id may be, and wherever its start has got to."""
        if self._lifeline in self._owned:
            self._owned.remove(self._lifeline)
            os.close(self._lifeline)

    def remember(self, record: LogRecord) -> None:
        """Keep a log record for the post-mortem, a text of several lines as such."""
        fields = " ".join(f"{name}={value}" for name, value in record.fields.items())
        text = f"{record.level} {record.event} {fields}".rstrip()
        self._lines.extend(line[:LINE_LENGTH_MAX] for line in text.splitlines())

    def dump_size(self) -> int:
        return os.fstat(self.dump).st_size

    def dump_text(self) -> str:
        """What faulthandler wrote; of too much its beginning and its end."""
        size = self.dump_size()
        if size <= DUMP_BYTES_MAX:
            data = os.pread(self.dump, DUMP_BYTES_MAX, 0)
        else:
            # The main thread's stack comes last.
            tail = DUMP_BYTES_MAX - _DUMP_HEAD_BYTES
            head = os.pread(self.dump, _DUMP_HEAD_BYTES, 0)
            data = head + b"\n[...]\n" + os.pread(self.dump, tail, size - tail)
        return _own_frames(data.decode("utf-8", "replace"))

    def post_mortem(self) -> ExitInfo:
        death = self.death or UNKNOWN
        return ExitInfo(
            code=death.code,
            signal=death.signal,
            cpu_ms=death.cpu_ms,
            dump=self.dump_text(),
            last_lines=tuple(self._lines),
        )

    def close(self) -> None:
        """Let go of everything; the process, if there is one, is killed by its lifeline."""
        self.close_handed()
        if self.link is not None:
            self.link.close()
        else:
            self.end.close()
        if self.pidfd is not None:
            with contextlib.suppress(OSError):
                os.close(self.pidfd)
            self.pidfd = None
        while self._owned:
            os.close(self._owned.pop())


def _own_frames(dump: str) -> str:
    """The dump without the frames below the child's entry: a fork inherits the zygote's stack."""
    kept: list[str] = []
    inherited = False
    for line in dump.splitlines(keepends=True):
        inherited = inherited and line.startswith("  File ")
        if not inherited:
            kept.append(line)
        inherited = inherited or line.rstrip().endswith(_ENTRY_FRAME)
    return "".join(kept)
