"""Who listens to which stream, and the frames that go to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from actors.simulator.connection import Connection

CONNECTIONS_MAX: Final = 5_000

_encoder: Final = msgspec.json.Encoder()


def payload(document: dict[str, Any]) -> bytes:
    """A JSON object without its closing brace, for `Connection.offer`."""
    return _encoder.encode(document)[:-1]


class Hub:
    """All open connections by topic."""

    __slots__ = ("_topics",)

    def __init__(self) -> None:
        self._topics: defaultdict[str, dict[int, Connection]] = defaultdict(dict)

    def __iter__(self) -> Iterator[Connection]:
        return (one for members in list(self._topics.values()) for one in list(members.values()))

    def __len__(self) -> int:
        return sum(len(members) for members in self._topics.values())

    def join(self, connection: Connection) -> None:
        self._topics[connection.topic][connection.number] = connection

    def leave(self, connection: Connection) -> None:
        members = self._topics.get(connection.topic)
        if members is not None:
            members.pop(connection.number, None)
            if not members:
                del self._topics[connection.topic]

    def wanted(self, topic: str) -> bool:
        return topic in self._topics

    def topics(self) -> list[str]:
        return list(self._topics)

    def send(self, topic: str, frame: bytes) -> None:
        """`frame` (see `payload`) to everybody on a topic."""
        members = self._topics.get(topic)
        if members:
            for connection in list(members.values()):
                connection.offer(frame)
