"""One account's state: what is held, and which events of its venue are news; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Generic

import msgspec

from actors.cache.datum import Datum, T
from actors.errors import MalformedEnvelope
from actors.messages.account import (
    OPEN_STATUSES,
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Position,
)

FILLS_MAX: Final = 500
FUNDINGS_MAX: Final = 200
CLOSED_ORDERS_MAX: Final = 200
IDS_MAX: Final = 2_000
"""Ids remembered per account to know a fill again; below them the numeric floor knows."""


class KnownIds:
    """Ids of events that were seen: the newest by name, older ones by a numeric floor.

    A numeric id at or below the greatest that was forgotten counts as known: venues number
    upwards, and a fill told twice is worse than one that is IDS_MAX fills late.
    """

    __slots__ = ("_ids", "floor")

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self.floor = -1

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids or (event_id.isdecimal() and int(event_id) <= self.floor)

    def add(self, event_id: str) -> None:
        self._ids[event_id] = None
        if len(self._ids) > IDS_MAX:
            oldest = next(iter(self._ids))
            del self._ids[oldest]
            if oldest.isdecimal():
                self.floor = max(self.floor, int(oldest))

    def names(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(self._ids)

    def restore(self, names: tuple[str, ...], floor: int) -> None:
        self._ids = dict.fromkeys(names)
        self.floor = floor


@dataclass(slots=True)
class Told(Generic[T]):
    """A value on its way into the state, with what its envelope says; `seq` 0 never changes."""

    value: T
    seq: int
    source: str
    epoch: int
    mono_ns: int
    confirmed_ns: int

    def datum(self) -> Datum[T]:
        return Datum(
            value=self.value,
            source=self.source,
            epoch=self.epoch,
            seq=self.seq,
            confirmed_mono_ns=self.mono_ns,
            confirmed_ns=self.confirmed_ns,
            changed_ns=self.confirmed_ns,
            via=getattr(self.value, "via", ""),
        )

    def confirm(self, held: Datum[T]) -> None:
        """The same again: only younger."""
        if self.mono_ns >= held.confirmed_mono_ns:
            held.source = self.source
            held.epoch = self.epoch
            held.confirmed_mono_ns = self.mono_ns
            held.confirmed_ns = self.confirmed_ns
            held.via = getattr(self.value, "via", "")


_INCIDENTAL: Final = ("received_ns", "venue_time_ns", "via")


def same_content(one: msgspec.Struct, other: msgspec.Struct) -> bool:
    """Equal but for when and by which lane it was told."""
    if type(one) is not type(other):
        return False
    if one == other:
        return True
    times = {name: getattr(other, name) for name in _INCIDENTAL if hasattr(other, name)}
    return bool(times) and msgspec.structs.replace(one, **times) == other


def amount(text: str, field: str) -> Decimal:
    """Decimal text as a number, or MalformedEnvelope that names the field."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise MalformedEnvelope(f"{field}: expected decimal text, found {text[:40]!r}") from error
    if not number.is_finite():
        raise MalformedEnvelope(f"{field}: expected a finite number, found {text[:40]!r}")
    return number


class AccountState:
    """What is held of one account; see docs/design/contracts.md, section 4.

    Each method takes what was told and answers whether it is news (then held under its `seq`).
    """

    __slots__ = (
        "closed_floor",
        "closed_orders",
        "fill_ids",
        "fills",
        "funding_ids",
        "fundings",
        "name",
        "order_version",
        "orders",
        "positions",
        "snapshot",
        "source",
        "venue",
    )

    def __init__(self, venue: str, name: str) -> None:
        self.venue = venue
        self.name = name
        self.source = ""
        self.snapshot: Datum[AccountSnapshot] | None = None
        self.positions: dict[str, Datum[Position]] = {}
        self.orders: dict[str, Datum[Order]] = {}
        self.closed_orders: dict[str, Datum[Order]] = {}
        """The last that ended, oldest first, so that a late word of them is known as old."""
        self.fills: deque[Datum[Fill]] = deque(maxlen=FILLS_MAX)
        self.fundings: deque[Datum[Funding]] = deque(maxlen=FUNDINGS_MAX)
        self.fill_ids = KnownIds()
        self.funding_ids = KnownIds()
        self.order_version = 0
        """The newest version of any order: where a new incarnation goes on asking."""
        self.closed_floor = -1
        """The newest version of any order that ended and was forgotten."""

    def apply(self, told: Told[Any]) -> bool:
        """Whether `told` is news; MalformedEnvelope where a number in it is none."""
        match told.value:
            case Fill(fill_id=event_id):
                news = self._once(told, event_id, self.fill_ids, self.fills)
            case Funding(funding_id=event_id):
                news = self._once(told, event_id, self.funding_ids, self.fundings)
            case Order():
                news = self._order(told)
            case Position():
                news = self._position(told)
            case _:
                news = self._snapshot(told)
        self.source = told.source
        return news

    def _once(
        self, told: Told[Any], event_id: str, known: KnownIds, held: deque[Datum[Any]]
    ) -> bool:
        if event_id in known or not told.seq:
            return False
        known.add(event_id)
        held.append(told.datum())
        return True

    def _snapshot(self, told: Told[AccountSnapshot]) -> bool:
        held = self.snapshot
        if held is not None and same_content(told.value, held.value):
            told.confirm(held)
            return False
        if told.seq:
            self.snapshot = told.datum()
        return bool(told.seq)

    def _position(self, told: Told[Position]) -> bool:
        position = told.value
        closed = amount(position.quantity, "position.quantity") == 0
        held = self.positions.get(position.position_id)
        if held is not None and same_content(position, held.value):
            told.confirm(held)
            return False
        if not told.seq or (closed and held is None):
            return False
        if closed:
            del self.positions[position.position_id]
        else:
            self.positions[position.position_id] = told.datum()
        return True

    def _order(self, told: Told[Order]) -> bool:
        order = told.value
        filled = amount(order.filled_quantity, "order.filled_quantity")
        ended = order.status not in OPEN_STATUSES
        held = self.orders.get(order.order_id) or self.closed_orders.get(order.order_id)
        if held is not None:
            rank = (held.value.version, amount(held.value.filled_quantity, "filled_quantity"))
            if (order.version, filled) <= rank:
                if (order.version, filled) == rank:
                    told.confirm(held)
                return False
        elif ended and order.version <= self.closed_floor:
            return False
        if not told.seq:
            return False
        self.order_version = max(self.order_version, order.version)
        self.orders.pop(order.order_id, None)
        self.closed_orders.pop(order.order_id, None)
        if ended:
            self._close(told)
        else:
            self.orders[order.order_id] = told.datum()
        return True

    def _close(self, told: Told[Order]) -> None:
        self.closed_orders[told.value.order_id] = told.datum()
        if len(self.closed_orders) > CLOSED_ORDERS_MAX:
            oldest = self.closed_orders.pop(next(iter(self.closed_orders)))
            self.closed_floor = max(self.closed_floor, oldest.value.version)

    def data(self, section: str | None = None) -> list[Datum[Any]]:
        """What is held (of one section: account, positions, orders, fills, fundings)."""
        sections: dict[str, list[Datum[Any]]] = {
            "account": [] if self.snapshot is None else [self.snapshot],
            "positions": list(self.positions.values()),
            "orders": list(self.orders.values()),
            "fills": list(self.fills),
            "fundings": list(self.fundings),
        }
        if section is not None:
            return sections.get(section, [])
        held = [datum for data in sections.values() for datum in data]
        return held + list(self.closed_orders.values())

    def newest_fill_id(self) -> str:
        """The greatest id where the venue numbers its fills, else the last that came; or ``."""
        names = self.fill_ids.names()
        if names and all(map(str.isdecimal, names)):
            return max(names, key=int)
        return names[-1] if names else ""
