"""Where the recorder stands in the cache's stream, and what comes next for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from actors.cache.datum import Change
from actors.cache.replica import Replica
from actors.messages.ids import ACCOUNT_KINDS, account_topic, is_account_topic, topic_kind
from actors.messages.kinds import ACCOUNT_EVENTS, KINDS
from actors.sinks.contract import Position

SECTIONS: Final = ("fills", "fundings", "orders", "positions", "account")
"""Asked of the journal one by one, as each answer is bounded: figures must not crowd out fills."""
EXACT: Final = frozenset({"fills", "fundings", "orders", "positions"})
"""Sections of which every change counts; an account's figures are thinned anyhow."""

_decoders: Final = {kind: msgspec.msgpack.Decoder(KINDS[kind]) for kind in ACCOUNT_EVENTS}


def takes(topic: str) -> bool:
    """What the recorder's replica holds: accounts, and what rows are made of besides."""
    return topic_kind(topic) in ACCOUNT_KINDS or topic in ("points", "connections")


class CaughtUp(NamedTuple):
    """All that could be had beyond the place where the thread was lost.

    `gap` says which changes could not, and is empty where every one is here.
    """

    values: list[Any]
    position: Position
    gap: str


class Follower:
    """`position` is how far changes were handed out; None: nothing is known."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.position: Position | None = None

    def pull(self) -> list[Change] | None:
        """Every account change after the position, which moves; None where the thread is lost."""
        position, replica = self.position, self._replica
        if position is None or position.stream_id != replica.stream_id:
            return None
        changes = replica.resume(position.seq, is_account_topic)
        if changes:
            self.position = Position(position.stream_id, changes[-1].seq)
        return changes

    async def catch_up(self) -> CaughtUp:
        """What the cache holds and its journal tells, and the position that follows from it.

        Much of it may be stored already. Raises Disconnected; the position stays as it was then.
        """
        replica, was = self._replica, self.position
        since = was.seq if was is not None and was.stream_id == replica.stream_id else 0
        head = Position(replica.stream_id, replica.store.seq)
        values = [
            datum.value for account in replica.store.accounts.values() for datum in account.data()
        ]
        values += [value_of(change) for change in replica.ring.account.after(0)]
        gaps: list[str] = []
        for section in SECTIONS:
            topics = [account_topic(section, *owner) for owner in replica.store.accounts]
            older = await replica.older(since, topics)
            values += [value_of(change) for change in older]
            if since and section in EXACT:
                gaps += self._holes(since, head.seq, topics, older)
        self.position = head
        # State, ring and journal tell much of it three times.
        values = list(dict.fromkeys(values))
        return CaughtUp(values, head, ", ".join(sorted(gaps)))

    def _holes(
        self, since: int, head: int, topics: Sequence[str], older: list[Change]
    ) -> Iterator[str]:
        """Topics of which a change between `since` and `head` is neither in journal nor ring."""
        firsts: dict[str, int] = {}
        for change in older:
            firsts.setdefault(change.topic, change.prev)
        ring = self._replica.ring
        for topic in topics:
            last = min(head, self._replica.store.last_seq(topic))
            reaches = min(firsts.get(topic, last), ring.complete_after(topic))
            if last > since and reaches > since:
                yield topic


def value_of(change: Change) -> Any:
    """The struct that a change carries; the replica has read it before, so it is one."""
    return _decoders[change.kind].decode(change.body)
