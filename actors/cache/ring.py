"""Recent changes, bounded by count and bytes, and from where on each topic is complete; pure."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from actors.cache.datum import Change
from actors.messages.ids import is_account_topic

RING_COUNT: Final = 50_000
RING_BYTES: Final = 16 * 1024 * 1024
ACCOUNT_SHARE: Final = 0.25
"""Of both bounds, kept apart so that a flood of market data never pushes account events out."""
CHANGE_BYTES: Final = 350
"""What a change costs beside its body."""


class _Lane:
    """Changes in order of their sequence; the oldest leave when a bound is passed."""

    __slots__ = ("_bytes", "_bytes_max", "_changes", "_count_max", "_start", "floor")

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._changes: list[Change] = []
        self._start = 0
        self._bytes = 0
        self._count_max = count_max
        self._bytes_max = bytes_max
        self.floor = 0
        """The newest sequence that is no longer held."""

    def append(self, change: Change) -> list[Change]:
        """Holds `change`; returns what left for it."""
        self._changes.append(change)
        self._bytes += len(change.body) + CHANGE_BYTES
        left: list[Change] = []
        while len(self) > 1 and (len(self) > self._count_max or self._bytes > self._bytes_max):
            oldest = self._changes[self._start]
            self._start += 1
            self._bytes -= len(oldest.body) + CHANGE_BYTES
            self.floor = oldest.seq
            left.append(oldest)
        if self._start > 1_024 and self._start * 2 > len(self._changes):
            # Moving the rest once in a while is cheaper than a deque that cannot be searched.
            del self._changes[: self._start]
            self._start = 0
        return left

    def after(self, seq: int, limit: int | None = None) -> list[Change]:
        at = bisect_right(self._changes, seq, lo=self._start, key=_seq)
        return self._changes[at : None if limit is None else at + limit]

    @property
    def newest(self) -> int:
        return self._changes[-1].seq if len(self) else self.floor

    def __len__(self) -> int:
        return len(self._changes) - self._start


class Ring:
    """Lets a subscriber resume: every later change of its topics, or the word that one is gone."""

    def __init__(self, count_max: int = RING_COUNT, bytes_max: int = RING_BYTES) -> None:
        count = max(1, int(count_max * ACCOUNT_SHARE))
        size = int(bytes_max * ACCOUNT_SHARE)
        self.account = _Lane(count, size)
        self.market = _Lane(max(1, count_max - count), bytes_max - size)
        self._last: dict[str, int] = {}
        self._floors: dict[str, int] = {}

    def append(self, change: Change) -> None:
        topic = change.topic
        is_account = is_account_topic(topic)
        if change.prev != self._last.get(topic, -1):
            # A first account change without a predecessor is the topic's first ever; of a market
            # topic it only says that nothing is known of what came before.
            first_ever = is_account and not change.prev and topic not in self._last
            self._raise_floor(topic, 0 if first_ever else change.prev or change.seq)
        self._last[topic] = change.seq
        for left in (self.account if is_account else self.market).append(change):
            self._raise_floor(left.topic, left.seq)

    def set_head(self, topic: str, seq: int) -> None:
        """`seq` was the last change of `topic`: where it is not held, nothing up to it is."""
        if self._last.get(topic, 0) < seq:
            self._last[topic] = seq
            self._raise_floor(topic, seq)

    def complete_after(self, topic: str) -> int:
        """Every change of `topic` after this sequence is held."""
        return self._floors.get(topic, 0)

    def after(self, seq: int) -> Iterator[Change]:
        """All held changes after `seq`, in order."""
        return heapq.merge(self.account.after(seq), self.market.after(seq), key=_seq)

    def topics(self) -> list[str]:
        return list(self._last)

    def __contains__(self, topic: str) -> bool:
        return topic in self._last

    def __len__(self) -> int:
        return len(self.account) + len(self.market)

    def _raise_floor(self, topic: str, seq: int) -> None:
        if seq > self._floors.get(topic, 0):
            self._floors[topic] = seq


def _seq(change: Change) -> int:
    return change.seq
