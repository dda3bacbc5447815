"""Relays HTTP calls piece by piece, plain answers and event streams alike, without keeping any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final, cast

import aiohttp
import msgspec
from quart import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from yarl import URL

from web import seam
from web.clients import GOING_AWAY
from web.problems import Problem
from web.remote.asking import Asking, Passage
from web.remote.bounds import Limits, Room
from web.remote.headers import COLLECTOR, to_client
from web.remote.reach import Reach
from web.remote.target import RemoteAddress

STREAM_PATHS: Final = frozenset({"/api/stream", "/candles/stream"})
"""They count as streams; all else is over soon."""

_FOR_CLIENTS: Final = "/api/"
"""What is below needs the token: others need not know where the collector is."""

_EVENTS: Final = "text/event-stream"
_END_OF_EVENT: Final = b"\n\n"
_NOT_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_CLOSING: Final = b"event: closing\ndata: %b\n\n" % msgspec.json.encode(
    {"type": "closing", "id": None, "code": GOING_AWAY, "reason": "the service stops"}
)


class Calls:
    """The way to the remote for everything but WebSockets: one session with its connections."""

    def __init__(
        self, base: RemoteAddress, asking: Asking, reach: Reach, limits: Limits, body_bytes_max: int
    ) -> None:
        self._base = base
        self._asking = asking
        self._reach = reach
        self._limits = limits
        self._body_bytes_max = body_bytes_max
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Called once, on the loop that serves."""
        self._session = aiohttp.ClientSession(
            # How many run at once is counted before: a stream must not wait for another's place.
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect_s),
            auto_decompress=False,
            skip_auto_headers=_NOT_ADDED,
            trust_env=False,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def relay(self, calls: Room, streams: Room) -> Response:
        """The answer to the current request; Problem where there is none to be had."""
        passage = self._asking.passage(request)
        wire = seam.wire(cast("Mapping[str, Any]", request.scope))
        task = asyncio.current_task()
        assert task is not None
        flow = _Flow(self._limits, task.cancel if wire is None else wire.transport.abort)
        kept = ExitStack()
        # The handler's task also sends the answer, so whatever ends it, nothing stays open.
        task.add_done_callback(lambda _: kept.close())
        room = streams if request.path in STREAM_PATHS else calls
        kept.enter_context(room.held(flow.end))
        answer = await self._ask(passage)
        kept.callback(answer.close)
        response = Response(flow.pieces(answer, self._reach), answer.status)
        response.headers = Headers(self._fields(answer, passage))
        response.timeout = None
        if wire is not None:
            seam.prepare_stream(wire.transport)
        return response

    async def _ask(self, passage: Passage) -> aiohttp.ClientResponse:
        session = self._session
        assert session is not None
        wait_s = self._limits.first_byte_s
        upload = _Upload(self._body_bytes_max, self._limits.upload_idle_s)
        try:
            async with asyncio.timeout(wait_s) as wait:
                answer = await session.request(
                    request.method,
                    URL(self._base.http(passage.path), encoded=True),
                    headers=passage.fields,
                    data=upload.pieces(wait, wait_s) if _has_body() else None,
                    allow_redirects=False,
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise self._reach.unreachable(error) from error
        except TimeoutError as error:
            raise upload.fault or self._reach.silent(wait_s) from error
        except (aiohttp.ClientError, OSError) as error:
            raise upload.fault or self._reach.unreachable(error) from error
        self._reach.answered()
        return answer

    def _fields(self, answer: aiohttp.ClientResponse, passage: Passage) -> list[tuple[str, str]]:
        if answer.status == 401 and passage.bears_our_token:
            raise self._reach.refuses_token()
        fields = to_client(answer.raw_headers)
        if request.path.startswith(_FOR_CLIENTS):
            fields.append((COLLECTOR, self._base.address))
        location = answer.headers.get("Location")
        if location is not None:
            here = self._base.here(location, passage.path)
            if here is not None:
                fields.append(("location", here))
            elif 300 <= answer.status < 400:
                raise self._reach.strays()
        return fields


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


class _Flow:
    """One answer on its way to its client; `abort` drops the client's connection."""

    def __init__(self, limits: Limits, abort: Callable[[], object]) -> None:
        self._limits = limits
        self._abort = abort
        self._answer: aiohttp.ClientResponse | None = None
        self._ended = False

    def end(self) -> None:
        """The service stops: what waits for the remote's next piece waits no more."""
        self._ended = True
        if self._answer is not None:
            self._answer.close()

    async def pieces(self, answer: aiohttp.ClientResponse, reach: Reach) -> AsyncIterator[bytes]:
        """The remote's bytes as they come; the next are read when these have been taken."""
        self._answer = answer
        events = answer.content_type == _EVENTS
        idle_s = self._limits.stream_idle_s if events else self._limits.idle_s
        last = _END_OF_EVENT
        try:
            while not self._ended:
                async with asyncio.timeout(idle_s):
                    piece = await answer.content.readany()
                if not piece:
                    break
                last = (last + piece)[-len(_END_OF_EVENT) :]
                stall = asyncio.get_running_loop().call_later(self._limits.stall_s, self._abort)
                try:
                    yield piece
                finally:
                    stall.cancel()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if not self._ended:
                reach.broke(error)
            if not events:
                # Its end must not look like that of a whole answer.
                self._abort()
        # Within an event, or within compressed bytes, another would be taken for a part of it.
        whole = last == _END_OF_EVENT and "Content-Encoding" not in answer.headers
        if events and self._ended and whole:
            yield _CLOSING


class _Upload:
    """The request's body on its way; `fault` is what stopped it."""

    def __init__(self, bytes_max: int, idle_s: float) -> None:
        self._bytes_max = bytes_max
        self._idle_s = idle_s
        self.fault: Problem | None = None

    async def pieces(self, wait: asyncio.Timeout, wait_s: float) -> AsyncIterator[bytes]:
        """Each piece starts the wait for the answer anew."""
        body = aiter(request.body)
        sent = 0
        try:
            while True:
                async with asyncio.timeout(self._idle_s):
                    piece = await anext(body, None)
                if piece is None:
                    return
                sent += len(piece)
                if sent > self._bytes_max:
                    raise RequestEntityTooLarge
                if piece:
                    yield piece
                wait.reschedule(asyncio.get_running_loop().time() + wait_s)
        except RequestEntityTooLarge:
            self.fault = Problem(413, "too-large", f"at most {self._bytes_max} bytes")
            raise
        except TimeoutError:
            self.fault = Problem(408, "body-late", "the request's body did not arrive in time")
            raise
