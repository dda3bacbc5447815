"""Who listens to which stream, and the frames that go to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actors.simulator.subscription import Subscription

CONNECTIONS_MAX: Final = 5_000


class Hub:
    """All subscriptions by topic; a topic has at most one of each connection."""

    __slots__ = ("_topics",)

    def __init__(self) -> None:
        self._topics: defaultdict[str, dict[int, Subscription]] = defaultdict(dict)

    def __iter__(self) -> Iterator[Subscription]:
        return (one for members in list(self._topics.values()) for one in list(members.values()))

    def __len__(self) -> int:
        return sum(len(members) for members in self._topics.values())

    def join(self, subscription: Subscription) -> None:
        self._topics[subscription.topic][subscription.number] = subscription

    def leave(self, subscription: Subscription) -> None:
        members = self._topics.get(subscription.topic)
        if members is not None:
            members.pop(subscription.number, None)
            if not members:
                del self._topics[subscription.topic]

    def wanted(self, topic: str) -> bool:
        return topic in self._topics

    def topics(self) -> list[str]:
        return list(self._topics)

    def members(self, topic: str) -> list[Subscription]:
        members = self._topics.get(topic)
        return list(members.values()) if members else []

    def send(self, topic: str, frame: bytes) -> None:
        """To everybody on a topic; what a frame is, the dialect's `FrameForm` says."""
        for subscription in self.members(topic):
            subscription.offer(frame)
