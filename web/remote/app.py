"""Puts the front end together: the dashboard and the guard here, all else at the remote."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from quart import Quart, Response, websocket

from actors.runtime.clock import Clock
from web import dashboard, guard, pages, problems
from web.forwarded import Proxies
from web.remote.asking import Asking
from web.remote.bounds import CALLS_MAX, STREAMS_MAX, Limits, Room
from web.remote.calls import Calls
from web.remote.reach import Reach, Say
from web.remote.sockets import Receive, Sockets
from web.remote.target import RemoteAddress
from web.service import Rates, Settings

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_RECEIVE: Final = "broadcaster.receive"
_NAME_BYTES: Final = 8


class RemoteTickets:
    """Stands where a collector asks its supervisor of tickets: they are the remote's to judge."""

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]:
        del timeout_s, args
        return {"spent": op == "spend_ticket"}


@dataclass(slots=True, kw_only=True)
class FrontEnd:
    """The parts of a front end; `rates`, `settings` and `token` are those of its own guard."""

    base: str
    remote_token: str
    settings: Settings
    token: str
    clock: Clock
    say: Say
    report: Callable[[BaseException], None]
    limits: Limits = field(default_factory=Limits)
    calls_max: int = CALLS_MAX
    streams_max: int = STREAMS_MAX
    built: Path = dashboard.BUILT
    control: RemoteTickets = field(default_factory=RemoteTickets)
    rates: Rates = field(default_factory=Rates)


class Relay:
    """The app (ASGI) of one process that serves a front end.

    Of a WebSocket the framework sees the beginning alone: it would take in whatever a client sends,
    without limit, and tell nobody how the client closed.
    """

    def __init__(self, front: FrontEnd) -> None:
        base = RemoteAddress(front.base)
        reach = Reach(base.address, front.say)
        asking = Asking(
            asks_token=bool(front.token),
            remote_token=front.remote_token,
            proxies=Proxies(front.settings.trusted_proxies),
            name=f"broadcaster-{secrets.token_hex(_NAME_BYTES)}",
        )
        self._rooms = (Room("calls", front.calls_max), Room("streams", front.streams_max))
        self._calls = Calls(base, asking, reach, front.limits, front.settings.max_body_bytes)
        self._sockets = Sockets(base, asking, reach, front.limits)
        self._app = self._make_app(front)

    def _make_app(self, front: FrontEnd) -> Quart:
        app = Quart(__name__, static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = front.settings.max_body_bytes
        app.url_map.strict_slashes = False
        app.url_map.merge_slashes = False
        guard.install(app, front)
        problems.install(app, front.report)
        dashboard.install(app, front.built)
        app.add_url_rule("/favicon.ico", "favicon", pages.favicon)
        app.add_url_rule(
            "/<path:_>",
            "relayed",
            self._answer,
            methods=list(METHODS),
            provide_automatic_options=False,
        )
        app.add_websocket("/<path:_>", "relayed socket", self._serve)
        return app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            first = await receive()
            scope["state"] = {**(scope.get("state") or {}), _RECEIVE: receive}
            receive = _only(first)
        await self._app(scope, receive, send)

    @property
    def running(self) -> int:
        """Calls and streams that are being relayed."""
        return sum(map(len, self._rooms))

    def open(self) -> None:
        """Called once, on the loop that serves."""
        self._calls.open()

    def end_all(self) -> None:
        """Tells every client that the service stops, and takes none in."""
        for room in self._rooms:
            room.close()

    async def close(self) -> None:
        await self._calls.close()

    async def _answer(self, _: str) -> Response:
        return await self._calls.relay(*self._rooms)

    async def _serve(self, _: str) -> Response | None:
        receive = cast("dict[str, Any]", websocket.scope)["state"][_RECEIVE]
        return await self._sockets.relay(self._rooms[1], cast("Receive", receive))


def _only(first: Any) -> Callable[[], Any]:
    """Gives `first` and then nothing, for as long as it is asked."""
    events = [first]

    async def receive() -> Any:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    return receive
