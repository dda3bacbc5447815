"""The WebSocket door to the feed: `/ws`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
from quart import Blueprint, websocket
from quart.wrappers import Websocket

from web import clients as codes
from web import seam
from web.clients import MAX_HZ_MAX, Client
from web.closing import goodbye
from web.demand import NotStarted, Wish
from web.feed import FeedFull
from web.frames import Door, Message
from web.resume import Position, read_position
from web.service import Service, service
from web.sinks import Ending, QueueSink, direct_client
from web.topics import DEFAULT, Pattern, TopicRefused, parse_all
from web.views import US

DEFAULT_AFTER_S: Final = 2.0
"""Who has asked for nothing by then gets all account topics, as a plain dashboard expects."""

MESSAGES_MAX: Final = 200
MESSAGES_WINDOW_NS: Final = 10_000_000_000
_FIELDS: Final = {
    "subscribe": {"op", "topics", "since", "max_hz"},
    "unsubscribe": {"op", "topics"},
    "ping": {"op"},
}

blueprint = Blueprint("websocket", __name__)


class BadFrame(Exception):
    """A client's message that means nothing here."""

    def __init__(self, field: str, expected: str, found: object) -> None:
        self.field = field
        self.expected = expected
        self.found = found if isinstance(found, str) else repr(found)
        super().__init__(f"{field}: expected {expected}, found {self.found[:200]}")


class Asked(msgspec.Struct):
    """What a client's message asks for."""

    op: str
    topics: frozenset[Pattern] = frozenset()
    since: Position | None = None
    max_hz: float | None = None


def read_message(data: str | bytes) -> Asked:
    """A client's message, or BadFrame naming the field, what was expected and what was found."""
    if isinstance(data, bytes):
        raise BadFrame("message", "a text message", f"{len(data)} bytes")
    try:
        asked = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadFrame("message", "a JSON object", data[:100]) from error
    if not isinstance(asked, dict):
        raise BadFrame("message", "a JSON object", data[:100])
    op = asked.get("op")
    allowed = _FIELDS.get(op) if isinstance(op, str) else None
    if allowed is None or not isinstance(op, str):
        raise BadFrame("op", "subscribe, unsubscribe or ping", op)
    for field in asked:
        if field not in allowed:
            raise BadFrame(field, f"one of {', '.join(sorted(allowed))}", field)
    if op == "ping":
        return Asked(op)
    topics = asked.get("topics")
    if not isinstance(topics, list):
        raise BadFrame("topics", "a list of topics", topics)
    try:
        patterns = parse_all(topics)
    except TopicRefused as refused:
        raise BadFrame(refused.field, refused.expected, refused.found) from refused
    return Asked(op, patterns, _read_since(asked.get("since")), _read_max_hz(asked.get("max_hz")))


def _read_since(value: object) -> Position | None:
    if value is None:
        return None
    position = read_position(value) if isinstance(value, str) else None
    if position is None:
        raise BadFrame("since", "the id of a message, <stream>-<sequence>", value)
    return position


def _read_max_hz(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadFrame("max_hz", "a number", value)
    if not 0 < value <= MAX_HZ_MAX:
        raise BadFrame("max_hz", f"a number above 0, at most {MAX_HZ_MAX:g}", value)
    return float(value)


@blueprint.websocket("/ws")
async def live() -> None:
    """Changes over a WebSocket."""
    current = service()
    connection = cast("Websocket", websocket._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    await connection.accept()
    session = Session(current, connection)
    try:
        await session.run()
    except FeedFull as full:
        await goodbye(connection, codes.REFUSED, str(full))
    except Exception as error:  # noqa: BLE001  # the guard of one connection
        current.report(error)
        await goodbye(connection, codes.OUR_FAULT, "this service failed")


class Session:
    """One WebSocket client: its messages in, the feed's out."""

    def __init__(self, current: Service, connection: Websocket) -> None:
        self._service = current
        self._connection = connection
        self._ending = Ending()
        self._wish = Wish(current.demand)
        self._wait: asyncio.Timeout | None = None
        self._subscribed = False
        self._messages = 0
        self._window_ns = 0
        self._queue: QueueSink | None = None
        wire = seam.wire(cast("Mapping[str, Any]", connection.scope))
        if wire is not None:
            self._client = direct_client(wire, Door.WEBSOCKET, self._end)
            wire.on_too_large = self._too_large
            wire.on_pong = self._ponged
        else:
            self._queue = QueueSink()
            self._client = Client(self._queue, Door.WEBSOCKET_PLAIN, self._end)

    async def run(self) -> None:
        """Until either side ends; Quart cancels it when the client is gone."""
        feed = self._service.feed
        feed.add(self._client)
        sender = None if self._queue is None else asyncio.ensure_future(self._send(self._queue))
        try:
            self._tell("welcome", **self._welcome())
            self._client.keep_alive(self._service.clock.monotonic_ns())
            deadline = asyncio.get_running_loop().time() + DEFAULT_AFTER_S
            while not self._ending.is_set:
                await self._next(None if self._subscribed else deadline)
        finally:
            self._wish.end()
            feed.remove(self._client)
            if sender is not None:
                sender.cancel()
        await goodbye(self._connection, self._ending.code, self._ending.reason)

    async def _next(self, deadline: float | None) -> None:
        """One message, or what follows from there being none until the deadline."""
        try:
            async with asyncio.timeout_at(deadline) as self._wait:
                data = await self._connection.receive()
        except TimeoutError:
            if not self._ending.is_set:
                await self._subscribe(Asked("subscribe", parse_all(DEFAULT)))
            return
        finally:
            self._wait = None
        if self._abused():
            limit = f"more than {MESSAGES_MAX} messages in 10 s"
            self._service.feed.close(self._client, codes.REFUSED, limit)
            return
        try:
            await self._obey(read_message(data))
        except BadFrame as bad:
            self._complain(bad.field, bad.expected, bad.found)
        except TopicRefused as refused:
            self._complain(refused.field, refused.expected, refused.found)
        except NotStarted as error:
            self._complain("topics", error.expected, str(error))

    async def _obey(self, asked: Asked) -> None:
        match asked.op:
            case "ping":
                self._tell("pong")
            case "unsubscribe":
                self._service.feed.unsubscribe(self._client, asked.topics)
                # The same stream may be wanted still by another pattern.
                self._wish.keep(self._service.demand.named(self._client.patterns))
                self._tell("unsubscribed", topics=sorted(topic.text for topic in asked.topics))
            case _:
                demand = self._service.demand
                startable = demand.topics(asked.topics)
                self._service.feed.check(asked.topics - startable.keys())
                await demand.start(startable.values())
                self._wish.add(startable.values())
                await self._subscribe(asked)

    async def _subscribe(self, asked: Asked) -> None:
        self._subscribed = True
        if asked.max_hz is not None:
            self._client.pace(asked.max_hz)
        names = sorted(pattern.text for pattern in asked.topics)
        first = self._message("subscribed", topics=names, max_hz=asked.max_hz)
        feed = self._service.feed
        await feed.subscribe(self._client, asked.topics, asked.since, first)

    def _welcome(self) -> dict[str, Any]:
        current = self._service
        return {
            "stream": current.replica.stream_id,
            "version": current.version,
            "mode": current.mode,
            "simulated": current.simulated,
        }

    def _message(self, kind: str, **fields: Any) -> bytes:
        """A message outside all topics: it has no id, so that nobody resumes from it."""
        at_us = self._service.clock.wall_ns() // US
        fields = {"id": None, "prev": None, "at_us": at_us, **fields}
        return Message(kind, "", "", fields).form(self._client.door)

    def _tell(self, kind: str, **fields: Any) -> None:
        # What this turn brought was earlier; a welcome must not overtake it, nor an answer.
        self._service.feed.flush()
        self._client.write(self._message(kind, **fields))

    def _complain(self, field: str, expected: str, found: str) -> None:
        detail = f"{field}: expected {expected}, found {found[:200]}"
        self._tell("error", field=field, expected=expected, found=found[:200], detail=detail)

    def _abused(self) -> bool:
        now = self._service.clock.monotonic_ns()
        if now - self._window_ns > MESSAGES_WINDOW_NS:
            self._window_ns, self._messages = now, 0
        self._messages += 1
        return self._messages > MESSAGES_MAX

    def _too_large(self) -> None:
        limit = f"a message may have {seam.MESSAGE_BYTES_MAX} bytes"
        self._service.feed.close(self._client, codes.TOO_LARGE, limit)

    def _ponged(self, payload: bytes) -> None:
        took_ns = self._client.ponged(payload, self._service.clock.monotonic_ns())
        if took_ns is not None:
            self._service.latency.to_clients.add(took_ns)

    def _end(self, code: int, reason: str) -> None:
        """The feed ends this client: the wait for its next message ends, too."""
        self._ending(code, reason)
        if self._queue is not None:
            self._queue.end()
        if self._wait is not None and not self._wait.expired():
            self._wait.reschedule(0)

    async def _send(self, queue: QueueSink) -> None:
        async for piece in queue:
            await self._connection.send(piece.decode())
