"""The usual design: one process, a queue and a send per client; the argument is a book's URL."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

import uvloop
import websockets
from fanout_peers import QUEUE_MAX, listening


async def main(url: str) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from quart import Quart, websocket

    app = Quart(__name__)
    queues: set[asyncio.Queue[str]] = set()

    @app.websocket("/ws")
    async def ws() -> None:
        await websocket.accept()
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)
        queues.add(queue)
        try:
            while True:
                await websocket.send(await queue.get())
        finally:
            queues.discard(queue)

    async def exchange() -> None:
        book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        headers = {"User-Agent": "bench"}
        async with websockets.connect(
            url, proxy=None, max_size=2**24, additional_headers=headers, user_agent_header=None
        ) as stream:
            async for text in stream:
                received_us = time.time_ns() // 1000
                frame = json.loads(text)
                changed = {
                    side: [
                        (level["p"], level.get("c", level["q"])) for level in frame["data"][side]
                    ]
                    for side in book
                }
                for side, levels in changed.items():
                    book[side].update(levels)
                told = json.dumps(
                    {
                        "type": "update",
                        "bids": changed["b"],
                        "asks": changed["a"],
                        "venue_time_us": frame["ts"] * 1000,
                        "received_us": received_us,
                    },
                    separators=(",", ":"),
                )
                for queue in queues:
                    if not queue.full():
                        queue.put_nowait(told)

    listener = listening()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = config.errorlog = None
    server = asyncio.create_task(serve(app, config, shutdown_trigger=asyncio.Event().wait))  # type: ignore[arg-type]
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await asyncio.gather(exchange(), server)
    os._exit(0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
