"""Relays WebSockets message by message: whoever does not read makes the other side wait."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

from quart import Response, websocket
from quart.wrappers import Websocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol
from werkzeug.datastructures import Headers

from web import clients, seam
from web.closing import REASON_BYTES_MAX
from web.frames import ping_frame
from web.problems import Problem
from web.remote.asking import Asking, Passage
from web.remote.bounds import Limits, Room
from web.remote.codes import ABNORMAL, Close, for_client, for_remote
from web.remote.headers import to_client
from web.remote.reach import Reach
from web.remote.target import RemoteAddress

MESSAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of the remote: a snapshot is one message. What clients send is bounded by the server."""

MESSAGES_WAITING_MAX: Final = 8
SUBPROTOCOLS_MAX: Final = 16
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_STOPPING: Final = Close(clients.GOING_AWAY, "the service stops")
_STALLED: Final = Close(clients.TOO_SLOW, "the client takes nothing")

Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]


class _Dial(connect):
    """The library's own, but for redirects: they could lead anywhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Sockets:
    """The way to the remote for WebSockets: a connection for each client's."""

    def __init__(self, base: RemoteAddress, asking: Asking, reach: Reach, limits: Limits) -> None:
        self._base = base
        self._asking = asking
        self._reach = reach
        self._limits = limits

    async def relay(self, streams: Room, receive: Receive) -> Response | None:
        """Serves the current WebSocket to its end, or gives the answer that refuses it.

        `receive` gives the client's events (ASGI). Raises Problem where the remote is away.
        """
        client = cast("Websocket", websocket._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
        passage = self._asking.passage(client)
        bridge = _Bridge(client, receive, self._limits)
        with streams.held(bridge.end):
            try:
                remote = await self._dial(passage, _subprotocols(client))
            except InvalidStatus as refused:
                return self._refusal(refused, passage)
            try:
                await client.accept(subprotocol=remote.subprotocol)
                await bridge.run(remote)
            finally:
                remote.transport.abort()
        return None

    async def _dial(self, passage: Passage, offered: list[Subprotocol]) -> ClientConnection:
        limits = self._limits
        try:
            remote = await _Dial(
                self._base.websocket(passage.path),
                additional_headers=[
                    (name, value) for name, value in passage.fields if name != "content-length"
                ],
                subprotocols=offered or None,
                user_agent_header=None,
                compression=None,
                proxy=None,
                open_timeout=limits.handshake_s,
                ping_interval=limits.ping_s,
                ping_timeout=limits.ping_s,
                close_timeout=limits.close_s,
                max_size=MESSAGE_BYTES_MAX,
                max_queue=MESSAGES_WAITING_MAX,
            )
        except InvalidStatus:
            self._reach.answered()
            raise
        except (InvalidHandshake, OSError, TimeoutError) as error:
            raise self._reach.unreachable(error) from error
        self._reach.answered()
        return remote

    def _refusal(self, refused: InvalidStatus, passage: Passage) -> Response:
        """The remote's own answer in place of a handshake."""
        answer = refused.response
        if answer.status_code < 400:
            raise self._reach.strays()
        if answer.status_code == 401 and passage.bears_our_token:
            raise self._reach.refuses_token()
        raw = [(name.encode(), value.encode()) for name, value in answer.headers.raw_items()]
        response = Response(bytes(answer.body or b""), answer.status_code)
        length = response.headers["Content-Length"]
        response.headers = Headers(pair for pair in to_client(raw) if pair[0] != "content-length")
        response.headers["Content-Length"] = length
        return response


def _subprotocols(client: Websocket) -> list[Subprotocol]:
    """What the client offers; Problem where it is none of RFC 6455's tokens."""
    offered = client.requested_subprotocols
    if len(offered) > SUBPROTOCOLS_MAX or not all(_TOKEN.fullmatch(name) for name in offered):
        detail = f"Sec-WebSocket-Protocol: expected at most {SUBPROTOCOLS_MAX} tokens"
        raise Problem(400, "bad-subprotocol", detail)
    return [Subprotocol(name) for name in offered]


class _Bridge:
    """A client's WebSocket and the remote's, for as long as both live."""

    def __init__(self, client: Websocket, receive: Receive, limits: Limits) -> None:
        self._client = client
        self._receive = receive
        self._limits = limits
        self._wire = seam.wire(cast("Mapping[str, Any]", client.scope))
        self._gone = Close(ABNORMAL, "")
        self._end: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        if self._wire is not None:
            seam.prepare_stream(self._wire.transport)
            self._wire.on_close = self._closed_by_client
            self._wire.on_too_large = self._too_large

    def end(self) -> None:
        """The service stops."""
        self._finish(_STOPPING)

    def _finish(self, close: Close) -> None:
        if not self._end.done():
            self._end.set_result(close)

    def _closed_by_client(self, code: int, reason: str) -> None:
        self._gone = Close(code, reason)

    def _too_large(self) -> None:
        self._finish(Close(clients.TOO_LARGE, f"at most {seam.MESSAGE_BYTES_MAX} bytes"))

    async def run(self, remote: ClientConnection) -> None:
        """Until either side ends; then the other side is told how."""
        upward = asyncio.create_task(self._upward(remote))
        downward = asyncio.create_task(self._downward(remote))
        pinging = asyncio.create_task(self._ping())
        work = (upward, downward, pinging)
        try:
            await asyncio.wait({upward, downward, self._end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
        if self._end.done():
            close = self._end.result()
            await asyncio.gather(self._say_goodbye(close), _hang_up(remote, close))
        elif not downward.cancelled():
            await self._say_goodbye(downward.result())
        else:
            await _hang_up(remote, upward.result())

    async def _downward(self, remote: ClientConnection) -> Close:
        """The remote's messages to the client; how the client is to be closed."""
        try:
            while True:
                message = await remote.recv()
                async with asyncio.timeout(self._limits.stall_s):
                    await self._client.send(message)
        except ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (ABNORMAL, "")
            return for_client(code, reason)
        except TimeoutError:
            return _STALLED

    async def _upward(self, remote: ClientConnection) -> Close:
        """The client's messages to the remote; how the remote is to be closed."""
        while True:
            event = await self._receive()
            if event["type"] == "websocket.disconnect":
                return for_remote(*self._gone)
            if event["type"] != "websocket.receive":
                continue
            text = event.get("text")
            message: str | bytes = text if text is not None else event["bytes"]
            try:
                async with asyncio.timeout(self._limits.stall_s):
                    await remote.send(message)
            except ConnectionClosed:
                # How it ended is for the other direction to tell, once it has read to the end.
                await asyncio.Event().wait()
            except TimeoutError:
                self._finish(Close(clients.TOO_SLOW, "the remote service takes nothing"))

    async def _ping(self) -> None:
        """Lets the kernel notice a client that has vanished without a word."""
        while self._wire is not None:
            await asyncio.sleep(self._limits.ping_s)
            if not self._wire.transport.is_closing():
                self._wire.transport.write(ping_frame(b""))

    async def _say_goodbye(self, close: Close) -> None:
        """Closes, and reads on for a moment: closing over unread bytes would lose the frame."""
        reason = close.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        try:
            async with asyncio.timeout(self._limits.goodbye_s):
                await self._client.close(close.code, reason)
                while (await self._receive())["type"] != "websocket.disconnect":
                    pass
        except TimeoutError:
            # Who has taken all of it is only slow to answer; an abort would cost it the frame.
            if self._wire is not None and seam.unsent_bytes(self._wire.transport):
                self._wire.transport.abort()


async def _hang_up(remote: ClientConnection, close: Close) -> None:
    with contextlib.suppress(ConnectionClosed, OSError):
        await remote.close(close.code, close.reason)
