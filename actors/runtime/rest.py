"""Drives Requests over HTTP: one session per process, through the account's own proxy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp
import aiohttp_socks
from yarl import URL

from actors.errors import (
    ConnectTimeout,
    Disconnected,
    MalformedFrame,
    ProxyFailed,
    RateLimited,
)
from actors.runtime.frames import AnswerRing
from actors.runtime.http_status import retry_after_s
from actors.runtime.masking import LIVE, MASK, is_secret_key
from actors.runtime.proxy import ProxyAddress, http_connector
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.runtime.venue_clock import VenueClock
from actors.venues.contract import Answer
from actors.venues.http_request import HttpRequest

TOTAL_TIMEOUT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 5.0
BODY_BYTES_MAX: Final = 16 * 1024 * 1024
USER_AGENT: Final = "broadcaster/1"

T = TypeVar("T")
Reader = Callable[[int, Mapping[str, str], bytes, int], T]
"""A `read_…` of a venue's Requests."""


class RestClient:
    """`async with RestClient(…) as rest: await rest.call(request, requests.read_balance)`."""

    def __init__(self, timer: Timer, throttle: Throttle, proxy: ProxyAddress | None = None) -> None:
        self.throttle = throttle
        self.requests = 0
        self.latency_ms: float | None = None
        self.venue_clock = VenueClock()
        self.answers = AnswerRing()
        self._clock = timer.clock
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=http_connector(self._proxy),
            timeout=aiohttp.ClientTimeout(total=TOTAL_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def call(self, request: HttpRequest, read: Reader[T]) -> T:
        """Sends when the budget allows and reads the answer by the venue's own rules.

        Raises RateLimited while the venue allows nothing, what `read` raises, ConnectTimeout,
        ProxyFailed, Disconnected, and MalformedFrame for an answer above BODY_BYTES_MAX.
        """
        answer = await self.fetch(request)
        try:
            return read(*answer)
        except MalformedFrame as fault:
            self.answers.keep_malformed(
                _asked(request), answer.status, answer.body, answer.received_ns, str(fault)
            )
            raise
        except RateLimited as fault:
            wait_s = fault.retry_after_s
            self.throttle.limited(retry_after_s(answer[1]) if wait_s is None else wait_s)
            raise

    async def fetch(self, request: HttpRequest) -> Answer:
        """The raw answer, whatever its status."""
        assert self._session is not None, "use RestClient as a context manager"
        await self.throttle.acquire(request.weight)
        self.requests += 1
        started_ns = self._clock.monotonic_ns()
        try:
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                # The key travels in a header: it must not follow to another host.
                allow_redirects=False,
            ) as response:
                answered_ns = self._clock.monotonic_ns()
                self.venue_clock.answered(response.headers, started_ns, answered_ns)
                body = await _read(response, request.name)
        except (
            aiohttp_socks.ProxyError,
            aiohttp_socks.ProxyConnectionError,
            aiohttp_socks.ProxyTimeoutError,
            # A SOCKS proxy that hangs up within its greeting.
            EOFError,
        ) as error:
            address = self._proxy.exit_address if self._proxy else ""
            raise ProxyFailed(f"proxy {address}: {LIVE.text(str(error))}") from error
        except (aiohttp.ConnectionTimeoutError, TimeoutError) as error:
            raise ConnectTimeout(f"{request.name}: no answer within {TOTAL_TIMEOUT_S} s") from error
        except (aiohttp.ClientError, OSError) as error:
            kind = type(error).__name__
            raise Disconnected(f"{request.name}: {kind}: {LIVE.text(str(error))}"[:300]) from error
        self.latency_ms = (self._clock.monotonic_ns() - started_ns) / 1e6
        received_ns = self._clock.wall_ns()
        self.answers.keep(_asked(request), response.status, body, received_ns)
        return Answer(response.status, response.headers, body, received_ns)


def _asked(request: HttpRequest) -> str:
    """Method, path and query as they can be shown to an operator."""
    pairs = ((name, MASK if is_secret_key(name) else value) for name, value in request.query)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return f"{request.method} {request.path}" + (f"?{query}" if query else "")


async def _read(response: aiohttp.ClientResponse, name: str) -> bytes:
    """The body, as long as it is not larger than anything a venue means to send."""
    chunks = []
    size = 0
    async for chunk in response.content.iter_chunked(65_536):
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise MalformedFrame(name, f"a body of at most {BODY_BYTES_MAX} bytes", f"> {size}")
        chunks.append(chunk)
    return b"".join(chunks)
