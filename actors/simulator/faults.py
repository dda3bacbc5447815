"""Faults on request: what is to go wrong, with whom, how often and how long; pure.

A target is one of the names that a request or connection goes by, for example:
`all` · `rest`, `rest:public`, `rest:account`, `rest:account:1` · `ws`, `ws:book:BTC-USD` ·
`book`, `book:BTC-USD`, `account`, `account:1` (an account's stream and its REST requests).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec

FAULTS_MAX: Final = 100
COUNT_MAX: Final = 1_000_000
SECONDS_MAX: Final = 86_400.0
SLOW_S_MAX: Final = 120.0

MALFORMED_VARIANTS: Final = ("truncated", "not_json", "wrong_type", "array")


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
"""Done to the next frames of the connections that are open; counted per connection."""

LINK_KINDS: Final = frozenset({FaultKind.DISCONNECT, FaultKind.STALL, FaultKind.HALF_OPEN})
"""Done to open connections at once and, for `seconds`, to those that come."""

HTTP_KINDS: Final = frozenset(
    {
        FaultKind.UNAUTHORIZED,
        FaultKind.TOO_MANY,
        FaultKind.SERVER,
        FaultKind.MAINTENANCE,
        FaultKind.SLOW,
    }
)
"""Answers to requests and handshakes; counted over all of them."""

_SPELLINGS: Final = {
    "half-open": (FaultKind.HALF_OPEN, 500),
    "500": (FaultKind.SERVER, 500),
    "502": (FaultKind.SERVER, 502),
    "503": (FaultKind.SERVER, 503),
    "504": (FaultKind.SERVER, 504),
}
"""Other words for a kind, with the status that they mean."""

_COUNT = Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
_SECONDS = Annotated[float, msgspec.Meta(gt=0, le=SECONDS_MAX)]
_TARGET = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_:*./-]{1,100}$")]


class FaultRefused(ValueError):
    """An order for a fault that makes no sense; says which field, and what was expected."""


class FaultOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be asked for; see docs/simulator.md for what each kind does with it."""

    kind: str | int
    target: _TARGET = "all"
    count: _COUNT | None = None
    seconds: _SECONDS | None = None
    status: Annotated[int, msgspec.Meta(ge=500, le=599)] | None = None
    retry_after_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = 1.0
    delay_s: Annotated[float, msgspec.Meta(ge=0, le=SLOW_S_MAX)] = 1.0
    variant: str = ""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault in force; `left` None is without a count, `until_ns` None without an end."""

    kind: FaultKind
    target: str = "all"
    left: int | None = None
    until_ns: int | None = None
    status: int = 500
    retry_after_s: float | None = 1.0
    delay_s: float = 1.0
    variant: str = ""


def read_fault(document: dict[str, Any], now_ns: int) -> Fault:
    """A fault from what the control endpoint was sent; raises FaultRefused."""
    try:
        order = msgspec.convert(document, FaultOrder)
    except msgspec.ValidationError as error:
        raise FaultRefused(f"fault: {error}") from error
    kind, status = _kind(str(order.kind))
    count = order.count
    if count is None and (kind in FRAME_KINDS or (kind in HTTP_KINDS and order.seconds is None)):
        count = 1
    if kind in {FaultKind.DOWN, FaultKind.SKEW} and order.seconds is None:
        raise FaultRefused(f"seconds: expected a number, needed for {kind}")
    if order.variant and order.variant not in MALFORMED_VARIANTS:
        raise FaultRefused(
            f"variant: expected one of {', '.join(MALFORMED_VARIANTS)}, found {order.variant!r}"
        )
    return Fault(
        kind=kind,
        target=order.target,
        left=count,
        until_ns=None if order.seconds is None else now_ns + round(order.seconds * 1e9),
        status=order.status or status,
        retry_after_s=order.retry_after_s,
        delay_s=order.delay_s,
        variant=order.variant,
    )


def _kind(word: str) -> tuple[FaultKind, int]:
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    try:
        return FaultKind(word), 500
    except ValueError:
        raise FaultRefused(
            f"kind: expected one of {', '.join(FaultKind)}, found {word!r}"
        ) from None


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
            if fault.left != 0 and (fault.until_ns is None or now_ns < fault.until_ns)
        ]
        return self._faults

    def meet(
        self, names: Collection[str], kinds: Collection[FaultKind], now_ns: int
    ) -> list[Fault]:
        """The faults that this request or newcomer meets; each counts one occurrence."""
        if not self._faults:
            return []
        met = [
            fault
            for fault in self.active(now_ns)
            if fault.kind in kinds and (fault.target == "all" or fault.target in names)
        ]
        for fault in met:
            if fault.left is not None:
                fault.left -= 1
        return met

    def is_down(self, now_ns: int) -> bool:
        return any(fault.kind is FaultKind.DOWN for fault in self.active(now_ns))
