"""Faults that are the same but for their numbers, told as one with a count; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from actors.messages.control import FaultReport

SHAPE_LENGTH_MAX: Final = 300
_ID_BYTES: Final = 6
_VARYING: Final = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{12,}|\d+(?:\.\d+)?")
"""Addresses, ids, and numbers: what differs between two faults of one cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultGroup:
    """`message` is the newest one's; `id` is equal in all processes, and stays while it counts."""

    id: str
    source: str
    kind: str
    level: str
    message: str
    count: int
    first_ns: int
    last_ns: int


def shape(message: str) -> str:
    """`message` without what varies; its start is enough."""
    return _VARYING.sub("#", message[:SHAPE_LENGTH_MAX])


def grouped(faults: Iterable[FaultReport]) -> list[FaultGroup]:
    """The groups of `faults` (oldest first), by their newest member, newest first.

    There are at most as many groups as faults, whose number the store bounds.
    """
    groups: dict[tuple[str, str, str, str], FaultGroup] = {}
    for fault in faults:
        key = (fault.actor, fault.kind, fault.level, shape(fault.message))
        held = groups.pop(key, None)
        # Taken out and put in again: the order is that of the newest members, whatever the wall
        # clock did meanwhile.
        groups[key] = FaultGroup(
            id=_id(key) if held is None else held.id,
            source=fault.actor,
            kind=fault.kind,
            level=fault.level,
            message=fault.message,
            count=1 if held is None else held.count + 1,
            first_ns=fault.at_ns if held is None else held.first_ns,
            last_ns=fault.at_ns,
        )
    return list(reversed(groups.values()))


def _id(key: tuple[str, str, str, str]) -> str:
    return blake2b("\0".join(key).encode(), digest_size=_ID_BYTES).hexdigest()
