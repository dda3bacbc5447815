"""What the supervisor must know of a child: a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ChildKind(StrEnum):
    """Which restart schedule and which place in the order of shutdown a child has."""

    CACHE = "cache"
    WEB = "web"
    VENUE = "venue"
    ACCOUNT = "account"
    STREAM = "stream"
    SINK = "sink"
    SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """One child.

    `entry` is "module:function" of an `async def run(context: ActorContext) -> None`; it is never
    imported by the supervisor. `config` is plain data (str, int, float, bool, None, lists, dicts)
    without secrets. `descriptors` names the descriptors that each incarnation gets, as numbers in
    the supervisor's own table: `listener` (web, simulator), `cache` (the cache's listening
    socket), `secrets` (a sealed memfd).
    """

    actor: str
    kind: ChildKind
    entry: str
    config: Mapping[str, Any] = field(default_factory=dict)
    descriptors: Mapping[str, int] = field(default_factory=dict)
    label: str = ""
    secrets_digest: str = ""
    """Changes when the secrets change; tells nothing of them."""
    quarantined: str = ""
    """Not empty: a configuration error of this child alone; shown, not started."""
