"""What a process does to itself before it does its work: descriptors, signals, title, privacy."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Collection

import setproctitle

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
DUMP_SIGNAL = signal.SIGUSR1
"""Makes faulthandler write the stacks of all threads."""


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {option}: {os.strerror(number)}")


def forbid_inspection() -> None:
    """Keep other processes of the same user out of memory and environment; lost at each exec."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def raise_descriptor_limit() -> int:
    """Lift the soft limit of open files to the hard one; returns the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def entitle(role: str) -> None:
    """The name in `ps`; a forked process would otherwise carry the zygote's."""
    setproctitle.setproctitle(f"broadcaster: {role}")


def keep_only(descriptors: Collection[int]) -> None:
    """Close every descriptor but 0, 1, 2 and `descriptors`; 0 becomes /dev/null."""
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    if empty not in descriptors:
        os.close(empty)
    sys.stdin = None
    first = 3
    for kept in sorted({*descriptors}):
        os.closerange(first, kept)
        first = kept + 1
    os.closerange(first, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def settle_signals() -> None:
    """Leave only Stop, the lifeline and SIGKILL as ways to end this process.

    Ctrl-C and service managers signal the whole group; the order of the end is the supervisor's.
    """
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
