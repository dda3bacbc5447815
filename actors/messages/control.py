"""What processes say to each other about themselves: links, health, life and death.

`*_mono_ns` is CLOCK_MONOTONIC (shared by all processes of the host), `*_ns` the wall clock.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

ALERT_ENVELOPE_BYTES_MAX: Final = 128 * 1024
ALERT_TEXT_LENGTH_MAX: Final = 300
ALERT_FINGERPRINT_MAX: Final = 8
PLACE_LENGTH_MAX: Final = 300
AMOUNT_MAX: Final = 1_000_000.0

# cache links


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """First frame of a client of the cache socket: `role` is `source` or `reader`.

    A reader names where it stands: `stream_id` and `since` (0 = nothing held).
    """

    role: str
    stream_id: str = ""
    since: int = 0


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """The cache's answer to a source or reader.

    For a source: `acknowledged` is the highest event seq kept of this (source, epoch); `cursors`
    maps `fills:<venue>:<name>` to the newest fill id and `orders:<venue>:<name>` to the newest
    order version; `held` maps `orders:…` to open order ids and `positions:…` to position ids, so
    that a new incarnation can find out what ended while it was away; `fills` maps
    `fills:…` to the newest fill ids held (at most 500), oldest first, and `fundings` maps
    `fundings:…` to the newest ids of funding payments held (at most 200), oldest first.
    For a reader: `stream_id`, `seq` of the state that follows, `resumed` (changes after `since`
    follow) or not (a full state follows: `state_begin` … `state_end`).
    """

    stream_id: str
    seq: int = 0
    acknowledged: int = 0
    resumed: bool = False
    cursors: dict[str, str] = {}
    held: dict[str, tuple[str, ...]] = {}
    fills: dict[str, tuple[str, ...]] = {}
    fundings: dict[str, tuple[str, ...]] = {}


class Ack(msgspec.Struct, frozen=True):
    """The cache keeps every event of this source and epoch up to `seq`."""

    seq: int


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a source is linked to the cache; a source that is not makes its data stale."""

    source: str
    connected: bool
    reason: str = ""
    at_mono_ns: int = 0


# freshness and connections


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The venue confirmed a whole section of an account (or a stream), changed or not.

    The envelope's key is the topic confirmed (`positions:extended:1`).
    """

    via: str
    received_ns: int


class ConnectionState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One lane of one actor; topic `connections`.

    `lane`: rest or websocket. `state`: connecting, connected, backoff, paused, rejected.
    `connected` lanes keep the data fresh for `stale_after_ms`; else the data is stale, with
    `last_error` as the reason. `phase` and `attempt` are the connection policy's. `clock_*`: the
    venue's clock minus ours as this lane last measured it, None where it cannot.
    """

    actor: str
    venue: str
    account: str = ""
    lane: str
    state: str
    phase: int = 0
    attempt: int = 0
    next_retry_mono_ns: int = 0
    since_mono_ns: int = 0
    connects: int = 0
    messages: int = 0
    malformed: int = 0
    requests: int = 0
    failures: int = 0
    rate_limited: int = 0
    last_message_mono_ns: int = 0
    interval_effective_ms: float = 0.0
    stale_after_ms: float = 0.0
    latency_ms: float | None = None
    last_error: str = ""
    last_error_ns: int = 0
    exit_address: str = ""
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float | None = None
    clock_measured_mono_ns: int = 0


class StreamEnded(msgspec.Struct, frozen=True):
    """A market stream was stopped because nobody wants it; its topic, which is its actor, goes."""

    actor: str


class FaultsCleared(msgspec.Struct, frozen=True):
    """An operator has seen the faults told before this; topic `errors`.

    What was told earlier is dropped by order, not by time: a wall clock may be set meanwhile.
    """

    at_ns: int


class FaultReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault worth an operator's look; topic `errors`."""

    actor: str
    kind: str
    message: str
    level: str = "warning"
    at_ns: int


# questions


class Question(msgspec.Struct, frozen=True):
    """Something that an operator wants to know of one child; answered by a Reply of its number."""

    number: int
    op: str
    args: dict[str, str] = {}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is plain data as msgpack. `error` says why there is none: `unsupported` where the
    child has nothing of the kind, else in words."""

    number: int
    body: bytes = b""
    error: str = ""


# life


class Ready(msgspec.Struct, frozen=True):
    """The child does its work (accounts: each lane that works holds a first snapshot)."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Each second from the actor's own event loop. `good_events` counts what proves success."""

    at_mono_ns: int
    last_frame_age_ms: float | None = None
    queue_depth: int = 0
    last_sequence: int = 0
    good_events: int = 0
    rss_bytes: int = 0
    private_bytes: int = 0
    cpu_ms: float = 0.0


class LogRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the log, which only the supervisor writes."""

    level: str
    event: str
    fields: dict[str, str | int | float | bool | None] = {}


_AlertText = Annotated[str, Meta(max_length=ALERT_TEXT_LENGTH_MAX)]


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An exception for Sentry, which only the supervisor talks to.

    `envelope` is a whole Sentry envelope, masked where it was made; who forwards it decodes only
    what it lets through. Equal `fingerprint`s are one bug. `fatal`: this incarnation ends of it.
    `skipped` more exceptions were left out since the last alert, because they came too fast.
    """

    fingerprint: Annotated[tuple[_AlertText, ...], Meta(max_length=ALERT_FINGERPRINT_MAX)]
    title: _AlertText
    envelope: Annotated[bytes, Meta(max_length=ALERT_ENVELOPE_BYTES_MAX)]
    fatal: bool = False
    skipped: Annotated[int, Meta(ge=0)] = 0


_Place = Annotated[str, Meta(max_length=PLACE_LENGTH_MAX)]
_Amount = Annotated[float, Meta(ge=0, le=AMOUNT_MAX)]


class LeaseRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a child would like to ask of a venue, through one exit address ("" is direct).

    `count` requests in `period_s` are the venue's published limit for one address. `wanted_per_s`
    0 gives the lease back. `opening` requests would go at once, were there room. `limited_s` is
    the Retry-After that the venue just gave. Said when something changes, never per request.
    """

    venue: _Place
    exit_address: _Place = ""
    count: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    period_s: Annotated[float, Meta(gt=0, le=AMOUNT_MAX)]
    wanted_per_s: _Amount
    opening: _Amount = 0.0
    limited_s: _Amount = 0.0


class Lease(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A child's share of the budget from now on, until the next one comes.

    `burst` may be saved up, `opening` of it are there at once; nothing goes before
    `not_before_mono_ns`.
    """

    venue: str
    exit_address: str = ""
    rate_per_s: float
    burst: float
    opening: float = 0.0
    not_before_mono_ns: int = 0


class Stop(msgspec.Struct, frozen=True):
    """End in order."""


class Drain(msgspec.Struct, frozen=True):
    """Take no more in; finish what is held."""


class Reconnect(msgspec.Struct, frozen=True):
    """Connect anew at once and forget the phase; `lane` empty = all."""

    lane: str = ""


class Refresh(msgspec.Struct, frozen=True):
    """Ask the venue now: `lane` empty = for everything, else `rest`, `assets` or `points` alone."""

    lane: str = ""


class Resync(msgspec.Struct, frozen=True):
    """Send the current snapshots again."""


class Pause(msgspec.Struct, frozen=True):
    """Stop polling and streams; shown as paused."""


class Resume(msgspec.Struct, frozen=True):
    """Go on after a pause."""


class RestartRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One incarnation's end. `cause`: exit, signal, hung, memory, stopped, config, key, lost."""

    actor: str
    epoch: int
    pid: int
    started_ns: int
    ended_ns: int
    uptime_ms: float
    cause: str
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: float | None = None
    rss_bytes: int | None = None
    dump: str = ""
    last_lines: tuple[str, ...] = ()


class ChildStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One child as the supervisor sees it; topic `supervision`.

    `state`: new, starting, ready, hung, over_memory, stopping, exited, backoff, quarantined,
    stopped.
    """

    actor: str
    kind: str
    state: str
    pid: int | None = None
    epoch: int = 0
    phase: int = 0
    attempt: int = 0
    next_restart_ns: int | None = None
    next_restart_mono_ns: int | None = None
    restarts: int = 0
    started_ns: int | None = None
    ready_ns: int | None = None
    rss_bytes: int | None = None
    private_bytes: int | None = None
    cpu_percent: float | None = None
    last_frame_age_ms: float | None = None
    queue_depth: int = 0
    last_sequence: int = 0
    label: str = ""
    reason: str = ""
    last_exit: RestartRecord | None = None
