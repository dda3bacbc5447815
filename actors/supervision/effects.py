"""What the kernel wants done, and what it wants remembered: values, carried out by others."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from actors.messages.control import ChildStatus, RestartRecord


class Remembered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What must outlive the supervisor of one child.

    `attempt` crashes count in the schedule, `free_used` says that the uncounted restart is spent,
    `rejections` are key rejections in a row. `quarantine` is "", `config` or `key`.
    `not_before_ns` is wall time (0: may start at once) and `wait_ns` the whole wait that ends
    there, which caps what is left of it after a step of the wall clock. `digest` identifies the
    configuration that the quarantine speaks of. `last_exit` is without dump and lines.
    """

    last_epoch: int = 0
    attempt: int = 0
    free_used: bool = False
    restarts: int = 0
    quarantine: str = ""
    rejections: int = 0
    not_before_ns: int = 0
    wait_ns: int = 0
    digest: str = ""
    reason: str = ""
    last_exit: RestartRecord | None = None


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start this incarnation; answered by Spawned or SpawnFailed (or ZygoteLost).

    Whatever is left of an earlier start of the same actor is to be ended first (its lifeline
    closed): where no answer came, its pid is not known here.
    """

    actor: str
    epoch: int


@dataclass(frozen=True, slots=True)
class TakeDump:
    """Make faulthandler write (signal, then SIGCONT); answered by Dumped."""

    actor: str
    epoch: int
    pid: int


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL through the pidfd of exactly this incarnation; answered by Exited.

    The epoch may be one that was given up on (its start was answered too late), and the process
    may be gone already: then nothing is to be done.
    """

    actor: str
    epoch: int
    pid: int


@dataclass(frozen=True, slots=True)
class SendStop:
    """Send Stop over the control link; answered by Exited. The pid may not be known yet."""

    actor: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Record:
    """One incarnation's end, for the history."""

    record: RestartRecord


@dataclass(frozen=True, slots=True)
class Remember:
    """The child's newest Remembered, for the journal; comes before the Spawn it speaks of."""

    actor: str
    remembered: Remembered


@dataclass(frozen=True, slots=True)
class Publish:
    """The child's public state, for the cache."""

    status: ChildStatus


@dataclass(frozen=True, slots=True)
class Quit:
    """All is ended (or the bound has come): leave with this code."""

    code: int


Effect = Spawn | TakeDump | Kill | SendStop | Record | Remember | Publish | Quit
