"""Orders for faults as they are given, JSON or text, into faults in force; pure.

As text: `KIND[:TARGET][:NAME=VALUE]…`, for example `gap:book:BTC-USD:count=2`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from actors.simulator.faults import (
    FRAME_KINDS,
    HTTP_KINDS,
    LINK_KINDS,
    Fault,
    FaultKind,
    FaultRefused,
)

COUNT_MAX: Final = 1_000_000
SECONDS_MAX: Final = 86_400.0
SLOW_S_MAX: Final = 120.0
RETRY_AFTER_S_MAX: Final = 3_600.0
OFFSET_S_MAX: Final = 86_400.0
TEXT_LENGTH_MAX: Final = 16_384

MALFORMED_VARIANTS: Final = ("truncated", "not_json", "wrong_type", "array")
TALKING_KINDS: Final = frozenset({*HTTP_KINDS, FaultKind.MALFORMED}) - {FaultKind.SLOW}
"""What a venue can word as it likes."""

TEXT_FORM: Final = "KIND[:TARGET][:NAME=VALUE]…, for example gap:book:BTC-USD:count=2"

_SPELLINGS: Final = {
    "half-open": (FaultKind.HALF_OPEN, 500),
    # No venue here has a checksum; a frame that contradicts itself is what comes nearest.
    "bad_checksum": (FaultKind.MISMATCH, 500),
    "405": (FaultKind.BANNED, 405),
    "418": (FaultKind.BANNED, 418),
    "500": (FaultKind.SERVER, 500),
    "502": (FaultKind.SERVER, 502),
    "503": (FaultKind.SERVER, 503),
    "504": (FaultKind.SERVER, 504),
}
"""Other words for a kind, with the status that they mean."""

_COUNT = Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]
_SECONDS = Annotated[float, msgspec.Meta(gt=0, le=SECONDS_MAX)]
_TARGET = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_:*./-]{1,100}$")]
_OFFSET = Annotated[float, msgspec.Meta(ge=-OFFSET_S_MAX, le=OFFSET_S_MAX)]


class FaultOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be asked for; see docs/simulator.md for what each kind does with it."""

    kind: str | int
    target: _TARGET = "all"
    count: _COUNT | None = None
    seconds: _SECONDS | None = None
    status: Annotated[int, msgspec.Meta(ge=500, le=599)] | None = None
    retry_after_s: Annotated[float, msgspec.Meta(ge=0, le=RETRY_AFTER_S_MAX)] | None = 1.0
    delay_s: Annotated[float, msgspec.Meta(ge=0, le=SLOW_S_MAX)] = 1.0
    offset_s: _OFFSET | None = None
    variant: str = ""
    text: Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)] = ""
    newcomers: bool = False


def read_fault(document: dict[str, Any], now_ns: int) -> Fault:
    """A fault from what the control endpoint was sent; raises FaultRefused."""
    try:
        order = msgspec.convert(document, FaultOrder)
    except msgspec.ValidationError as error:
        raise FaultRefused(f"fault: {error}") from error
    kind, status = _kind(str(order.kind))
    _check(order, kind)
    count = order.count
    if count is None and (kind in FRAME_KINDS or (kind in HTTP_KINDS and order.seconds is None)):
        count = 1
    # For a time all newcomers are struck, else the first of each topic.
    first_only = order.newcomers and order.seconds is None
    return Fault(
        kind=kind,
        target=order.target,
        left=count,
        until_ns=None if order.seconds is None else now_ns + round(order.seconds * 1e9),
        status=order.status or status,
        retry_after_s=order.retry_after_s,
        delay_s=order.delay_s,
        offset_ns=round((order.offset_s or 0) * 1e9),
        variant=order.variant,
        text=order.text,
        topics=set() if first_only else None,
    )


def parse_fault(text: str) -> dict[str, Any]:
    """The order that a `--fault` spells; FaultRefused where it makes no sense.

    Whoever is given it at the start means the connections that will come.
    """
    kind, *parts = text.strip().split(":")
    target: list[str] = []
    options: dict[str, Any] = {}
    for part in parts:
        name, is_option, value = part.partition("=")
        if not is_option and not options:
            target.append(part)
        elif not is_option or name in options or name in {"kind", "target", "newcomers"}:
            raise FaultRefused(f"{part!r}: expected {TEXT_FORM}")
        else:
            options[name] = None if value == "none" else value
    order = {"kind": kind, **({"target": ":".join(target)} if target else {}), **options}
    try:
        read = msgspec.convert(order, FaultOrder, strict=False)
    except msgspec.ValidationError as error:
        raise FaultRefused(str(error)) from error
    found = {name: getattr(read, name) for name in order}
    if _kind(kind)[0] in FRAME_KINDS | LINK_KINDS:
        found["newcomers"] = True
    read_fault(found, 0)
    return found


def _kind(word: str) -> tuple[FaultKind, int]:
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    try:
        return FaultKind(word), 500
    except ValueError:
        known = ", ".join(dict.fromkeys((*FaultKind, *_SPELLINGS)))
        raise FaultRefused(f"kind: expected one of {known}, found {word!r}") from None


def _check(order: FaultOrder, kind: FaultKind) -> None:
    """What no field can tell by itself."""
    if kind is FaultKind.DOWN and order.seconds is None:
        raise FaultRefused(f"seconds: expected a number, needed for {kind}")
    if (kind is FaultKind.SKEW) != (order.offset_s is not None):
        raise FaultRefused("offset_s: expected a number for skew, and for no other kind")
    if kind in FRAME_KINDS and order.seconds is not None:
        raise FaultRefused(f"seconds: {kind} is counted in frames; use count")
    if order.newcomers and kind not in FRAME_KINDS | LINK_KINDS:
        raise FaultRefused(f"newcomers: expected false, {kind} is not of connections")
    if order.text and kind not in TALKING_KINDS:
        raise FaultRefused(f"text: expected none, {kind} says nothing")
    if order.variant and order.variant not in MALFORMED_VARIANTS:
        raise FaultRefused(
            f"variant: expected one of {', '.join(MALFORMED_VARIANTS)}, found {order.variant!r}"
        )
