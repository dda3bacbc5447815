"""What a service manager (systemd) says to the process that it started, in its environment."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from actors.errors import ConfigFault
from config.environment import inherited


class NotifySocket(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is where it listens (`@` for an abstract name; empty: nobody does).

    `watchdog_us`: it wants a sign of life at least so often; 0: it does not.
    """

    address: str = ""
    watchdog_us: int = 0


def read_notify_socket(variable: Callable[[str], str] = inherited) -> NotifySocket:
    """Raises ConfigFault that names the variable.

    The watchdog is for one process alone: a script that started us is another one. An address
    that is no unix socket (a virtual machine's vsock) is left alone.
    """
    address = variable("NOTIFY_SOCKET")
    if not address.startswith(("/", "@")):
        return NotifySocket()
    own = variable("WATCHDOG_PID") in ("", str(os.getpid()))
    wanted = variable("WATCHDOG_USEC") if own else ""
    if wanted and not (wanted.isascii() and wanted.isdigit()):
        raise ConfigFault("WATCHDOG_USEC", f"{wanted!r:.40}", "a whole number of microseconds")
    return NotifySocket(address=address, watchdog_us=int(wanted or 0))
