"""The SSE door to the feed: `GET /api/stream`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

from quart import Blueprint, Response, request
from quart_schema import document_querystring

from web import problems, seam
from web.clients import MAX_HZ_MAX, Client
from web.demand import NotStarted, Wish
from web.feed import CLIENTS_MAX
from web.frames import Door, chunk
from web.resume import Position, read_position
from web.schemas import StreamQuery
from web.service import Service, service
from web.sinks import Ending, QueueSink, direct_client
from web.topics import DEFAULT, Pattern, TopicRefused, parse_all

RETRY: Final = b"retry: 1000\n\n"
"""How long a browser waits before it connects again, in milliseconds."""

_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # Proxies would collect events otherwise.
    "X-Accel-Buffering": "no",
    # A stream ends with its connection, so that an abort never meets a later request.
    "Connection": "close",
}

blueprint = Blueprint("sse", __name__)


def read_since(text: str | None) -> Position | None:
    """Where the client stands; a text that is no id is an error, an unknown stream a reset."""
    if not text:
        return None
    position = read_position(text)
    if position is None:
        raise problems.bad_parameter("last_event_id", "<stream>-<sequence>", text)
    return position


def read_max_hz(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_HZ_MAX:
        raise problems.bad_parameter("max_hz", f"a number above 0, at most {MAX_HZ_MAX:g}", text)
    return value


def read_topics(current: Service, texts: list[str]) -> tuple[frozenset[Pattern], tuple[str, ...]]:
    """What the client asks for, and which market streams must run for it."""
    topics = [topic.strip() for text in texts for topic in text.split(",")]
    try:
        patterns = parse_all(topics if texts else DEFAULT)
        startable = current.demand.topics(patterns)
        current.feed.check(patterns - startable.keys())
    except TopicRefused as refused:
        part = "" if refused.field.startswith("topic") else f"as {refused.field} "
        raise problems.bad_parameter(
            "topics", f"{part}{refused.expected}", refused.found
        ) from refused
    except NotStarted as error:
        raise problems.not_started(str(error)) from error
    return patterns, tuple(startable.values())


@blueprint.get("/api/stream")
@document_querystring(StreamQuery)
async def stream() -> Response:
    """Changes as server-sent events.

    First a `snapshot` per topic, then `update`s; `Last-Event-ID` (header or parameter) resumes.
    """
    current = service()
    patterns, wanted = read_topics(current, request.args.getlist("topics"))
    since = read_since(request.headers.get("Last-Event-ID") or request.args.get("last_event_id"))
    max_hz = read_max_hz(request.args.get("max_hz"))
    if request.method == "HEAD":
        return Response(b"", headers=_HEADERS)
    if current.feed.full:
        detail = f"{CLIENTS_MAX} stream clients are served already, or the service stops"
        raise problems.Problem(503, "too-many-clients", detail, {"Retry-After": "10"})
    try:
        await current.demand.start(wanted)
    except NotStarted as error:
        raise problems.not_started(str(error)) from error
    stream_ = _Stream(current, wanted, max_hz)
    response = Response(stream_.body(patterns, since), headers=_HEADERS)
    response.timeout = None
    return response


class _Stream:
    """One SSE client: the body of its answer."""

    def __init__(self, current: Service, wanted: tuple[str, ...], max_hz: float | None) -> None:
        self._feed = current.feed
        self._wish = Wish(current.demand)
        self._wanted = wanted
        self._ending = Ending()
        self._queue: QueueSink | None = None
        wire = seam.wire(cast("Mapping[str, Any]", request.scope))
        if wire is not None:
            self.client = direct_client(wire, Door.SSE, self._end, max_hz)
        else:
            self._queue = QueueSink()
            self.client = Client(self._queue, Door.SSE_PLAIN, self._end, max_hz=max_hz)

    def _end(self, code: int, reason: str) -> None:
        self._ending(code, reason)
        if self._queue is not None:
            self._queue.end()

    async def body(
        self, patterns: frozenset[Pattern], since: Position | None
    ) -> AsyncIterator[bytes]:
        """Starts once the header is on the wire; the feed writes, this waits for the end."""
        try:
            self._feed.add(self.client)
            self._wish.add(self._wanted)
            first = RETRY if self._queue is not None else chunk(RETRY)
            await self._feed.subscribe(self.client, patterns, since, first)
            if self._queue is None:
                await self._ending.wait()
            else:
                async for piece in self._queue:
                    yield piece
        finally:
            self._wish.end()
            self._feed.remove(self.client)
