"""What the kernel is told: one frozen message per fact, plus the time at which it was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from actors.messages.control import Heartbeat
from actors.supervision.effects import Remembered
from actors.supervision.spec import ChildSpec


@dataclass(frozen=True, slots=True)
class Instant:
    """Now: `mono_ns` (CLOCK_MONOTONIC) for intervals, `wall_ns` for display and the journal."""

    mono_ns: int
    wall_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitInfo:
    """How an incarnation ended. Code and signal both None: nobody knows, which is legal.

    `cpu_ms` is user and system time, None where it could not be had; `dump` is faulthandler's
    text; `last_lines` are its last log lines, oldest first.
    """

    code: int | None = None
    signal: int | None = None
    cpu_ms: float | None = None
    dump: str = ""
    last_lines: tuple[str, ...] = ()


class Operation(StrEnum):
    """What an operator may ask for a child.

    `restart` ends it and starts it anew (or starts it where it is not running), `reset` does the
    same and forgets counts and quarantine first.
    """

    RESTART = "restart"
    STOP = "stop"
    START = "start"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Boot:
    """Begin: the children to run, and what the journal remembers (also of other actors)."""

    specs: tuple[ChildSpec, ...]
    remembered: Mapping[str, Remembered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Spawned:
    """The start was answered: the process lives. May come after its first beat."""

    actor: str
    epoch: int
    pid: int


@dataclass(frozen=True, slots=True)
class SpawnFailed:
    """The start was answered: there is no process, for `reason`."""

    actor: str
    epoch: int
    reason: str


@dataclass(frozen=True, slots=True)
class BecameReady:
    """The child said Ready."""

    actor: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat was read from the child's link."""

    actor: str
    epoch: int
    heartbeat: Heartbeat


@dataclass(frozen=True, slots=True)
class Exited:
    """The process of this incarnation is gone."""

    actor: str
    epoch: int
    exit: ExitInfo


@dataclass(frozen=True, slots=True)
class Dumped:
    """The dump was written, or the time for it is over."""

    actor: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's word; `spec` (with reset) replaces what the child is started from."""

    op: Operation | str
    actor: str
    spec: ChildSpec | None = None


@dataclass(frozen=True, slots=True)
class SupervisorStalled:
    """The supervisor itself stood still (a paused machine): nobody's silence counts."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class ZygoteLost:
    """No starts for now. Said after its socket was drained and unanswered lifelines closed."""


@dataclass(frozen=True, slots=True)
class ZygoteReady:
    """Starts are possible. From Boot on they are taken to be possible until ZygoteLost."""


@dataclass(frozen=True, slots=True)
class AddChild:
    """One more child (or a new spec of a known one, for its next incarnation)."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class RemoveChild:
    """End this child and forget it; its epochs go on rising should it come back."""

    actor: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End everything in reverse order of dependence."""


@dataclass(frozen=True, slots=True)
class Tick:
    """`next_deadline_ns` has come. Everything readable must have been handed in before."""


Message = (
    Boot
    | Spawned
    | SpawnFailed
    | BecameReady
    | Beat
    | Exited
    | Dumped
    | Command
    | SupervisorStalled
    | ZygoteLost
    | ZygoteReady
    | AddChild
    | RemoveChild
    | Shutdown
    | Tick
)
