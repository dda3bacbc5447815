"""The peer of the process benchmark: the same actor, each in a `multiprocessing` spawn process.

`python processes_peer.py BIRTH_JSON`: starts the actor N times, prints one JSON line with the
seconds from start() to its first frame, and the private bytes of the last one while it works.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

FIRST_FRAME_SECONDS_MAX = 30.0


def work(told: dict[str, Any], control: Any, cache_path: str) -> None:
    """What a spawned child must do before it is an actor: import all that an actor needs."""
    import asyncio

    from actors.runtime.child_context import Birth
    from actors.runtime.clock import SystemClock
    from actors.runtime.main import live

    birth = Birth(
        actor=told["actor"],
        epoch=1,
        entry=told["entry"],
        config={**told["config"], "cache_socket": cache_path},
        descriptors={"control": os.dup(control.fileno())},
    )
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(birth, SystemClock()))


def private_bytes(pid: int) -> int:
    with Path(f"/proc/{pid}/smaps_rollup").open(encoding="ascii") as rollup:
        return 1024 * sum(int(line.split()[1]) for line in rollup if line.startswith("Private"))


def first_frame(listener: socket.socket) -> socket.socket:
    """Waits for the actor's first bytes on the cache socket, as a cache would see them."""
    connection, _ = listener.accept()
    connection.settimeout(FIRST_FRAME_SECONDS_MAX)
    if not connection.recv(1):
        raise SystemExit("the actor closed its link")
    return connection


def main() -> None:
    told = json.loads(sys.argv[1])
    count = int(sys.argv[2])
    path = f"/tmp/broadcaster-bench-{os.getpid()}"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    listener.settimeout(FIRST_FRAME_SECONDS_MAX)
    context = multiprocessing.get_context("spawn")
    took = []
    private = []
    try:
        for _ in range(count):
            ours, theirs = socket.socketpair()
            began = time.monotonic()
            child = context.Process(target=work, args=(told, theirs, path))
            child.start()
            connection = first_frame(listener)
            took.append(time.monotonic() - began)
            time.sleep(float(sys.argv[3]))
            private.append(private_bytes(child.pid or 0))
            child.kill()
            child.join()
            for each in (connection, ours, theirs):
                each.close()
    finally:
        listener.close()
        Path(path).unlink()
    print(json.dumps({"took_s": took, "private_bytes": private}), flush=True)


if __name__ == "__main__":
    main()
