"""The simulator on a socket: REST and WebSocket of one venue, its faults, and its controls."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection
from email.utils import formatdate
from itertools import count
from typing import Any, Final, NamedTuple

from aiohttp import web

from actors.runtime.clock import Clock
from actors.simulator.accounts import Account
from actors.simulator.admin import ADMIN_BASE, Admin
from actors.simulator.connection import Connection
from actors.simulator.dialects.contract import PrivateAnswer, PublicAnswer, Session
from actors.simulator.dialects.extended import VENUE
from actors.simulator.dialects.registry import traits_of
from actors.simulator.exchange import Exchange
from actors.simulator.faults import HTTP_KINDS, FaultKind
from actors.simulator.hub import CONNECTIONS_MAX, Hub
from actors.simulator.refused import Refused
from actors.simulator.subscription import names_of
from actors.simulator.venue import SimulatedVenue
from actors.simulator.visits import Visit

STEP_S_MIN: Final = 0.001
STEP_S_MAX: Final = 0.1
BODY_BYTES_MAX: Final = 256 * 1024
BACKLOG: Final = 1_024
STOP_TIMEOUT_S: Final = 2.0
SERVER_NAME: Final = "broadcaster-simulator"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Caller(NamedTuple):
    """Whose credential a request bears, if anybody's, or why it is none; whom it is about."""

    account: Account | None
    rejection: Refused | None
    subject: Account | None


_CALLER: Final = web.RequestKey("caller", Caller)
_VISIT: Final = web.RequestKey("visit", Visit)


class Addresses(NamedTuple):
    """Where the simulator serves; the values of a venue's settings."""

    host: str
    port: int
    base_url: str
    ws_url: str
    admin_url: str


class SimulatorServer:
    """One exchange on one listening socket, in the dialect of `venue`.

    `times` are fields of `SessionTimes` that are to be others than the venue's.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        *,
        venue: str = VENUE,
        rate_limit_per_min: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        **times: float,
    ) -> None:
        traits = traits_of(venue)
        self.venue = SimulatedVenue(
            exchange, clock, traits.dialect, rate_limit_per_min=rate_limit_per_min
        )
        self.dialect = self.venue.dialect
        self._times = traits.times._replace(**times)
        self._on_step = on_step
        self._numbers = count(1)
        self._sessions: dict[int, Session] = {}
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
            f"http://{at}{self.dialect.base_path}",
            f"ws://{at}{self.dialect.stream_path}",
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
        await asyncio.gather(*(one.farewell() for one in self._sessions.values()))
        connections = self.venue.connections.values()
        await asyncio.gather(*(one.close(1001, "simulator stops") for one in connections))
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
        for method, path, answer in self.dialect.public_routes():
            app.router.add_route(method, path, _public(answer))
        for method, path, private in self.dialect.private_routes():
            app.router.add_route(method, path, self._private(private))
        app.router.add_get(self.dialect.stream_route, self._stream)
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
        request[_CALLER] = caller = self._caller(request)
        visit = self._visit(request, caller)
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
            return self.dialect.not_served(error)

    def _caller(self, request: web.Request) -> Caller:
        account, rejection = None, None
        try:
            account = self.dialect.account(request)
        except Refused as refused:
            rejection = refused
        return Caller(account, rejection, self.dialect.subject(request, account))

    def _visit(self, request: web.Request, caller: Caller) -> Visit:
        visit = self.venue.visits.came(
            self.venue.wall_ms(),
            request.remote or "",
            "" if caller.subject is None else caller.subject.name,
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
        owner, weight = self.dialect.charge(request, request[_CALLER].account)
        wait_s = self.venue.throttle.wait_s(owner, now_ns, weight)
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

    def _names(self, request: web.Request) -> Collection[str]:
        """What a fault may call this request."""
        path = request.path
        if path.startswith(self.dialect.stream_path):
            try:
                topic = self.dialect.stream_topic(request)
            except Refused:
                return {"ws"}
            return names_of(topic) if topic else {"ws"}
        names = {"rest", f"rest:{path.removeprefix(self.dialect.api_base)}"}
        if not self.dialect.is_private(request):
            return names | {"rest:public"}
        account = request[_CALLER].subject
        if account is None:
            return names | {"rest:account"}
        own = f"account:{account.name}"
        return names | {"account", own, "rest:account", f"rest:{own}"}

    def _private(self, answer: PrivateAnswer) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            caller = request[_CALLER]
            if caller.rejection is not None:
                raise caller.rejection
            if caller.account is None:
                raise self.dialect.anonymous()
            body = await request.read() if request.can_read_body else b""
            return answer(caller.account, request, body)

        return handle

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        topic = self.dialect.stream_topic(request)
        if len(self.venue.connections) >= CONNECTIONS_MAX:
            raise Refused(503, "1006", "Too many connections")
        connection = Connection(next(self._numbers), request)
        session = self.dialect.session(connection, topic, self.venue, self._times)
        await connection.prepare()
        self.venue.visits.answered(request[_VISIT], 101)
        self.venue.came(connection)
        self._sessions[connection.number] = session
        try:
            session.began()
            return await connection.serve(session)
        finally:
            del self._sessions[connection.number]
            self.venue.gone(connection)


def _public(answer: PublicAnswer) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return answer(request)

    return handle
