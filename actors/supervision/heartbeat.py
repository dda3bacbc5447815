"""What is done to a child that missed its deadline: its stacks are taken, then it is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Final

from actors.runtime.isolation import DUMP_SIGNAL
from actors.supervision.incarnation import Incarnation

_POLL_S: Final = 0.01
"""faulthandler writes line by line, so a dump is taken to be whole when it stops growing."""

_STEADY_POLLS: Final = 2


async def take_dump(incarnation: Incarnation, wait_s: float) -> None:
    """Make the child write its stacks, and return when it has or `wait_s` is over."""
    pidfd = incarnation.pidfd
    if pidfd is None:
        return
    before = incarnation.dump_size()
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, DUMP_SIGNAL)
        # A stopped process handles no signal, the pending dump included, until it goes on.
        signal.pidfd_send_signal(pidfd, signal.SIGCONT)
    steady = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            last = before
            while steady < _STEADY_POLLS and not incarnation.is_gone:
                await asyncio.sleep(_POLL_S)
                size = incarnation.dump_size()
                steady = steady + 1 if size == last and size > before else 0
                last = size


def kill(incarnation: Incarnation) -> None:
    """SIGKILL to exactly this process; one whose id is not known yet dies by its lifeline."""
    if incarnation.pidfd is None:
        incarnation.cut_lifeline()
        return
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(incarnation.pidfd, signal.SIGKILL)
