"""What the store hands out: data with their provenance, changes, and how fresh a datum is."""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from actors.messages.control import ConnectionState
from actors.messages.envelope import VERSION, Envelope
from actors.messages.kinds import KINDS
from actors.runtime.framing import pack

KIND_OF: Final[dict[type[msgspec.Struct], str]] = {struct: kind for kind, struct in KINDS.items()}

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(slots=True)
class Datum(Generic[T]):
    """The newest value of one object.

    `seq` is the global sequence of its last change; `confirmed_*` is when its venue last said it,
    changed or not (monotonic and wall clock), `changed_ns` when it last became another.
    """

    value: T
    source: str
    epoch: int
    seq: int
    confirmed_mono_ns: int
    confirmed_ns: int
    changed_ns: int
    via: str


class Change(NamedTuple):
    """One change of one topic.

    `seq` counts all changes; `prev` is the sequence of the same topic's last change before it (0:
    none is known). `number` is the source's own count, `sent_ns` its CLOCK_MONOTONIC.
    """

    seq: int
    prev: int
    topic: str
    kind: str
    source: str
    epoch: int
    sent_ns: int
    body: bytes
    number: int

    @property
    def frame(self) -> bytes:
        """The frame as the source packed it."""
        return pack(
            Envelope(
                VERSION,
                self.kind,
                self.source,
                self.epoch,
                self.number,
                self.sent_ns,
                self.topic,
                self.body,
            )
        )


def change_of(seq: int, prev: int, envelope: Envelope) -> Change:
    """The change that a source's frame made as number `seq`, after `prev` of its topic."""
    # Changes are kept by the ten thousand and name the same few topics, kinds and sources.
    return Change(
        seq,
        prev,
        intern(envelope.key),
        intern(envelope.kind),
        intern(envelope.source),
        envelope.epoch,
        envelope.sent_ns,
        envelope.body,
        envelope.seq,
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A venue's word that everything of one topic is still so."""

    source: str
    epoch: int
    via: str
    confirmed_mono_ns: int
    confirmed_ns: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a datum is and whether it may be trusted; times in microseconds, ages in ms."""

    source: str
    via: str
    as_of_us: int
    changed_us: int
    age_ms: float
    stale: bool
    stale_reason: str


LaneKey = tuple[str, str]
"""Actor id and lane."""

Connections = dict[LaneKey, Datum[ConnectionState]]
