"""What a process says of its own memory, between two walks over its page tables too."""

from __future__ import annotations

import mmap

from actors.runtime.vitals import PRIVATE_EVERY_BEATS, Vitals

MEGABYTE = 1 << 20


def test_private_memory_follows_what_is_taken_at_once_and_not_at_the_next_walk() -> None:
    vitals = Vitals()
    assert vitals.private_bytes() == 0, "the first beat does not wait for it"
    before = vitals.private_bytes()
    assert 0 < before <= vitals.rss_bytes()
    region = mmap.mmap(-1, 64 * MEGABYTE)
    for offset in range(0, len(region), mmap.PAGESIZE):
        region[offset] = 1
    grown = vitals.private_bytes()
    assert grown - before > 60 * MEGABYTE
    region.close()
    for _ in range(PRIVATE_EVERY_BEATS):
        vitals.private_bytes()
    assert vitals.private_bytes() < grown - 30 * MEGABYTE, "walked again"
