"""Our web process for the fan-out benchmark: real app, feed and server; events put in by hand."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))

from fanout_peers import EVENT_BYTES, listening, obey

from actors.messages.market import MarkPrice
from tests.web_world import World
from web.app import create_app
from web.seam import Server

TOPIC = "mark:bench:linear:X"
VENUE = "bench"


def mark(price: str) -> MarkPrice:
    return MarkPrice(
        venue=VENUE,
        product="linear",
        symbol="X",
        price_type="mark",
        price=price,
        received_ns=time.time_ns(),
    )


def payload_bytes(world: World) -> int:
    """What one event is for a client: at least EVENT_BYTES, with its id and its freshness."""
    change: Any = world.replica.feed("mark_price", TOPIC, TOPIC, mark("84000.123456"))
    size = len(world.service.composer.update(change).payload)
    if size < EVENT_BYTES:
        raise SystemExit(f"an event has {size} bytes, expected at least {EVENT_BYTES}")
    return size


async def main() -> None:
    world = World(venues=[VENUE], streams=[TOPIC], accounts=[])
    world.link(TOPIC, VENUE)
    size = payload_bytes(world)
    server = Server(create_app(world.service), world.reported.append)
    listener: socket.socket = listening()
    feed = asyncio.create_task(world.feed.run())
    await server.start(listener)
    print(json.dumps({"port": listener.getsockname()[1], "bytes": size}), flush=True)

    def send(event: str) -> None:
        world.replica.feed(
            "mark_price", TOPIC, TOPIC, mark(event[event.index("bench-") + 6 :][:12])
        )

    await obey(send)
    feed.cancel()
    os._exit(0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
