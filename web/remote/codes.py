"""Close codes as they are passed on: those that no frame may carry become one that says it; pure.

RFC 6455 §7.4: 1005 stands for a close without a code, 1006 for a connection that just ended, 1015
for failed TLS. They are what an end learns, never what it sends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from web import clients

NO_CODE: Final = 1005
ABNORMAL: Final = 1006
TRY_AGAIN: Final = clients.TOO_SLOW
"""1013, by its registered name "try again later": also of a remote that is gone."""

_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
_GONE: Final = "the remote service is gone; connect again"


class Close(NamedTuple):
    """A code that may be sent, with its reason."""

    code: int
    reason: str


def for_client(code: int, reason: str) -> Close:
    """How the client learns of the remote's end."""
    if is_sendable(code):
        return Close(code, reason)
    if code == NO_CODE:
        return Close(clients.NORMAL, "")
    return Close(TRY_AGAIN, _GONE)


def for_remote(code: int, reason: str) -> Close:
    """How the remote learns of the client's end."""
    if is_sendable(code):
        return Close(code, reason)
    if code == NO_CODE:
        return Close(clients.NORMAL, "")
    return Close(clients.GOING_AWAY, "")


def is_sendable(code: int) -> bool:
    return code in _SENDABLE or 3000 <= code <= 4999
