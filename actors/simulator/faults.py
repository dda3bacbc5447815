"""Faults in force: what goes wrong, with whom, how often and how long; pure.

A target is one of the names that a request or connection goes by, for example:
`all` · `rest`, `rest:public`, `rest:account`, `rest:account:1` · `ws`, `ws:book:BTC-USD` ·
`book`, `book:BTC-USD`, `account`, `account:1` (an account's streams and its REST requests).
A connection goes by the names of all its streams.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FAULTS_MAX: Final = 100


class FaultKind(StrEnum):
    """What can go wrong."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    MALFORMED = "malformed"
    NO_SIZE = "no_size"
    MISMATCH = "mismatch"
    CROSSED = "crossed"
    DISCONNECT = "disconnect"
    STALL = "stall"
    HALF_OPEN = "half_open"
    UNAUTHORIZED = "401"
    BANNED = "418"
    TOO_MANY = "429"
    SERVER = "5xx"
    MAINTENANCE = "maintenance"
    SLOW = "slow"
    DOWN = "down"
    SKEW = "skew"


FRAME_KINDS: Final = frozenset(
    {
        FaultKind.GAP,
        FaultKind.DUPLICATE,
        FaultKind.REORDER,
        FaultKind.MALFORMED,
        FaultKind.NO_SIZE,
        FaultKind.MISMATCH,
        FaultKind.CROSSED,
    }
)
"""Done to the next frames of a connection; counted per connection."""

LINK_KINDS: Final = frozenset({FaultKind.DISCONNECT, FaultKind.STALL, FaultKind.HALF_OPEN})
"""Done to open connections at once and, for `seconds`, to those that come."""

HTTP_KINDS: Final = frozenset(
    {
        FaultKind.UNAUTHORIZED,
        FaultKind.BANNED,
        FaultKind.TOO_MANY,
        FaultKind.SERVER,
        FaultKind.MAINTENANCE,
        FaultKind.SLOW,
    }
)
"""Answers to requests and handshakes; counted over all of them."""


class FaultRefused(ValueError):
    """An order for a fault that makes no sense; says which field, and what was expected."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault in force; `left` None is without a count, `until_ns` None without an end.

    `text`: the words of a refusal, or the malformed frame itself; empty for the usual one.
    `topics`: None, or those whose first newcomer was struck already (of a fault that strikes no
    other newcomers).
    """

    kind: FaultKind
    target: str = "all"
    left: int | None = None
    until_ns: int | None = None
    status: int = 500
    retry_after_s: float | None = 1.0
    delay_s: float = 1.0
    offset_ns: int = 0
    variant: str = ""
    text: str = ""
    topics: set[str] | None = None

    @property
    def over(self) -> bool:
        """Whether it has struck as often as it was to."""
        topic = self.target.removeprefix("ws:")
        return self.left == 0 or (self.topics is not None and topic in self.topics)

    def names(self, names: Collection[str]) -> bool:
        return self.target == "all" or self.target in names

    def meets(self, topic: str) -> bool:
        """Whether it strikes this newcomer; counts it."""
        if self.topics is not None:
            if topic in self.topics:
                return False
            self.topics.add(topic)
        if self.left is not None and self.kind not in FRAME_KINDS:
            self.left -= 1
        return True


class FaultDesk:
    """The faults that wait for requests and newcomers; those of open connections live there."""

    __slots__ = ("_faults",)

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        if len(self._faults) >= FAULTS_MAX:
            raise FaultRefused(f"at most {FAULTS_MAX} faults at a time")
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def active(self, now_ns: int) -> list[Fault]:
        self._faults = [
            fault
            for fault in self._faults
            if not fault.over and (fault.until_ns is None or now_ns < fault.until_ns)
        ]
        return self._faults

    def meet(
        self, names: Collection[str], kinds: Collection[FaultKind], now_ns: int, topic: str = ""
    ) -> list[Fault]:
        """The faults that this request, or newcomer to `topic`, meets; each counts one."""
        if not self._faults:
            return []
        return [
            fault
            for fault in self.active(now_ns)
            if fault.kind in kinds and fault.names(names) and fault.meets(topic)
        ]

    def is_down(self, now_ns: int) -> bool:
        return any(fault.kind is FaultKind.DOWN for fault in self.active(now_ns))

    def skew_ns(self, now_ns: int) -> int:
        """How far the venue's clock is off."""
        return sum(fault.offset_ns for fault in self.active(now_ns))
