"""Notices when a topic becomes stale, or is so no more: no number is silently stale."""

from __future__ import annotations

from actors.cache.replica import Replica
from web.composer import Composer
from web.frames import Message
from web.reading import Reading


class Staleness:
    """The last verdict on each topic (as many as topics exist)."""

    def __init__(self, replica: Replica, reading: Reading, composer: Composer) -> None:
        self._replica = replica
        self._reading = reading
        self._composer = composer
        self._verdicts: dict[str, tuple[bool, str]] = {}

    def turned(self) -> list[Message]:
        """A message for each topic whose verdict is another than when last asked."""
        messages = []
        before, self._verdicts = self._verdicts, {}
        for topic in self._replica.store.topics():
            found = self._reading.stale(topic)
            if found is None:
                continue
            stale, reason, as_of_us = found
            if before.get(topic, (stale, reason)) != (stale, reason):
                messages.append(self._composer.freshness(topic, stale, reason, as_of_us))
            self._verdicts[topic] = (stale, reason)
        return messages
