"""The only file that knows Hypercorn: it serves the app and lends out each connection's transport.

A queue and a send per client cost the usual ASGI stack some 60 µs a delivery; the same bytes
written to each transport cost a fraction of it. So the connection's transport travels to the
handler in the ASGI scope's state. Handshakes, answers, pongs and closes stay with Hypercorn; once
a handler has accepted (or its response has started), the feed may write whole WebSocket frames
(or HTTP/1.1 chunks) between them. `tests/architecture/test_hypercorn_seam.py` holds what this
relies on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import socket
import struct
import termios
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import Event, RawData
from hypercorn.protocol.ws_stream import FrameTooLargeError, Handshake, WebsocketBuffer
from hypercorn.typing import ASGIFramework
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Pong, TextMessage
from wsproto.events import Event as FrameEvent

from web import problems

BACKLOG: Final = 2048
CONNECTIONS_MAX: Final = 10_000
HEADER_BYTES_MAX: Final = 16 * 1024
MESSAGE_BYTES_MAX: Final = 64 * 1024
KEEP_ALIVE_S: Final = 60.0
KEEP_ALIVE_REQUESTS_MAX: Final = 10_000_000
"""Pollers keep their connection for weeks."""

SEND_BUFFER_BYTES: Final = 256 * 1024
"""What the kernel may hold for one stream; more would only hide that a client does not read."""

PEER_SILENCE_MS: Final = 30_000
"""A peer that acknowledges nothing for so long is gone (TCP_USER_TIMEOUT)."""

_CANCEL_S: Final = 0.5
_WIRE: Final = "broadcaster.wire"
_NO_PATH: Final = "*"


class Wire:
    """What a handler may know of its connection: the transport, and what Hypercorn tells nobody.

    `on_too_large` is called before Hypercorn answers an oversized message with a close (1009),
    `on_pong` with the payload of each pong, `on_close` with the code and the reason of the client's
    close frame, before the event that tells of the end.
    """

    __slots__ = ("on_close", "on_pong", "on_too_large", "transport")

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self.transport = transport
        self.on_too_large: Callable[[], None] | None = None
        self.on_pong: Callable[[bytes], None] | None = None
        self.on_close: Callable[[int, str], None] | None = None


def wire(scope: Mapping[str, Any]) -> Wire | None:
    """The connection's wire, where frames can be written past ASGI: HTTP/1.1 under our server."""
    if scope.get("http_version") != "1.1":
        return None
    found = (scope.get("state") or {}).get(_WIRE)
    return found if isinstance(found, Wire) else None


def prepare_stream(transport: asyncio.WriteTransport) -> None:
    """Bounds what the kernel holds for a client and how long a vanished one is kept."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, PEER_SILENCE_MS)


def unsent_bytes(transport: asyncio.WriteTransport) -> int:
    """What the peer has not acknowledged yet: our buffer and the kernel's."""
    waiting = transport.get_write_buffer_size()
    connection = transport.get_extra_info("socket")
    if connection is None or (descriptor := connection.fileno()) < 0:
        return waiting
    try:
        answer = fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return waiting
    (kernel,) = struct.unpack("i", answer)
    return waiting + int(kernel)


class MessageBuffer(WebsocketBuffer):
    """Keeps nothing of a message that is too large; Hypercorn's own buffer would go on growing."""

    def __init__(self, bytes_max: int, owner: Wire) -> None:
        super().__init__(bytes_max)
        self._owner = owner
        self._exceeded = False

    def extend(self, event: TextMessage | BytesMessage) -> None:  # type: ignore[override]
        if not self._exceeded and self.length + len(event.data) <= self.max_length:
            super().extend(event)
            return
        self._exceeded = True
        if self._owner.on_too_large is not None:
            self._owner.on_too_large()
        raise FrameTooLargeError


class _Frames(Connection):
    """The frames of one WebSocket; of pongs and of the close its owner hears, too."""

    def __init__(self, owner: Wire) -> None:
        super().__init__(ConnectionType.SERVER)
        self._owner = owner

    def events(self) -> Generator[FrameEvent, None, None]:
        for event in super().events():
            if isinstance(event, Pong) and self._owner.on_pong is not None:
                self._owner.on_pong(bytes(event.payload))
            elif isinstance(event, CloseConnection) and self._owner.on_close is not None:
                self._owner.on_close(int(event.code), event.reason or "")
            yield event


class PlainHandshake(Handshake):
    """Accepts without extensions, and lends the frames out."""

    def __init__(self, scope: Mapping[str, Any], owner: Wire) -> None:
        super().__init__(scope["headers"], scope["http_version"])
        self.extensions = None
        self._owner = owner

    def accept(
        self, subprotocol: str | None, additional_headers: Iterable[tuple[bytes, bytes]]
    ) -> tuple[int, list[tuple[bytes, bytes]], Connection]:
        status, headers, _ = super().accept(subprotocol, additional_headers)
        return status, headers, _Frames(self._owner)


class _Lender:
    """ASGI middleware: bounds a WebSocket's messages before the app accepts it.

    Compression is refused: 64 KiB from the net would inflate to 64 MiB before any limit counts,
    and shared frames are not compressed anyway.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            stream = getattr(send, "__self__", None)
            lent = (scope.get("state") or {}).get(_WIRE)
            if stream is not None and isinstance(lent, Wire):
                stream.handshake = PlainHandshake(scope, lent)
                stream.buffer = MessageBuffer(MESSAGE_BYTES_MAX, lent)
        if not _is_readable(scope["path"]):
            scope = {**scope, "path": _NO_PATH}
        await self._app(scope, receive, send)


def _is_readable(path: str) -> bool:
    """Whether the framework can look at it: it takes what begins otherwise for an address."""
    if path.startswith("/"):
        return True
    try:
        return bool(path and urlsplit(path))
    except ValueError:
        return False


class _Connection(TCPServer):
    """Hypercorn's connection, with its transport lent and its own errors as problem documents."""

    async def _read_data(self) -> None:
        """Until the client sends no more; then nobody waits for its next request."""
        await super()._read_data()
        await self.idle_task.stop()

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            replaced = problems.instead_of_bare_error(event.data)
            if replaced is not None:
                event = RawData(data=replaced)
        await super().protocol_send(event)


def _config() -> Config:
    config = Config()
    config.backlog = BACKLOG
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.keep_alive_max_requests = KEEP_ALIVE_REQUESTS_MAX
    config.h11_max_incomplete_size = HEADER_BYTES_MAX
    config.websocket_max_message_size = MESSAGE_BYTES_MAX
    config.include_server_header = False
    config.accesslog = None
    # Its own handler would write to standard error; ours hands all libraries' lines to the log.
    config.errorlog = logging.getLogger("hypercorn.error")
    # The feed pings all WebSockets with one frame, and a read time-out would cut SSE clients, who
    # never write: slow headers meet the keep-alive time-out, slow bodies Quart's body time-out,
    # vanished peers TCP_USER_TIMEOUT.
    config.websocket_ping_interval = None
    config.read_timeout = None
    return config


class Server:
    """Serves one ASGI app on one listening socket."""

    def __init__(self, app: ASGIFramework, report: Callable[[BaseException], None]) -> None:
        self._app = ASGIWrapper(_Lender(app))
        self._config = _config()
        self._context = WorkerContext(None)
        self._report = report
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        return len(self._tasks)

    async def start(self, listener: socket.socket) -> None:
        """Listens from now on; the socket is the server's."""
        listener.setblocking(False)
        self._server = await asyncio.start_server(self._serve, sock=listener, backlog=BACKLOG)

    async def stop(self, grace_s: float) -> None:
        """Takes no more in, gives what runs `grace_s` to end, then ends it."""
        if self._server is not None:
            self._server.close()
        await self._context.terminated.set()
        for seconds, cancel in ((grace_s, True), (_CANCEL_S, False)):
            if not self._tasks:
                return
            await asyncio.wait(self._tasks, timeout=seconds)
            if cancel:
                for task in self._tasks:
                    task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= CONNECTIONS_MAX:
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            await _Connection(
                self._app,
                asyncio.get_running_loop(),
                self._config,
                self._context,
                {_WIRE: Wire(writer.transport)},
                reader,
                writer,
            )
        except asyncio.CancelledError:
            writer.transport.abort()
        except Exception as error:  # noqa: BLE001  # the guard of one connection
            self._report(error)
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
