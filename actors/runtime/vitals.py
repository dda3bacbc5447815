"""What a process can say of its own memory and CPU, cheaply enough for each heartbeat."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

PRIVATE_EVERY_BEATS: Final = 15
"""smaps_rollup walks the page tables (milliseconds), so private memory is read seldom."""

_PAGE_BYTES: Final = os.sysconf("SC_PAGESIZE")


class Vitals:
    """Readings of the process that made it."""

    __slots__ = ("_beats", "_private_bytes", "_rss_then")

    def __init__(self) -> None:
        self._beats = 0
        self._private_bytes = 0
        self._rss_then = 0

    def rss_bytes(self) -> int:
        """Resident memory, shared pages included."""
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE_BYTES

    def private_bytes(self) -> int:
        """Memory that no other process shares.

        A reading of up to PRIVATE_EVERY_BEATS ago, and what RSS has grown by since, for little of
        what is new is anybody else's. 0 at the first beat, and where the kernel does not tell.
        Other processes may not look this up once inspection is forbidden, so it travels in the
        heartbeat.
        """
        if self._beats % PRIVATE_EVERY_BEATS == 1:
            self._private_bytes = _private_bytes()
            self._rss_then = self.rss_bytes()
        self._beats += 1
        if not self._private_bytes:
            return 0
        return self._private_bytes + max(0, self.rss_bytes() - self._rss_then)

    def cpu_ms(self) -> float:
        """CPU time of all threads since the process began."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return round((usage.ru_utime + usage.ru_stime) * 1000, 1)


def _private_bytes() -> int:
    try:
        text = Path("/proc/self/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(
        int(line.split()[1]) * 1024
        for line in text.splitlines()
        if line.startswith(("Private_Clean:", "Private_Dirty:"))
    )
