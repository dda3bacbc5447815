"""The states of a child as a table, and the kernel's state as a value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import msgspec

from actors.messages.control import ChildStatus, Heartbeat, RestartRecord
from actors.supervision.effects import Remembered
from actors.supervision.events import Instant
from actors.supervision.schedule import CLEAN, Limits, Tally, phase
from actors.supervision.spec import ChildSpec

BY_CONFIG: Final = "config"
BY_KEY: Final = "key"
BY_SPEC: Final = "spec"


class State(StrEnum):
    """Where a child stands; the names are those of ChildStatus."""

    NEW = "new"
    STARTING = "starting"
    READY = "ready"
    HUNG = "hung"
    OVER_MEMORY = "over_memory"
    STOPPING = "stopping"
    EXITED = "exited"
    BACKOFF = "backoff"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"


class Trigger(StrEnum):
    """What moves a child from one state to another."""

    SPAWN = "spawn"
    READY = "ready"
    SILENCE = "silence"
    MEMORY = "memory"
    STOP = "stop"
    EXIT = "exit"
    UNANSWERED = "unanswered"
    BACK_OFF = "back_off"
    START = "start"
    QUARANTINE = "quarantine"


TRANSITIONS: Final[Mapping[State, Mapping[Trigger, State]]] = {
    State.NEW: {
        Trigger.SPAWN: State.STARTING,
        Trigger.BACK_OFF: State.BACKOFF,
        Trigger.STOP: State.STOPPED,
        Trigger.QUARANTINE: State.QUARANTINED,
    },
    State.STARTING: {
        Trigger.READY: State.READY,
        Trigger.SILENCE: State.HUNG,
        Trigger.MEMORY: State.OVER_MEMORY,
        Trigger.STOP: State.STOPPING,
        Trigger.EXIT: State.EXITED,
        Trigger.UNANSWERED: State.NEW,
    },
    State.READY: {
        Trigger.SILENCE: State.HUNG,
        Trigger.MEMORY: State.OVER_MEMORY,
        Trigger.STOP: State.STOPPING,
        Trigger.EXIT: State.EXITED,
        Trigger.UNANSWERED: State.NEW,
    },
    State.HUNG: {Trigger.EXIT: State.EXITED},
    State.OVER_MEMORY: {Trigger.EXIT: State.EXITED},
    State.STOPPING: {Trigger.EXIT: State.EXITED},
    State.EXITED: {
        Trigger.BACK_OFF: State.BACKOFF,
        Trigger.START: State.NEW,
        Trigger.STOP: State.STOPPED,
        Trigger.QUARANTINE: State.QUARANTINED,
    },
    State.BACKOFF: {
        Trigger.SPAWN: State.STARTING,
        Trigger.START: State.NEW,
        Trigger.STOP: State.STOPPED,
        Trigger.QUARANTINE: State.QUARANTINED,
    },
    State.QUARANTINED: {
        Trigger.SPAWN: State.STARTING,
        Trigger.START: State.NEW,
        Trigger.STOP: State.STOPPED,
    },
    State.STOPPED: {
        Trigger.START: State.NEW,
        Trigger.QUARANTINE: State.QUARANTINED,
    },
}
"""Every move there is; the kernel looks each of its moves up here."""

ALIVE: Final = frozenset(
    {State.STARTING, State.READY, State.HUNG, State.OVER_MEMORY, State.STOPPING}
)
"""States in which a process exists, or was asked for."""

WORKING: Final = frozenset({State.STARTING, State.READY})
"""States in which a child owes heartbeats."""

WAITING: Final = frozenset({State.BACKOFF, State.QUARANTINED})
"""States in which a time to start again may be set."""


class Then(StrEnum):
    """What follows the end of the present incarnation."""

    BACK_OFF = "back_off"
    START = "start"
    STOP = "stop"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One child as the kernel knows it.

    `deadline_ns` (monotonic) is the next time at which something follows from nothing happening:
    a missing beat (STARTING, READY), a dump or an exit that does not come (HUNG, OVER_MEMORY,
    STOPPING), the next start (BACKOFF, QUARANTINED). `not_before_ns` is the latter in wall time,
    `wait_ns` the whole of that wait. `quarantine` is "", `config`, `key` or `spec`. `told`: Stop
    was sent. `relieved_ns` (monotonic): when it was last replaced for its memory.
    """

    spec: ChildSpec
    digest: str
    state: State = State.NEW
    epoch: int = 0
    pid: int | None = None
    asked: Instant | None = None
    started: Instant | None = None
    ready: Instant | None = None
    heartbeat: Heartbeat | None = None
    cpu_percent: float | None = None
    deadline_ns: int | None = None
    then: Then = Then.BACK_OFF
    told: bool = False
    killed: bool = False
    been_ready: bool = False
    ended: bool = False
    tally: Tally = CLEAN
    restarts: int = 0
    quarantine: str = ""
    rejections: int = 0
    not_before_ns: int = 0
    wait_ns: int = 0
    reason: str = ""
    last_exit: RestartRecord | None = None
    relieved_ns: int | None = None
    published_ns: int = 0

    def moved(self, trigger: Trigger, **changes: Any) -> Child:
        """The child after one move of the table; a move that is not there is a KeyError."""
        return replace(self, state=TRANSITIONS[self.state][trigger], **changes)


@dataclass(frozen=True, slots=True)
class Closing:
    """The shutdown: which stage was told to stop (-1: none yet), and its bound (monotonic)."""

    stage: int
    deadline_ns: int
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelState:
    """Everything that the kernel knows; `children` by actor id, in the order of their coming.

    `retired` is what is remembered of actors that are no children now; what falls out of it
    raises `epoch_floor`, above which every unknown actor's epochs begin.
    """

    limits: Limits
    seed: int
    children: Mapping[str, Child] = field(default_factory=dict)
    retired: Mapping[str, Remembered] = field(default_factory=dict)
    epoch_floor: int = 0
    zygote_up: bool = True
    closing: Closing | None = None


def new_state(limits: Limits, seed: int) -> KernelState:
    """Nothing runs yet; `seed` begins the jitter."""
    return KernelState(limits=limits, seed=seed)


def digest_of(spec: ChildSpec) -> str:
    """Identifies what an incarnation is made from, without its descriptors (plain data only)."""
    plain = (spec.entry, dict(spec.config), spec.quarantined, spec.secrets_digest)
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()[:16]


def remembered(child: Child) -> Remembered:
    """What the journal keeps of a child."""
    return Remembered(
        last_epoch=child.epoch,
        attempt=child.tally.attempt,
        free_used=child.tally.free_used,
        restarts=child.restarts,
        quarantine="" if child.quarantine == BY_SPEC else child.quarantine,
        rejections=child.rejections,
        not_before_ns=child.not_before_ns,
        wait_ns=child.wait_ns,
        digest=child.digest if child.quarantine or child.rejections else "",
        reason=child.reason if child.quarantine in {BY_CONFIG, BY_KEY} else "",
        last_exit=child.last_exit,
    )


def status(limits: Limits, child: Child) -> ChildStatus:
    """What the world may see of a child."""
    beat = child.heartbeat
    waits = child.state in WAITING and child.deadline_ns is not None
    return ChildStatus(
        actor=child.spec.actor,
        kind=child.spec.kind.value,
        state=child.state.value,
        pid=child.pid,
        epoch=child.epoch,
        phase=phase(limits, child.spec.kind, child.tally.attempt),
        attempt=child.tally.attempt,
        next_restart_ns=child.not_before_ns if waits else None,
        next_restart_mono_ns=child.deadline_ns if waits else None,
        restarts=child.restarts,
        started_ns=child.started.wall_ns if child.started else None,
        ready_ns=child.ready.wall_ns if child.ready else None,
        rss_bytes=beat.rss_bytes if beat else None,
        private_bytes=beat.private_bytes if beat else None,
        cpu_percent=child.cpu_percent,
        last_frame_age_ms=beat.last_frame_age_ms if beat else None,
        queue_depth=beat.queue_depth if beat else 0,
        last_sequence=beat.last_sequence if beat else 0,
        label=child.spec.label,
        reason=child.reason,
        last_exit=child.last_exit,
    )
