"""How a process ended, asked of the kernel: look first, reap later, never wait."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SWEEP_MAX: Final = 256
"""Zombies reaped in one sweep."""

_TICK_MS: Final = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Death:
    """Exit code or signal (both None: nobody knows) and CPU time, None where it is not known."""

    code: int | None = None
    signal: int | None = None
    cpu_ms: float | None = None


UNKNOWN: Final = Death()


def peek(pidfd: int) -> Death | None:
    """The death of our own child, which stays a zombie; None while it lives.

    Raises ChildProcessError where it is not ours, or was reaped already.
    """
    found = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if found is None:
        return None
    # The usage of RUSAGE_CHILDREN mixes all children; a zombie still has its own figures.
    return _death(found, cpu_ms(found.si_pid))


def reap(pidfd: int) -> Death | None:
    """As `peek`, and the zombie is gone afterwards."""
    death = peek(pidfd)
    if death is not None:
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    return death


def sweep(known: Collection[int]) -> list[int]:
    """Reap our zombies whose process ids are not `known`; their ids.

    Such are orphans of a zygote that died within a start, and children of children.
    """
    reaped: list[int] = []
    for _ in range(SWEEP_MAX):
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            break
        if found is None or found.si_pid in known:
            # The kernel shows the same zombie again until its own reaper has come.
            break
        os.waitid(os.P_PID, found.si_pid, os.WEXITED | os.WNOHANG)
        reaped.append(found.si_pid)
    return reaped


def cpu_ms(pid: int) -> float | None:
    """User and system time of a process or zombie in steps of 10 ms; None where it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold spaces, so counting starts behind it.
    fields = text[text.rindex(b")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_MS


def _death(found: os.waitid_result, cpu: float | None) -> Death:
    if found.si_code == os.CLD_EXITED:
        return Death(code=found.si_status, cpu_ms=cpu)
    return Death(signal=found.si_status, cpu_ms=cpu)
