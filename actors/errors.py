"""The error tree: who is to blame, and what follows from it.

Fault
├── VenueFault            theirs
│   ├── MalformedFrame    a frame that is not what the venue documents   (count, keep, skip)
│   ├── SequenceGap       a hole in the numbering                        (reconnect)
│   ├── BookMismatch      our book and the venue's proof disagree        (reconnect)
│   ├── CrossedBook       best bid at or above best ask                  (reconnect)
│   ├── RateLimited       418 or 429                                     (retry after)
│   ├── VenueUnavailable  5xx, maintenance                               (retry)
│   ├── VenueRejected     a request refused for what it says             (report)
│   └── KeyRejected       the account's key is not accepted              (quarantine)
├── LinkFault             the road between
│   ├── ConnectTimeout    no answer to a connection attempt              (reconnect)
│   ├── Disconnected      the peer or the network closed                 (reconnect)
│   ├── ProxyFailed       the proxy refused or did not answer            (reconnect)
│   └── Mute              connected, but silent beyond the limit         (reconnect)
├── UsageFault            ours
│   ├── MalformedEnvelope bytes on the bus that are no envelope          (close that link)
│   ├── OutboxFull        too many unacknowledged account events         (stop reading)
│   └── BadCursor         a cursor that no page of history ended with    (refuse the query)
├── StoreFault            the store of history
│   ├── StoreAway         it cannot be reached, or not be written        (spool, retry)
│   └── StoreSlow         a query took longer than it may                (give the query up)
└── ConfigFault           the operator's; never retried                  (exit 78)
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Policy(StrEnum):
    """What the one who meets the fault does."""

    SKIP = "skip"
    RETRY = "retry"
    RECONNECT = "reconnect"
    REPORT = "report"
    QUARANTINE = "quarantine"
    CRASH = "crash"


class Fault(Exception):
    """Anything that went wrong and has a name; `policy` says what follows."""

    policy: ClassVar[Policy] = Policy.CRASH


class VenueFault(Fault):
    """The venue did it."""

    policy = Policy.RECONNECT


class MalformedFrame(VenueFault):
    """A frame or answer is not what the venue documents.

    `field` names the place ("data.b[3].p"), `expected` what should be there, `found` what was.
    """

    policy = Policy.SKIP

    def __init__(self, field: str, expected: str, found: object) -> None:
        self.field = field
        self.expected = expected
        self.found = repr(found)[:200]
        super().__init__(f"{field}: expected {expected}, found {self.found}")


class SequenceGap(VenueFault):
    """Numbered frames are missing (or came twice)."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"sequence: expected {expected}, found {found}")


class BookMismatch(VenueFault):
    """The local book does not agree with what the venue says of it."""


class CrossedBook(VenueFault):
    """Best bid at or above best ask."""

    def __init__(self, bid: str, ask: str) -> None:
        self.bid = bid
        self.ask = ask
        super().__init__(f"book crossed: best bid {bid}, best ask {ask}")


class RateLimited(VenueFault):
    """The venue counts too many requests; `retry_after_s` is its word or None."""

    policy = Policy.RETRY

    def __init__(self, retry_after_s: float | None, detail: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"rate limited, retry after {retry_after_s} s {detail}".rstrip())


class VenueUnavailable(VenueFault):
    """The venue's server failed or is in maintenance."""

    policy = Policy.RETRY


class VenueRejected(VenueFault):
    """The venue refused a request; `status` is HTTP's, `code` the venue's own."""

    policy = Policy.REPORT

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        super().__init__(f"rejected: HTTP {status}, code {code}: {detail}")


class KeyRejected(VenueFault):
    """The account's key is not accepted."""

    policy = Policy.QUARANTINE


class LinkFault(Fault):
    """The road between us and a peer."""

    policy = Policy.RECONNECT


class ConnectTimeout(LinkFault):
    """No answer to a connection attempt in time."""


class Disconnected(LinkFault):
    """The connection ended."""


class ProxyFailed(LinkFault):
    """The proxy refused, or did not answer."""


class Mute(LinkFault):
    """Connected, but silent beyond the stream's limit."""


class UsageFault(Fault):
    """We did it."""


class MalformedEnvelope(UsageFault):
    """Bytes on the bus that are no envelope; the link that carried them is closed."""


class OutboxFull(UsageFault):
    """Too many unacknowledged account events; the actor stops reading until there is room."""


class BadCursor(UsageFault):
    """A cursor that no page of history ended with, or one of another query."""


class StoreFault(Fault):
    """The store of history, or the road to it."""

    policy = Policy.RETRY


class StoreAway(StoreFault):
    """The store cannot be reached, or takes nothing at present."""


class StoreSlow(StoreFault):
    """A query took longer than it may, and was ended."""


class ConfigFault(Fault):
    """A mistake in the configuration: `name` of the setting, what was found, what is expected."""

    policy = Policy.QUARANTINE

    def __init__(self, name: str, found: str, expected: str) -> None:
        self.name = name
        self.found = found
        self.expected = expected
        super().__init__(f"{name}: found {found}, expected {expected}")


EXIT_OK = 0
EXIT_USAGE = 2
EXIT_KEY_REJECTED = 77
EXIT_CONFIG = 78
