"""What a run of the supervisor is given besides its children: places, limits, voices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from actors.messages.control import ChildStatus, LogRecord
from actors.supervision.schedule import Limits
from actors.supervision.spec import ChildSpec

EXIT_FAILED: Final = 70
"""The supervisor itself broke (EX_SOFTWARE); lifelines end the children, a service manager or a
container starts it anew."""

LogSink = Callable[[str, LogRecord], None]
"""`log_sink(source, record)`: source is an actor id or `supervisor`; called in a thread of its own,
one call at a time; what it raises ends nothing."""


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


def discard_log(source: str, record: LogRecord) -> None:
    """A log sink that keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorOptions:
    """`run_supervisor`'s second argument.

    `preload` names modules that the zygote imports once for all children; one that cannot be
    imported is reported and left out. `reload(actor)` returns, for `reset`, the spec as it is
    configured now, with a new sealed memory file that is the supervisor's to close; None where
    nothing can have changed; it may block and may raise Fault.
    `cache_socket` is the path under which the cache listens; None publishes nothing.
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
