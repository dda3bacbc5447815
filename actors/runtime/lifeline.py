"""A pipe whose far end only the supervisor holds: when it closes, the kernel kills the holder.

The write end is never written to. Its last copy closes when the supervisor dies, however it dies;
the hang-up then raises SIGKILL in the process that armed the read end, be it idle, spinning,
blocked in a system call or stopped. PR_SET_PDEATHSIG would not do: it fires at the end of the
*thread* that created the child.
"""

from __future__ import annotations

import fcntl
import os
import signal

EXIT_ORPHAN = 1


def arm(read_end: int) -> None:
    """Make the hang-up of `read_end` kill this process; ends it at once if that happened before.

    The descriptor must stay open for the life of the process, and be this process's own: the
    owner of the signal belongs to the open file, which all copies of a descriptor share.
    """
    # A blocking read end would hang here for ever, as nobody writes.
    os.set_blocking(read_end, False)
    fcntl.fcntl(read_end, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(read_end, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(read_end, fcntl.F_GETFL)
    fcntl.fcntl(read_end, fcntl.F_SETFL, flags | os.O_ASYNC)
    # A hang-up before the arming raised no signal, so it has to be looked for once.
    try:
        os.read(read_end, 1)
    except BlockingIOError:
        return
    os._exit(EXIT_ORPHAN)


def make() -> tuple[int, int]:
    """(read end for the child, write end to keep), both closed on exec."""
    return os.pipe2(os.O_CLOEXEC)
