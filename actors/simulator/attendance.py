"""Which stream was listened to, by how many, and when: what tests of shared streams count."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any, Final

TOPICS_KEPT: Final = 2_000
STAYS_KEPT: Final = 100
"""Per topic, newest last."""


@dataclass(slots=True)
class Stay:
    """One connection from its opening to its end; `closed_ms` None while it is open."""

    connection: int
    address: str
    opened_ms: int
    closed_ms: int | None = None


@dataclass(slots=True)
class Attendance:
    """The connections of one topic: open now, opened ever, most at one time."""

    now: int = 0
    ever: int = 0
    most: int = 0
    stays: deque[Stay] = field(default_factory=lambda: deque(maxlen=STAYS_KEPT))


class Attendances:
    """All topics that anybody ever listened to; the longest untouched is forgotten first."""

    __slots__ = ("_topics",)

    def __init__(self) -> None:
        self._topics: OrderedDict[str, Attendance] = OrderedDict()

    def joined(self, topic: str, connection: int, address: str, at_ms: int) -> Stay:
        attendance = self._topics.setdefault(topic, Attendance())
        self._topics.move_to_end(topic)
        if len(self._topics) > TOPICS_KEPT:
            self._topics.popitem(last=False)
        attendance.now += 1
        attendance.ever += 1
        attendance.most = max(attendance.most, attendance.now)
        stay = Stay(connection, address, at_ms)
        attendance.stays.append(stay)
        return stay

    def left(self, topic: str, stay: Stay, at_ms: int) -> None:
        stay.closed_ms = at_ms
        attendance = self._topics.get(topic)
        if attendance is not None:
            attendance.now -= 1

    def summary(self) -> dict[str, dict[str, int]]:
        return {
            topic: {"now": one.now, "ever": one.ever, "most": one.most}
            for topic, one in self._topics.items()
        }

    def history(self, word: str) -> dict[str, list[dict[str, Any]]]:
        """The stays of the topics that begin with `word`, oldest first."""
        return {
            topic: [
                {
                    "connection": stay.connection,
                    "address": stay.address,
                    "opened_ms": stay.opened_ms,
                    "closed_ms": stay.closed_ms,
                }
                for stay in attendance.stays
            ]
            for topic, attendance in self._topics.items()
            if topic.startswith(word)
        }
