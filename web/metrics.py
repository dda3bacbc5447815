"""Every metric that `/metrics` tells, as data: name, type, help, labels, and how it is read.

Each web process answers from its own replica; what carries the label `web` is that process's own,
and a counter begins anew with the process that counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from actors.messages.control import ChildStatus, ConnectionState
from web.exposition import Subject, Thing, counter, gauge, one, text_of
from web.metrics_of_data import DATA
from web.service import Service


def _since_s(at_mono_ns: int, now_mono_ns: int) -> float | None:
    return (now_mono_ns - at_mono_ns) / 1e9 if at_mono_ns else None


def _until_s(at_mono_ns: int | None, now_mono_ns: int) -> float | None:
    """0 where it is due; None where nothing is planned."""
    return max(0.0, (at_mono_ns - now_mono_ns) / 1e9) if at_mono_ns else None


# the service and its web processes


def _service(current: Service) -> Iterator[Thing]:
    simulated = "true" if current.simulated else "false"
    yield Thing((current.version, current.mode, simulated), None)


def _web(current: Service) -> Iterator[Thing]:
    yield Thing((current.latency.actor,), current)


def _doors(current: Service) -> Iterator[Thing]:
    counts = current.feed.counts()
    for door in ("sse", "websocket"):
        yield Thing((current.latency.actor, door), counts[door])


_SERVICE: Final = (
    Subject(
        ("version", "mode", "simulated"),
        _service,
        (gauge("build_info", "Always 1; what runs here stands in the labels.", one),),
    ),
    Subject(
        ("web",),
        _web,
        (
            gauge(
                "web_uptime_seconds",
                "Since this web process started.",
                lambda it: it.web_uptime_s,
            ),
            counter("http_requests_total", "HTTP requests answered.", lambda it: it.rates.requests),
            counter(
                "clients_evicted_total",
                "Stream clients dropped because they took nothing for 10 s.",
                lambda it: it.feed.evicted,
            ),
            gauge(
                "cache_connected",
                "1 while the state held is the cache's own, live.",
                lambda it: it.replica.connected,
            ),
            gauge(
                "cache_age_seconds",
                "Since the cache was last heard.",
                lambda it: None if (age := it.replica.cache_age_ms) is None else age / 1e3,
            ),
            counter(
                "cache_resyncs_total",
                "How often the whole state was asked for anew.",
                lambda it: it.replica.resyncs,
            ),
            counter(
                "changes_total",
                "Changes that the cache ever numbered, over its restarts too.",
                lambda it: it.replica.store.seq,
            ),
            gauge(
                "journal_ok",
                "0 while the cache cannot write its journal.",
                lambda it: it.replica.store.journal == "ok",
            ),
        ),
    ),
    Subject(
        ("web", "door"),
        _doors,
        (gauge("clients", "Stream clients connected, by door.", lambda it: it),),
    ),
)

# processes


class _Child(NamedTuple):
    status: ChildStatus
    now_mono_ns: int


def _children(current: Service) -> Iterator[Thing]:
    now = current.clock.monotonic_ns()
    for actor, child in sorted(current.replica.store.children.items()):
        yield Thing((actor, child.kind), _Child(child, now))


def _child_states(current: Service) -> Iterator[Thing]:
    for actor, child in sorted(current.replica.store.children.items()):
        yield Thing((actor, child.kind, child.state), child)


_CHILDREN: Final = (
    Subject(
        ("actor", "kind", "state"),
        _child_states,
        (gauge("child_state", "Always 1; the state of a process stands in the label.", one),),
    ),
    Subject(
        ("actor", "kind"),
        _children,
        (
            gauge(
                "child_ready", "1 while it does its work.", lambda it: it.status.state == "ready"
            ),
            counter("child_restarts_total", "Restarts.", lambda it: it.status.restarts),
            gauge("child_epoch", "Number of its incarnation.", lambda it: it.status.epoch),
            gauge("child_phase", "Phase of its restarts, 0: none.", lambda it: it.status.phase),
            gauge("child_attempt", "Restarts within the phase.", lambda it: it.status.attempt),
            gauge(
                "child_next_restart_seconds",
                "Until its next restart; absent where none is planned.",
                lambda it: _until_s(it.status.next_restart_mono_ns, it.now_mono_ns),
            ),
            gauge(
                "child_start_time_seconds",
                "Unix time of its start.",
                lambda it: None if (at := it.status.started_ns) is None else at / 1e9,
            ),
            gauge("child_rss_bytes", "Resident memory.", lambda it: it.status.rss_bytes),
            gauge("child_private_bytes", "Private memory.", lambda it: it.status.private_bytes),
            gauge(
                "child_cpu_ratio",
                "CPU time per time; 1 is one core.",
                lambda it: None if (cpu := it.status.cpu_percent) is None else cpu / 100,
            ),
            gauge(
                "child_last_frame_age_seconds",
                "Since its last frame, at its last heartbeat.",
                lambda it: None if (age := it.status.last_frame_age_ms) is None else age / 1e3,
            ),
            gauge("child_queue_depth", "What waits in it.", lambda it: it.status.queue_depth),
        ),
    ),
)

# connections


class _Lane(NamedTuple):
    state: ConnectionState
    up: bool
    now_mono_ns: int


def _lanes(current: Service) -> Iterator[Thing]:
    replica, now = current.replica, current.clock.monotonic_ns()
    for (actor, lane), datum in sorted(replica.store.connections.items(), key=lambda it: it[0]):
        state: ConnectionState = datum.value
        source = replica.store.sources.get(actor)
        linked = replica.connected and (source is None or source.connected)
        up = linked and state.state == "connected"
        yield Thing((actor, state.venue, lane), _Lane(state, up, now))


def _lane_states(current: Service) -> Iterator[Thing]:
    for actor_venue_lane, lane in _lanes(current):
        yield Thing((*actor_venue_lane, lane.state.state), lane)


_CONNECTIONS: Final = (
    Subject(
        ("actor", "venue", "lane", "state"),
        _lane_states,
        (gauge("connection_state", "Always 1; the lane's state stands in the label.", one),),
    ),
    Subject(
        ("actor", "venue", "lane"),
        _lanes,
        (
            gauge("connection_up", "1 while the lane is connected.", lambda it: it.up),
            gauge("connection_phase", "Phase of its retries.", lambda it: it.state.phase),
            gauge("connection_attempt", "Tries within the phase.", lambda it: it.state.attempt),
            gauge(
                "connection_next_retry_seconds",
                "Until its next try; absent where none is planned.",
                lambda it: _until_s(it.state.next_retry_mono_ns, it.now_mono_ns),
            ),
            counter("connection_connects_total", "Connects.", lambda it: it.state.connects),
            counter("connection_messages_total", "Messages.", lambda it: it.state.messages),
            counter(
                "connection_malformed_total",
                "Messages that could not be read.",
                lambda it: it.state.malformed,
            ),
            counter("connection_requests_total", "Requests.", lambda it: it.state.requests),
            counter("connection_failures_total", "Failures.", lambda it: it.state.failures),
            counter(
                "connection_rate_limited_total",
                "Answers that the venue's limit was reached (418, 429).",
                lambda it: it.state.rate_limited,
            ),
            gauge(
                "connection_last_message_age_seconds",
                "Since the last sign of life.",
                lambda it: _since_s(it.state.last_message_mono_ns, it.now_mono_ns),
            ),
            gauge(
                "connection_interval_seconds",
                "Effective interval between two polls; absent where nothing is polled.",
                lambda it: it.state.interval_effective_ms / 1e3 or None,
            ),
            gauge(
                "connection_request_seconds",
                "How long its last request took; absent where there was none.",
                lambda it: None if (took := it.state.latency_ms) is None else took / 1e3,
            ),
        ),
    ),
)

SUBJECTS: Final[tuple[Subject, ...]] = (*_SERVICE, *_CHILDREN, *_CONNECTIONS, *DATA)


class Entry(NamedTuple):
    """One metric as documents and dashboards name it."""

    name: str
    type: str
    help: str
    labels: tuple[str, ...]


CATALOGUE: Final = tuple(
    Entry(metric.name, metric.type, metric.help, subject.labels)
    for subject in SUBJECTS
    for metric in subject.metrics
)


def scrape(current: Service) -> bytes:
    """All samples of now."""
    return text_of(SUBJECTS, current)
