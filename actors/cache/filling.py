"""A whole state on its way into a replica, and what is new in it; pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from actors.cache.datum import Change
from actors.cache.ring import Ring
from actors.cache.store import Store
from actors.messages.envelope import Envelope
from actors.messages.ids import is_account_topic
from actors.runtime.framing import unpack

_heads = msgspec.msgpack.Decoder(dict[str, int])
_encoder = msgspec.msgpack.Encoder()


def encode_heads(heads: dict[str, int]) -> bytes:
    """The body of a `state_begin`: every topic with its last sequence."""
    return _encoder.encode(heads)


class Filling:
    """Store and ring under construction, between `state_begin` and `state_end`."""

    def __init__(
        self,
        store: Store,
        ring: Ring,
        begin: Envelope,
        takes: Callable[[str], bool] = lambda _topic: True,
    ) -> None:
        self.store = store
        self.ring = ring
        heads = _heads.decode(begin.body)
        self._heads = {topic: seq for topic, seq in heads.items() if takes(topic)}
        self._markets: list[Change] = []

    def take(self, seq: int, inner: Envelope) -> None:
        change = self.store.apply(seq, inner, 0)
        if change is not None and not is_account_topic(change.topic):
            self._markets.append(change)

    def missed_by(self, old: Store) -> list[Change] | None:
        """All changes that `old` lacks, in order; None where not every account change is here, or
        one was told before under another number. Brings the accounts of `old` up to date."""
        for topic in old.topics():
            if is_account_topic(topic) and self._heads.get(topic, 0) < old.last_seq(topic):
                return None
        for topic, head in self._heads.items():
            last = old.last_seq(topic)
            if is_account_topic(topic) and head > last and self._complete_after(topic) > last:
                return None
        told = [*self.ring.account.after(0), *self._markets]
        missed = [change for change in told if change.seq > old.last_seq(change.topic)]
        missed.sort(key=lambda change: change.seq)
        if any(is_account_topic(it.topic) and not _is_news(it, old) for it in missed):
            # Served by a cache that died before it could write it, and now numbered once more.
            return None
        return missed

    def finish(self, old: Store) -> None:
        """Sets the topics' last sequences and keeps what only `old` holds: nothing vanishes."""
        self.store.keep_missing(old)
        for topic, head in self._heads.items():
            self.store.set_head(topic, head)
        for topic in (*self.store.topics(), *self.store.ended):
            self.ring.set_head(topic, self.store.last_seq(topic))

    def _complete_after(self, topic: str) -> int:
        return self.ring.complete_after(topic) if topic in self.ring else self._heads[topic]


def _is_news(change: Change, store: Store) -> bool:
    return store.apply(change.seq, unpack(change.frame), change.prev) is not None
