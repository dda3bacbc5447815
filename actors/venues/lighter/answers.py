"""What Lighter's refusals mean: HTTP statuses, error codes and error frames become faults.

Source: PROTOCOL, sections 2.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from actors.errors import (
    KeyRejected,
    MalformedFrame,
    RateLimited,
    VenueFault,
    VenueRejected,
    VenueUnavailable,
)
from actors.venues.decoding import decode
from actors.venues.http_answer import masked, retry_after_s
from actors.venues.lighter import wire

FIREWALL_HOLD_S: Final = 60.0
"""The firewall's 405 tells no time; it lets an address in again after about a minute."""
_LIMIT_STATUSES: Final = frozenset({405, 418, 429})
_LIMIT_CODES: Final = frozenset({"23000", "30009", "30010"})
_KEY_CODES: Final = frozenset(
    {"21100", "21102", "21107", "21108", "21109", "21110", "21120", "21136"}
)
_UNAVAILABLE_CODES: Final = frozenset({"21506", "29500", "29501", "30004", "30011", "30012"})

AnswerT = TypeVar("AnswerT", bound=wire.Envelope)
_envelope = msgspec.json.Decoder(wire.Envelope)


class TokenRefused(KeyRejected):
    """The token is missing, has expired or is wrong; one made anew may be accepted."""


def read_envelope(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    received_ns: int,
    decoder: msgspec.json.Decoder[AnswerT],
    *,
    secret: str = "",
) -> AnswerT:
    """A good answer whole, else the fault that it means; `secret` never shows in a fault.

    Success is HTTP 2xx together with code 200, or with no code at all.
    """
    if not 200 <= status < 300:
        raise refusal(status, headers, body, received_ns, secret=secret)
    if not body.strip():
        raise MalformedFrame("body", "an envelope", "an empty body")
    head = decode(_envelope, body, "body")
    if head.code is not None and str(head.code) != str(wire.CODE_GOOD):
        raise fault_of(*wire.error_text(head), status=status, secret=secret)
    return decode(decoder, body, "body")


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, received_ns: int, *, secret: str = ""
) -> VenueFault:
    """What an HTTP status other than 2xx means; the body may be anything."""
    code, message = _error_of(body)
    if status in _LIMIT_STATUSES:
        wait_s = retry_after_s(headers, received_ns)
        if wait_s is None and status == 405:
            wait_s = FIREWALL_HOLD_S
        return RateLimited(wait_s, f"HTTP {status}")
    told = f"HTTP {status}" + (f", code {code}: {message}" if code or message else "")
    if status >= 500:
        return VenueUnavailable(masked(told, secret))
    if status == 401:
        return TokenRefused(masked(told, secret))
    return fault_of(code, message or f"HTTP {status}", status=status, secret=secret)


def fault_of(code: str, message: str, *, status: int = 0, secret: str = "") -> VenueFault:
    """The fault that a code and its message mean, in an answer or a frame."""
    detail = masked(message, secret)
    told = f"code {code}: {detail}"
    if code in _LIMIT_CODES:
        return RateLimited(None, told)
    if code in _UNAVAILABLE_CODES:
        return VenueUnavailable(told)
    if code in _KEY_CODES:
        return KeyRejected(told)
    if "auth" in message.lower():
        return TokenRefused(told)
    return VenueRejected(status, code, detail)


def _error_of(body: bytes) -> tuple[str, str]:
    try:
        return wire.error_text(decode(_envelope, body, "body"))
    except MalformedFrame:
        return "", ""
