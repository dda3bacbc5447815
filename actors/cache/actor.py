"""The cache process: the one writer of state, on the socket that its supervisor owns."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Final

from actors.cache.chronicle import Chronicle
from actors.cache.ring import RING_BYTES, RING_COUNT
from actors.cache.server import CacheServer, Link
from actors.errors import ConfigFault
from actors.runtime.context import ActorContext

BEAT_S: Final = 1.0
JOURNAL_MB: Final = 64
JOURNAL_FOLDER: Final = "cache"


async def run(context: ActorContext) -> None:
    """Recovers from the journal, then serves sources and readers until told to stop."""
    chronicle = chronicle_of(context)
    chronicle.recover()
    server = CacheServer(context, chronicle)
    context.progress.queue_depth = lambda: server.waiting
    listener = socket.socket(fileno=context.descriptor("cache"))
    listener.setblocking(False)
    loop = asyncio.get_running_loop()
    listening = await loop.create_unix_server(lambda: Link(server).stream, sock=listener)
    server.tell_damages()
    context.ready()
    context.log(
        "info",
        "cache ready",
        stream_id=chronicle.stream_id,
        sequence=chronicle.store.seq,
        accounts=len(chronicle.store.accounts),
    )
    beating = asyncio.ensure_future(_beat(server))
    try:
        await context.stopping.wait()
    finally:
        beating.cancel()
        listening.close()
        server.close()
        chronicle.close()


def chronicle_of(context: ActorContext) -> Chronicle:
    """The chronicle that the configuration asks for; raises ConfigFault."""
    config = context.config
    directory = config.get("data_dir")
    if not isinstance(directory, str) or not directory:
        raise ConfigFault("data_dir", repr(directory), "the path of a directory")
    numbers = {
        "journal_mb": config.get("journal_mb", JOURNAL_MB),
        "ring_count": config.get("ring_count", RING_COUNT),
        "ring_bytes": config.get("ring_bytes", RING_BYTES),
    }
    for name, number in numbers.items():
        if type(number) not in (int, float) or number <= 0:
            raise ConfigFault(name, repr(number), "a number above 0")
    return Chronicle(
        Path(directory) / JOURNAL_FOLDER,
        context.clock,
        journal_bytes=int(numbers["journal_mb"] * 1024 * 1024),
        ring_count=int(numbers["ring_count"]),
        ring_bytes=int(numbers["ring_bytes"]),
    )


async def _beat(server: CacheServer) -> None:
    while True:
        server.beat()
        server.tell_latency()
        await asyncio.sleep(BEAT_S)
