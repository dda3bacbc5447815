"""One WebSocket to a venue; the one file that knows the library `websockets`.

`open_socket` maps every error of the library to ours, so that nothing above knows it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)

from actors.errors import (
    ConfigFault,
    ConnectTimeout,
    Disconnected,
    LinkFault,
    ProxyFailed,
    RateLimited,
    VenueFault,
)
from actors.runtime.clock import Clock
from actors.runtime.masking import LIVE
from actors.runtime.proxy import ProxyAddress
from actors.runtime.throttle import Throttle
from actors.runtime.tls import client_context

OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 1.0
PONG_TIMEOUT_S: Final = 20.0
FRAME_BYTES_MAX: Final = 8 * 1024 * 1024
QUEUE_FRAMES_MAX: Final = 64
DETAIL_LENGTH_MAX: Final = 200
USER_AGENT: Final = "broadcaster/1"


Refused = Callable[[int, Mapping[str, str], bytes], VenueFault]
"""What it means that a handshake was answered with this status, headers and body."""


class Socket(Protocol):
    """One open WebSocket."""

    async def receive(self) -> str | bytes:
        """The next frame with data; Disconnected when there will be none."""

    async def send(self, data: str | bytes) -> None: ...

    async def close(self) -> None:
        """Ends the connection in CLOSE_TIMEOUT_S at most."""

    @property
    def last_life_mono_ns(self) -> int:
        """When anything came from the peer last, its Pings and Pongs included."""

    @property
    def latency_ms(self) -> float | None:
        """Of the last Ping, None before the first Pong."""


class _ObservedConnection(ClientConnection):
    """Notes when bytes arrive.

    `data_received` is asyncio's own protocol callback. The library offers no hook for Pings, and
    `recv` shows frames with data only: without this a quiet stream would look dead.
    """

    clock: Clock
    last_life_mono_ns: int

    def data_received(self, data: bytes) -> None:
        self.last_life_mono_ns = self.clock.monotonic_ns()
        super().data_received(data)


class _Connect(connect):
    """Follows no redirect: the library would hand the API key's header to the new host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _OpenSocket:
    __slots__ = ("_connection",)

    def __init__(self, connection: _ObservedConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise _disconnected(error) from error

    async def send(self, data: str | bytes) -> None:
        try:
            await self._connection.send(data)
        except ConnectionClosed as error:
            raise _disconnected(error) from error

    async def close(self) -> None:
        try:
            await self._connection.close()
        except WebSocketException:
            self._connection.transport.abort()

    @property
    def last_life_mono_ns(self) -> int:
        return self._connection.last_life_mono_ns

    @property
    def latency_ms(self) -> float | None:
        return self._connection.latency * 1e3 or None


async def open_socket(
    url: str,
    headers: Mapping[str, str],
    *,
    clock: Clock,
    proxy: ProxyAddress | None,
    ping_interval_s: float | None,
    refused: Refused,
    throttle: Throttle | None = None,
) -> Socket:
    """Connects, through `proxy` if there is one, within OPEN_TIMEOUT_S.

    With a `throttle` the handshake counts as a request: it waits for its turn, and an answer that
    the venue is asked too much holds all others back.

    Raises RateLimited while the venue allows nothing, what `refused` makes of an HTTP status,
    ConnectTimeout, ProxyFailed, Disconnected; ConfigFault for an address that is none.
    """

    class Observed(_ObservedConnection):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.clock = clock
            self.last_life_mono_ns = clock.monotonic_ns()

    options: dict[str, Any] = {"ssl": client_context()} if url.startswith("wss:") else {}
    others = {name: value for name, value in headers.items() if name.lower() != "user-agent"}
    agents = [value for name, value in headers.items() if name.lower() == "user-agent"]
    if throttle is not None:
        await throttle.acquire()
    try:
        connection = await _Connect(
            url,
            additional_headers=others,
            user_agent_header=agents[0] if agents else USER_AGENT,
            # None, when there is none: left out, the library would obey HTTP(S)_PROXY.
            proxy=proxy.url if proxy is not None else None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=ping_interval_s,
            ping_timeout=PONG_TIMEOUT_S,
            max_size=FRAME_BYTES_MAX,
            max_queue=QUEUE_FRAMES_MAX,
            create_connection=Observed,
            **options,
        )
    except InvalidStatus as error:
        response = error.response
        fault = refused(response.status_code, response.headers, bytes(response.body or b""))
        if throttle is not None and isinstance(fault, RateLimited):
            throttle.limited(fault.retry_after_s)
        raise fault from error
    except (InvalidURI, InvalidProxy) as error:
        raise ConfigFault(
            "WebSocket address or proxy", type(error).__name__, "ws(s)://…"
        ) from error
    except ProxyError as error:
        raise ProxyFailed(_told(error, proxy)) from error
    except TimeoutError as error:
        raise ConnectTimeout(f"{url}: no handshake within {OPEN_TIMEOUT_S} s") from error
    except OSError as error:
        raise _unreachable(error, proxy) from error
    except InvalidHandshake as error:
        raise Disconnected(f"{url}: handshake: {_shown(error)}") from error
    assert isinstance(connection, _ObservedConnection)
    return _OpenSocket(connection)


def _unreachable(error: OSError, proxy: ProxyAddress | None) -> LinkFault:
    # With a proxy the only address that we connect to is the proxy's; TLS is spoken behind it.
    if proxy is not None and not isinstance(error, ssl.SSLError):
        return ProxyFailed(_told(error, proxy))
    return Disconnected(f"connect: {_shown(error)}")


def _told(error: Exception, proxy: ProxyAddress | None) -> str:
    return f"proxy {proxy.exit_address if proxy else ''}: {_shown(error)}"


def _shown(error: BaseException) -> str:
    cause = f" ({error.__cause__})" if error.__cause__ is not None else ""
    return LIVE.text(f"{error or type(error).__name__}{cause}")[:DETAIL_LENGTH_MAX]


def _disconnected(error: ConnectionClosed) -> Disconnected:
    closing = error.rcvd or error.sent
    if closing is None:
        return Disconnected(f"closed without a closing frame: {_shown(error)}")
    side = "peer" if error.rcvd is not None else "us"
    return Disconnected(f"closed by {side}: code {closing.code} {closing.reason}".rstrip())
