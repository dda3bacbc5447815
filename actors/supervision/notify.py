"""Tells a service manager (systemd, `Type=notify`) how the service is, by sd_notify's protocol.

Datagrams of `NAME=value` lines to the socket that it named. The process that it started becomes
the supervisor by exec, so the main process needs no telling. Of a manager that does not listen
nothing is expected: what cannot be sent is lost, and that is said once.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from typing import Final

from actors.messages.control import ChildStatus
from actors.runtime.clock import Clock
from actors.supervision.spec import ChildKind
from config.notify_socket import NotifySocket

STATUS_GAP_NS: Final = 1_000_000_000
NAMES_MAX: Final = 5
"""Actors that the status line names; of more it says how many."""

_SERVING: Final = frozenset({ChildKind.CACHE.value, ChildKind.WEB.value})
_ASIDE: Final = ("quarantined", "backoff", "hung", "over_memory")


class Notifier:
    """Lives on the watcher's loop, save `stopping`, which any thread may call.

    READY is said once cache and web serve: a broken account must not keep the unit from being
    started. `pulse` is called when a sign of life is due; it leads to `alive` once all of the
    supervisor that must not stand still has had its turn.
    """

    def __init__(
        self,
        target: NotifySocket,
        clock: Clock,
        *,
        pulse: Callable[[], None],
        complain: Callable[[str], None],
    ) -> None:
        self._clock = clock
        self._pulse = pulse
        self._complain = complain
        self._gap_ns = target.watchdog_us * 1_000 // 2
        self._pulse_due_ns = clock.monotonic_ns()
        self._states: dict[str, tuple[str, str]] = {}
        self._is_ready = False
        self._is_stopping = False
        self._said = ""
        self._said_ns = clock.monotonic_ns() - STATUS_GAP_NS
        self._has_complained = False
        self._socket: socket.socket | None = None
        if target.address:
            name = target.address
            # An abstract name is written with @ and begins with a zero byte.
            self._address = "\0" + name[1:] if name.startswith("@") else name
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)

    def child(self, status: ChildStatus) -> None:
        """A child's public state changed."""
        if self._socket is None:
            return
        if status.reason == "removed":
            self._states.pop(status.actor, None)
        else:
            self._states[status.actor] = (status.kind, status.state)
        if not self._is_ready and self._serves():
            self._is_ready = True
            self._say(f"READY=1\nSTATUS={self._note()}")

    def turn(self) -> None:
        """Called a few times a second: the status line, and the sign of life, when they are due."""
        if self._socket is None:
            return
        now = self._clock.monotonic_ns()
        if self._gap_ns and now >= self._pulse_due_ns:
            self._pulse_due_ns = now + self._gap_ns
            self._pulse()
        if now - self._said_ns >= STATUS_GAP_NS and self._describe() != self._said:
            self._say(f"STATUS={self._note()}")

    def alive(self) -> None:
        """The answer to `pulse`."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        self._is_stopping = True
        self._say("STOPPING=1\nSTATUS=stopping")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _serves(self) -> bool:
        found = [(kind, state) for kind, state in self._states.values() if kind in _SERVING]
        kinds = {kind for kind, _ in found}
        return kinds == _SERVING and all(state == "ready" for _, state in found)

    def _note(self) -> str:
        self._said = self._describe()
        self._said_ns = self._clock.monotonic_ns()
        return self._said

    def _describe(self) -> str:
        if self._is_stopping:
            return "stopping"
        states = {actor: state for actor, (_, state) in self._states.items()}
        counts = Counter(states.values())
        parts = [f"{counts['ready']} of {len(states)} ready"]
        for state in _ASIDE:
            names = sorted(actor for actor, found in states.items() if found == state)
            if names:
                more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
                parts.append(f"{state.replace('_', ' ')}: {', '.join(names[:NAMES_MAX])}{more}")
        return "; ".join(parts)

    def _say(self, text: str) -> None:
        held = self._socket
        if held is None:
            return
        try:
            held.sendto(text.encode(), self._address)
        except OSError as error:
            if not self._has_complained:
                self._has_complained = True
                self._complain(f"the service manager does not listen: {error.strerror or error}")
