"""The peers of the fan-out benchmark, each a server program that is told on stdin when to pump.

`python fanout_peers.py usual|broadcast`: prints `{"port": N}`, then for each line
`RATE SECONDS` sends that many events to every client and prints what CPU it took.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable

import uvloop

EVENT_BYTES = 300
QUEUE_MAX = 10_000


def event_text(number: int) -> str:
    """One event as JSON text of EVENT_BYTES bytes."""
    head = f'{{"type":"update","id":"bench-{number:012d}","topic":"ticker:bench","data":"'
    return head + "x" * (EVENT_BYTES - len(head) - 2) + '"}'


async def obey(send: Callable[[str], None]) -> None:
    """Reads `RATE SECONDS` lines from stdin and pumps; ends with stdin."""
    loop = asyncio.get_running_loop()
    number = 0
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        rate, seconds = (float(word) for word in line.split())
        count = int(rate * seconds)
        began = time.monotonic()
        cpu = time.process_time()
        for index in range(count):
            send(event_text(number))
            number += 1
            wait = began + (index + 1) / rate - time.monotonic()
            await asyncio.sleep(max(wait, 0))
        await asyncio.sleep(0.5)
        spent = time.process_time() - cpu
        print(json.dumps({"events": count, "cpu_s": spent}), flush=True)


def listening() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    return listener


async def usual() -> None:
    """Quart on Hypercorn as it is usually written: a queue and a send per client."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from quart import Quart, Response, websocket

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

    @app.get("/sse")
    async def sse() -> Response:
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)
        queues.add(queue)

        async def stream() -> AsyncIterator[bytes]:
            try:
                yield b": welcome\n\n"
                while True:
                    yield f"data: {await queue.get()}\n\n".encode()
            finally:
                queues.discard(queue)

        response = Response(stream(), mimetype="text/event-stream")
        response.timeout = None
        return response

    def send(text: str) -> None:
        for queue in queues:
            queue.put_nowait(text)

    listener = listening()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = config.errorlog = None
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))  # type: ignore[arg-type]
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await obey(send)
    server.cancel()
    os._exit(0)


async def broadcast() -> None:
    """websockets.broadcast(), its own fastest way to many clients."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    connections: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    listener = listening()
    async with serve(handler, sock=listener, compression=None, ping_interval=None):
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
        await obey(lambda text: broadcast(connections, text))
        os._exit(0)


if __name__ == "__main__":
    servers = {"usual": usual, "broadcast": broadcast}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(servers[sys.argv[1]]())
