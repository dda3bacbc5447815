"""Entry of the web process: replica, app and server from start to the last closing event."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Final

from actors.cache.replica import Replica
from actors.messages.control import FaultReport
from actors.runtime.clock import Clock
from actors.runtime.context import ActorContext
from actors.runtime.control_client import ControlClient
from actors.sinks.reading import open_reader
from web.app import create_app
from web.clients import GOING_AWAY
from web.seam import Server
from web.service import NO_HISTORY, Service, make_service

FILL_S_MAX: Final = 5.0
"""Without a cache the service serves all the same, and says so in /health."""

GRACE_S: Final = 1.5
SAMPLE_S: Final = 1.0
MESSAGE_LENGTH_MAX: Final = 500


class Reports:
    """What went wrong in handlers, to the supervisor; one report a second at most of one kind."""

    def __init__(self, context: ActorContext) -> None:
        self._context = context
        self._last_ns: dict[type[BaseException], int] = {}

    def __call__(self, error: BaseException) -> None:
        now = self._context.clock.monotonic_ns()
        kind = type(error)
        if now - self._last_ns.get(kind, -(10**9)) < 10**9:
            return
        self._last_ns[kind] = now
        clock: Clock = self._context.clock
        report = FaultReport(
            actor=self._context.actor_id,
            kind=kind.__name__,
            message=f"{error}"[:MESSAGE_LENGTH_MAX],
            level="error",
            at_ns=clock.wall_ns(),
        )
        self._context.fault(report, level="error")
        self._context.capture(error)


async def _sample(service: Service) -> None:
    while True:
        service.rates.sample(service.replica)
        service.latency.tick(service.clock.monotonic_ns())
        await asyncio.sleep(SAMPLE_S)


async def run(context: ActorContext) -> None:
    """Serves until `context.stopping`; config and descriptor: contracts, section 6."""
    config = context.config
    secrets = context.secrets()
    report = Reports(context)
    replica = Replica(config["cache_socket"], context.actor_id, context.epoch, context.clock)
    control = ControlClient(config["control_socket"])
    service = make_service(
        actor=context.actor_id,
        replica=replica,
        control=control,
        clock=context.clock,
        config=config,
        token=secrets.get("API_TOKEN", ""),
        report=report,
        reader=open_reader(config.get("history", NO_HISTORY), secrets, context.clock),
    )
    server = Server(create_app(service), report)
    context.progress.queue_depth = lambda: service.feed.count
    listener = socket.socket(fileno=context.descriptor("listener"))
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(work)
            for work in (replica.run(), service.feed.run(), service.demand.run(), _sample(service))
        ]
        filled = tasks.create_task(replica.wait_filled())
        stopping = tasks.create_task(context.stopping.wait())
        await asyncio.wait(
            {filled, stopping}, timeout=FILL_S_MAX, return_when=asyncio.FIRST_COMPLETED
        )
        await server.start(listener)
        context.ready()
        await stopping
        await stop(service, server)
        await service.history.close()
        for task in (*running, filled):
            task.cancel()


async def stop(service: Service, server: Server) -> None:
    """Tells every stream client, closes, and waits for what still runs; at most 2 s."""
    service.feed.close_all(GOING_AWAY, "the service stops")
    with contextlib.suppress(OSError):
        await server.stop(GRACE_S)
