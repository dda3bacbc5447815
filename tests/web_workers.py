"""Asks each web process of a service by itself: all listen on one port, the kernel chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import psutil
from full_service import Service, free_port

CONNECTIONS_MAX = 100


class Worker:
    """One kept-alive connection to one web process."""

    def __init__(self, service: Service, session: aiohttp.ClientSession, actor: str) -> None:
        self.actor = actor
        self._url = service.url
        self._session = session

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(self._url + path) as answer:
            return answer.status, await answer.json(content_type=None)


@asynccontextmanager
async def workers(service: Service) -> AsyncIterator[dict[str, Worker]]:
    """A connection to every web process, by actor."""
    children = await service.children()
    pids = {child["pid"]: actor for actor, child in children.items() if child["kind"] == "web"}
    found: dict[str, Worker] = {}
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            port = free_port()
            connector = aiohttp.TCPConnector(
                limit=1, keepalive_timeout=300, local_addr=("127.0.0.1", port)
            )
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=connector, headers=service.headers)
            )
            async with session.get(service.url + "/health") as answer:
                await answer.read()
            actor = _owner(pids, port)
            if actor is not None and actor not in found:
                found[actor] = Worker(service, session, actor)
            if len(found) == len(pids):
                break
        assert len(found) == len(pids), f"reached {sorted(found)} of {sorted(pids.values())}"
        yield found


def _owner(pids: dict[int, str], port: int) -> str | None:
    for pid, actor in pids.items():
        for connection in psutil.Process(pid).net_connections("tcp"):
            if connection.raddr and connection.raddr.port == port:
                return actor
    return None
