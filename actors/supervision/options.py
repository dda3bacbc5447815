"""What a run of the supervisor is given besides its children: places, limits, voices."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from actors.messages.control import ChildStatus, LogRecord
from actors.supervision.schedule import Limits
from actors.supervision.spec import ChildSpec
from config.credentials import read_sealed
from config.logs import LogSink, Speaker
from config.notify_socket import NotifySocket

if TYPE_CHECKING:
    from config.plan import Plan

EXIT_FAILED: Final = 70
"""The supervisor itself broke (EX_SOFTWARE); lifelines end the children, a service manager or a
container starts it anew."""


class Announce(Protocol):
    """The terminal; called in the same thread as the log sink."""

    def child(self, status: ChildStatus) -> None:
        """A child's public state changed."""

    def all_ready(self) -> None:
        """Every child that can be is READY for the first time; said once."""


class Silent:
    """Announces nothing."""

    def child(self, status: ChildStatus) -> None:
        """Says nothing."""

    def all_ready(self) -> None:
        """Says nothing."""


def discard_log(speaker: Speaker, record: LogRecord) -> None:
    """A log sink that keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentryOptions:
    """Where alerts go, and how they are told apart; the DSN stays in this process.

    `repeat_s` is the least time between two alerts of one kind.
    """

    dsn: str = field(repr=False)
    environment: str
    release: str
    repeat_s: float = 600.0


def sentry_options(plan: Plan) -> SentryOptions | None:
    """Opens what the loader sealed, once; None where no SENTRY_DSN is set."""
    if plan.sentry is None:
        return None
    try:
        dsn = read_sealed(plan.sentry)["SENTRY_DSN"]
    finally:
        os.close(plan.sentry)
    return SentryOptions(dsn=dsn, environment=plan.environment, release=plan.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorOptions:
    """`run_supervisor`'s second argument.

    `preload` names modules that the zygote imports once for all children; one that cannot be
    imported is reported and left out. `reload(actor)` returns, for `reset`, the spec as it is
    configured now, with a new sealed memory file that is the supervisor's to close; None where
    nothing can have changed; it may block and may raise Fault.
    `on_demand(topic)` is the spec of a market stream that clients may start, None for what cannot
    run; at most `streams_max` of them run at once.
    `cache_socket` is the path under which the cache listens; None publishes nothing. Without
    `sentry` nobody is told of errors but the log.
    """

    runtime_dir: Path
    data_dir: Path
    limits: Limits = field(default_factory=Limits)
    log_sink: LogSink = discard_log
    announce: Announce = field(default_factory=Silent)
    simulated: bool = False
    reload: Callable[[str], ChildSpec | None] | None = None
    preload: Sequence[str] = ()
    cache_socket: Path | None = None
    seed: int | None = None
    sentry: SentryOptions | None = None
    notify: NotifySocket = field(default_factory=NotifySocket)
    on_demand: Callable[[str], ChildSpec | None] = lambda _topic: None
    streams_max: int = 0
