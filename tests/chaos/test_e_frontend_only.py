"""(e) FRONTEND_ONLY before a second service: killed and restarted under 100 SSE and 100 WS."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import stream_clients
import websockets
from full_service import Again, Service, Simulator, running, until
from stream_clients import StreamClient, broken_chains

from actors.runtime.control_client import call_blocking

SEED = 20261121
KILLS = 2
CLIENTS_PER_DOOR = 100
FILLS_PER_SECOND = 4
RECONNECT_SECONDS = 1.0
GONE_SECONDS_MAX = 5.0
BACK_SECONDS_MAX = 60.0
MEMORY_GROWTH_BYTES_MAX = 24 * 2**20
DESCRIPTORS_SLACK = 8
KEYS = {"1": "test-key-one", "2": "test-key-two"}
TOPICS = ("fills:extended:*", "orders:extended:*", "account:extended:*")
ACCOUNT_KINDS = ("fills:", "orders:", "account:")


class WatchedClient(StreamClient):
    """Notes how each of its connections ended."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(*arguments)
        self.ends: list[str] = []
        self.statuses: list[int] = []

    async def _sse(self) -> None:
        had = self.received.connects
        try:
            await super()._sse()
        except aiohttp.ClientError as error:
            self.ends.append(type(error).__name__)
            raise
        if self.received.connects > had:
            self.ends.append("whole")

    async def _websocket(self) -> None:
        try:
            await super()._websocket()
        except websockets.InvalidStatus as refused:
            self.statuses.append(refused.response.status_code)
            raise
        except websockets.ConnectionClosed as closed:
            self.ends.append(str(closed.rcvd.code if closed.rcvd else None))
            raise


class Front:
    """The front end's own process, as its supervisor and the kernel see it."""

    def __init__(self, service: Service) -> None:
        self._control = service.folder / "run" / "control.sock"
        self.pid = self.child["pid"]

    @property
    def children(self) -> list[dict[str, Any]]:
        children: list[dict[str, Any]] = call_blocking(self._control, "tree", 5.0)["children"]
        return children

    @property
    def child(self) -> dict[str, Any]:
        (child,) = self.children
        return child

    def figures(self) -> tuple[int, int]:
        process = psutil.Process(self.pid)
        return process.memory_info().rss, process.num_fds()


async def end_at_once(service: Service) -> None:
    """SIGKILL to the supervisor; everything below it follows."""
    family = service.family()
    os.kill(service.pid, signal.SIGKILL)
    service.process.wait(5)
    await until(
        lambda: (
            not any(
                member.is_running() and member.status() != psutil.STATUS_ZOMBIE for member in family
            )
        ),
        GONE_SECONDS_MAX,
        "all of the remote's processes are gone",
    )


async def problems_meanwhile(front: Service) -> None:
    for path in ("/api/accounts", "/health", "/ready", "/api/stream?topics=fills:*"):
        began = time.monotonic()
        async with aiohttp.ClientSession() as session, session.get(front.url + path) as answer:
            assert answer.status == 502, path
            assert answer.content_type == "application/problem+json"
            assert (await answer.json())["type"] == "/docs#problem-remote-unreachable"
        assert time.monotonic() - began < 2.0, path
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://127.0.0.1:{front.port}/ws", proxy=None)
    assert refused.value.response.status_code == 502


def fills_received(client: StreamClient, account: str) -> list[str]:
    """Fill ids as a client learnt of them that folds the snapshot and the updates."""
    known: list[str] = []
    for message in client.received.of(f"fills:extended:{account}"):
        data = message["data"]
        rows = data if isinstance(data, list) else data.get("fills", [data])
        ids = [row["fill_id"] for row in rows]
        if message["type"] == "snapshot":
            known += [identity for identity in reversed(ids) if identity not in set(known)]
        else:
            known += ids
    return known


async def settled(venue: Simulator, clients: list[WatchedClient]) -> dict[str, list[str]]:
    """Stops the trade and waits until every client has all of it; the simulator's own ledger."""
    for name in KEYS:
        await venue.call("POST", "/fills", json={"account": name, "rate_per_s": 0})
    await venue.call("POST", "/pause")
    truth = {}
    for name in KEYS:
        told = await venue.call("GET", f"/ledger?account={name}")
        truth[name] = [str(fill["id"]) for fill in told["fills"]]
    await until(
        lambda: all(
            len(fills_received(client, name)) >= len(truth[name])
            for client in clients
            for name in KEYS
        ),
        BACK_SECONDS_MAX,
        "every client has all fills",
        every=0.2,
    )
    return truth


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_e_frontend_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    # Two hundred clients that come back at once and for ever would measure themselves.
    monkeypatch.setattr(stream_clients, "RECONNECT_SECONDS", RECONNECT_SECONDS)
    behind, ahead = tmp_path / "behind", tmp_path / "front"
    behind.mkdir()
    ahead.mkdir()
    async with AsyncExitStack() as stack:
        venue, remote = await stack.enter_async_context(
            running(behind, KEYS, EXTENDED_MARKETS="BTC-USD")
        )
        settings = {"BROADCASTER_MODE": "FRONTEND_ONLY", "REMOTE_API_BASE": remote.url}
        service = Service(ahead, settings)
        stack.callback(service.end)
        await service.ready()
        front = Front(service)
        quiet = front.figures()
        for name in KEYS:
            body: dict[str, Any] = {"account": name, "rate_per_s": FILLS_PER_SECOND}
            await venue.call("POST", "/fills", json=body)
        clients = [
            await stack.enter_async_context(WatchedClient(service.url, door, *TOPICS))
            for door in ("sse", "ws") * CLIENTS_PER_DOOR
        ]
        await until(lambda: all(c.received.messages for c in clients), 30, "clients are served")
        full = front.figures()
        for kill in range(1, KILLS + 1):
            await asyncio.sleep(generator.uniform(0.5, 1.5))
            await end_at_once(remote)
            await until(
                lambda kill=kill: all(len(client.ends) == kill for client in clients),
                GONE_SECONDS_MAX,
                f"every client's stream ends with the remote, time {kill}",
            )
            await problems_meanwhile(service)
            before = [client.received.connects for client in clients]
            remote = Again(remote)
            stack.callback(remote.end)
            await service.ready(BACK_SECONDS_MAX)
            await until(
                lambda before=before: all(
                    client.received.connects > had
                    for client, had in zip(clients, before, strict=True)
                ),
                BACK_SECONDS_MAX,
                f"all clients are back after kill {kill}",
            )
        truth = await settled(venue, clients)
        after = front.figures()
        child = front.child
        stopping = list(clients)
        for client in stopping:
            await client.__aexit__()
        await until(
            lambda: front.figures()[1] <= quiet[1] + DESCRIPTORS_SLACK,
            20,
            "the front end has closed what its clients had",
        )
    faults = [
        fault
        for client in clients
        for topic in sorted(client.received.topics)
        for fault in broken_chains(client.received, topic)
    ]
    resets = [t for c in clients for t in c.received.topics if c.received.resets(t)]
    messages = sum(len(client.received.messages) for client in clients)
    fills = {name: len(ids) for name, ids in truth.items()}
    print(f"{KILLS} kills, {messages} messages, fills {fills}")
    print(f"memory and descriptors: {quiet} without clients, {full} with, {after} at the end")
    assert {end for c in clients[::2] for end in c.ends} == {"whole"}
    assert {end for c in clients[1::2] for end in c.ends} == {"1013"}
    assert {status for client in clients for status in client.statuses} <= {502}
    refused = [text for client in clients for text in client.received.refused]
    assert all(text.startswith("502: {") for text in refused), refused[:3]
    assert not faults, faults[:5]
    assert not [topic for topic in resets if topic.startswith(ACCOUNT_KINDS)], resets[:5]
    for client in clients:
        for name, ids in truth.items():
            got = fills_received(client, name)
            assert len(got) == len(set(got)), "doubled"
            assert sorted(got) == sorted(ids), "lost"
    assert min(fills.values()) > 20
    assert (child["pid"], child.get("restarts", 0), child["epoch"]) == (front.pid, 0, 1)
    assert after[0] - full[0] <= MEMORY_GROWTH_BYTES_MAX
    assert abs(after[1] - full[1]) <= DESCRIPTORS_SLACK
