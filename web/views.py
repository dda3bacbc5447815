"""Bus structs as JSON: times in microseconds, nothing left out, and how fresh each number is."""

from __future__ import annotations

import functools
from typing import Any, Final, Protocol, get_args

import msgspec

US: Final = 1000
AS_TEXT: Final = frozenset({"version"})
"""Venues' own numbers that can be above 2^53, where a browser's numbers end."""

_MONO: Final = "_mono_ns"
_WALL: Final = "_ns"
_TO_COME: Final = "next_"


class Freshness(Protocol):
    """What the store says of a datum (contracts, section 4)."""

    @property
    def source(self) -> str: ...
    @property
    def via(self) -> str: ...
    @property
    def as_of_us(self) -> int | None: ...
    @property
    def changed_us(self) -> int | None: ...
    @property
    def age_ms(self) -> float | None: ...
    @property
    def stale(self) -> bool: ...
    @property
    def stale_reason(self) -> str | None: ...


class Fresh(msgspec.Struct, kw_only=True):
    """Where a number comes from and how old it is.

    `as_of_us` is when the venue last confirmed it, changed or not; `changed_us` when it changed.
    """

    source: str
    via: str | None
    as_of_us: int | None
    changed_us: int | None
    age_ms: float | None
    stale: bool
    stale_reason: str | None


class _Column:
    """How one field of a struct is shown."""

    __slots__ = ("annotation", "field", "mono", "name", "nested", "text", "to_come", "wall")

    def __init__(self, field: str, annotation: Any) -> None:
        self.field = field
        self.mono = field.endswith(_MONO)
        self.wall = field.endswith(_WALL) and not self.mono
        self.nested = _nested(annotation)
        suffix = _MONO if self.mono else _WALL if self.wall else ""
        self.name = field.removesuffix(suffix) + ("_us" if suffix else "")
        self.text = field in AS_TEXT
        self.to_come = field.startswith(_TO_COME)
        self.annotation = int | None if suffix else str if self.text else _shown(annotation)


def _nested(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return True
    return any(_nested(part) for part in get_args(annotation))


def _shown(annotation: Any) -> Any:
    """The annotation with structs replaced by their views."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return view(annotation)
    arguments = get_args(annotation)
    if not arguments or not _nested(annotation):
        return annotation
    shown = tuple(_shown(part) for part in arguments)
    if type(None) in arguments:
        return functools.reduce(lambda one, other: one | other, shown)
    return list[shown[0]]  # type: ignore[valid-type]


@functools.cache
def _columns(kind: type[msgspec.Struct]) -> tuple[_Column, ...]:
    columns = [_Column(field.name, field.type) for field in msgspec.structs.fields(kind)]
    walls = {column.name for column in columns if column.wall}
    monos = {column.name for column in columns if column.mono}
    # Told by both clocks, the past stands by the wall clock of then, what is to come by that of
    # now: it may have been set since.
    return tuple(
        column
        for column in columns
        if not (column.mono and column.name in walls and not column.to_come)
        and not (column.wall and column.name in monos and column.to_come)
    )


def names(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a struct's view."""
    return tuple(column.name for column in _columns(kind))


@functools.cache
def view(
    kind: type[msgspec.Struct],
    *more: type[msgspec.Struct],
    name: str = "",
    optional: tuple[str, ...] = (),
) -> type[msgspec.Struct]:
    """The JSON shape of a bus struct, with the fields of `more` added: what `/docs` shows."""
    fields: dict[str, Any] = {column.name: column.annotation for column in _columns(kind)}
    for addition in more:
        fields |= {field.name: field.type for field in msgspec.structs.fields(addition)}
    for field in optional:
        fields[field] = fields[field] | None
    return msgspec.defstruct(
        name or f"{kind.__name__}View",
        list(fields.items()),
        kw_only=True,
        namespace={"__doc__": kind.__doc__},
    )


def shown(value: msgspec.Struct, wall_minus_mono_ns: int = 0) -> dict[str, Any]:
    """A struct as its view; a time of 0 means none.

    `wall_minus_mono_ns` turns monotonic times into times since the epoch.
    """
    answer: dict[str, Any] = {}
    for column in _columns(type(value)):
        held = getattr(value, column.field)
        if column.wall:
            held = held // US if held else None
        elif column.text:
            held = str(held)
        elif column.mono:
            held = (held + wall_minus_mono_ns) // US if held else None
        elif column.nested and held is not None:
            if isinstance(held, msgspec.Struct):
                held = shown(held, wall_minus_mono_ns)
            else:
                held = [shown(item, wall_minus_mono_ns) for item in held]
        answer[column.name] = held
    return answer


def fresh(freshness: Freshness) -> dict[str, Any]:
    return {
        "source": freshness.source,
        "via": freshness.via or None,
        "as_of_us": freshness.as_of_us,
        "changed_us": freshness.changed_us,
        "age_ms": freshness.age_ms,
        "stale": freshness.stale,
        "stale_reason": freshness.stale_reason or None,
    }


NEVER: Final[dict[str, Any]] = {
    "source": "",
    "via": None,
    "as_of_us": None,
    "changed_us": None,
    "age_ms": None,
    "stale": True,
}
"""Freshness of what was never received; `stale_reason` is added by who knows it."""
