"""How a client catches up: what to replay, what only the journal has, what starts anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actors.cache.replica import Replica
from actors.cache.store import Change
from actors.messages.ids import is_account_topic


class Position(NamedTuple):
    """A place in the stream: `<stream>-<sequence>`."""

    stream: str
    seq: int

    @property
    def text(self) -> str:
        return f"{self.stream}-{self.seq}"


def read_position(text: str) -> Position | None:
    """The place that a client names, or None where the text is none."""
    stream, dash, digits = text.rpartition("-")
    if not dash or not stream or not digits.isascii() or not digits.isdigit() or len(digits) > 19:
        return None
    return Position(stream, int(digits))


class Plan(NamedTuple):
    """`replay` in order; `journal` topics to be read from the cache; `anew` topics to be reset."""

    replay: list[Change]
    journal: list[str]
    anew: list[str]
    reason: str = ""


def plan(replica: Replica, since: Position, topics: Sequence[str]) -> Plan:
    """How to bring a client from `since` to now on `topics`."""
    store = replica.store
    if since.stream != replica.stream_id:
        return Plan([], [], list(topics), "the stream began anew")
    if since.seq > store.seq:
        return Plan([], [], list(topics), "this id was not given yet")
    behind = [topic for topic in topics if store.last_seq(topic) > since.seq]
    if not behind:
        return Plan([], [], [])
    changes = replica.resume(since.seq, set(behind).__contains__)
    if changes is not None:
        return Plan(changes, [], [])
    replay: list[Change] = []
    journal: list[str] = []
    anew: list[str] = []
    for topic in behind:
        found = replica.resume(since.seq, topic.__eq__)
        if found is not None:
            replay += found
        else:
            (journal if is_account_topic(topic) else anew).append(topic)
    replay.sort(key=lambda change: change.seq)
    return Plan(replay, journal, anew, "too far behind")


def holes(changes: Sequence[Change], since: int, topics: Sequence[str]) -> list[str]:
    """Which topics the journal could not tell from `since` on."""
    first = dict.fromkeys(topics, -1)
    for change in changes:
        if first.get(change.topic) == -1:
            first[change.topic] = change.prev
    return [topic for topic, prev in first.items() if prev == -1 or prev > since]
