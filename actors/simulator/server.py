"""The simulator on a socket: REST and WebSocket of one venue, its faults, and its controls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from itertools import count
from typing import Any, Final, NamedTuple

from aiohttp import web

from actors.runtime.clock import Clock
from actors.simulator.accounts import Account
from actors.simulator.admin import ADMIN_BASE, Admin
from actors.simulator.connection import PING_INTERVAL_S, PONG_TIMEOUT_S, Connection
from actors.simulator.dialects.extended import KEY_HEADER
from actors.simulator.dialects.extended_private import PrivateAnswer
from actors.simulator.dialects.extended_public import Answer
from actors.simulator.exchange import Exchange
from actors.simulator.faults import HTTP_KINDS, FaultKind
from actors.simulator.hub import CONNECTIONS_MAX, Hub
from actors.simulator.refused import Refused
from actors.simulator.venue import SimulatedVenue
from actors.simulator.visits import Visit

STEP_S_MIN: Final = 0.001
STEP_S_MAX: Final = 0.1
BODY_BYTES_MAX: Final = 256 * 1024
BACKLOG: Final = 1_024
STOP_TIMEOUT_S: Final = 2.0
SERVER_NAME: Final = "broadcaster-simulator"

_VISIT: Final = web.RequestKey("visit", Visit)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Addresses(NamedTuple):
    """Where the simulator serves; the values of a venue's settings."""

    host: str
    port: int
    base_url: str
    ws_url: str
    admin_url: str


class SimulatorServer:
    """One exchange on one listening socket."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        *,
        ping_interval_s: float = PING_INTERVAL_S,
        pong_timeout_s: float = PONG_TIMEOUT_S,
        rate_limit_per_min: int | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self.venue = SimulatedVenue(exchange, clock, rate_limit_per_min=rate_limit_per_min)
        self.dialect = self.venue.dialect
        self._ping_interval_s = ping_interval_s
        self._pong_timeout_s = pong_timeout_s
        self._on_step = on_step
        self._numbers = count(1)
        self._runner: web.AppRunner | None = None
        self._life: asyncio.Task[None] | None = None

    async def start(
        self, sock: socket.socket | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> Addresses:
        """Serves on `sock`, or on a new socket at host and port (0: any free one)."""
        if sock is None:
            sock = socket.create_server((host, port), backlog=BACKLOG)
        sock.setblocking(False)
        self._runner = web.AppRunner(
            self._app(), access_log=None, handle_signals=False, shutdown_timeout=STOP_TIMEOUT_S
        )
        await self._runner.setup()
        await web.SockSite(self._runner, sock, backlog=BACKLOG).start()
        self._life = asyncio.create_task(self._live(), name="simulated world")
        name, number = sock.getsockname()[:2]
        at = f"{name}:{number}"
        return Addresses(
            name,
            number,
            f"http://{at}{self.dialect.api_base}",
            f"ws://{at}{self.dialect.stream_base}",
            f"http://{at}{ADMIN_BASE}",
        )

    async def wait(self) -> None:
        """Returns never, but raises what ended the simulated world."""
        assert self._life is not None, "start comes first"
        await asyncio.shield(self._life)

    async def stop(self) -> None:
        """Says goodbye to all clients and gives the socket back."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        await asyncio.gather(*(one.close(1001, "simulator stops") for one in self.hub))
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def exchange(self) -> Exchange:
        return self.venue.exchange

    @property
    def hub(self) -> Hub:
        return self.venue.hub

    def inject(self, kind: str, target: str = "all", **options: Any) -> int:
        """Puts a fault in force; how many open connections it struck. Raises FaultRefused."""
        return self.venue.put_fault({"kind": kind, "target": target, **options})

    async def _live(self) -> None:
        self.venue.step()
        while True:
            due_ns = self.exchange.next_ns
            delay_s = STEP_S_MAX if due_ns is None else (due_ns - self.venue.now_ns()) / 1e9
            await asyncio.sleep(min(max(delay_s, STEP_S_MIN), STEP_S_MAX))
            self.venue.step()
            self._on_step()

    # requests

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=BODY_BYTES_MAX)
        app.on_response_prepare.append(self._stamp)
        for method, path, answer in self.dialect.public.routes():
            app.router.add_route(method, path, _public(answer))
        for method, path, private in self.dialect.private.routes():
            app.router.add_route(method, path, self._private(private))
        app.router.add_get(f"{self.dialect.stream_base}/{{path:.+}}", self._stream)
        Admin(self.venue).install(app)
        return app

    async def _stamp(self, _: web.Request, response: web.StreamResponse) -> None:
        """The venue's own time: clients take their clock offset from it."""
        response.headers["Date"] = formatdate(self.venue.now_ns() / 1e9, usegmt=True)
        response.headers["Server"] = SERVER_NAME

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path.startswith(ADMIN_BASE):
            return await handler(request)
        visit = self._visit(request)
        if self.venue.desk.is_down(self.venue.mono_ns()):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        response = await self._admitted(request, handler, visit)
        # An accepted stream was noted when it began.
        if not visit.status:
            self.venue.visits.answered(visit, response.status)
        return response

    async def _admitted(
        self, request: web.Request, handler: _Handler, visit: Visit
    ) -> web.StreamResponse:
        try:
            return await self._admit(request, handler, visit)
        except Refused as rejection:
            return self.dialect.refused(rejection)
        except web.HTTPException as error:
            code = "NOT_FOUND" if error.status == 404 else str(error.status)
            return self.dialect.refused(Refused(error.status, code, error.reason))

    def _visit(self, request: web.Request) -> Visit:
        account = self._account(request)
        visit = self.venue.visits.came(
            self.venue.wall_ms(),
            request.remote or "",
            "" if account is None else account.name,
            request.method,
            request.path_qs,
        )
        request[_VISIT] = visit
        return visit

    async def _admit(
        self, request: web.Request, handler: _Handler, visit: Visit
    ) -> web.StreamResponse:
        """Everything that comes before an answer, in the order in which a venue would look."""
        if not request.headers.get("User-Agent", "").strip():
            raise Refused(400, "400", "User-Agent header is required")
        now_ns = self.venue.mono_ns()
        wait_s = self.venue.throttle.wait_s(visit.address, now_ns)
        if wait_s is not None:
            self.venue.visits.refused(visit)
            return self.dialect.too_many(wait_s)
        for fault in self.venue.desk.meet(self._names(request), HTTP_KINDS, now_ns):
            if fault.kind is FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
            answer = self.dialect.faulty(fault)
            if answer is not None:
                return answer
        return await handler(request)

    def _account(self, request: web.Request) -> Account | None:
        """Whose key this is, if anybody's."""
        key = request.headers.get(KEY_HEADER)
        return None if key is None else self.exchange.account_by_key(key)

    def _names(self, request: web.Request) -> set[str]:
        """What a fault may call this request."""
        account = self._account(request)
        path = request.path
        if path.startswith(self.dialect.stream_base):
            try:
                topic = self._topic(request)
            except Refused:
                return {"ws"}
            return {"ws", topic, topic.partition(":")[0], f"ws:{topic}"}
        names = {"rest", f"rest:{path.removeprefix(self.dialect.api_base)}"}
        if not self.dialect.is_private(path):
            return names | {"rest:public"}
        if account is None:
            return names | {"rest:account"}
        own = f"account:{account.name}"
        return names | {"account", own, "rest:account", f"rest:{own}"}

    def _private(self, answer: PrivateAnswer) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = self.dialect.account(request)
            if account is None:
                raise Refused(401, "401", "Unauthorized")
            body = await request.read() if request.can_read_body else b""
            return answer(account, request, body)

        return handle

    def _topic(self, request: web.Request) -> str:
        path = request.path.removeprefix(self.dialect.stream_base)
        account = self.dialect.account(request) if self.dialect.is_private(request.path) else None
        return self.dialect.streams.topic(path, dict(request.query), account)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        topic = self._topic(request)
        if len(self.hub) >= CONNECTIONS_MAX:
            raise Refused(503, "1006", "Too many connections")
        connection = Connection(
            next(self._numbers),
            topic,
            request,
            ping_interval_s=self._ping_interval_s,
            pong_timeout_s=self._pong_timeout_s,
        )
        await connection.prepare()
        self.venue.visits.answered(request[_VISIT], 101)
        # Nothing may be awaited between the two: a frame would be lost or come twice.
        self.venue.welcome(connection)
        stay = self.venue.join(connection)
        try:
            return await connection.serve()
        finally:
            self.venue.leave(connection, stay)


def _public(answer: Answer) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)

    return handle
