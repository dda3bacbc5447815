"""The servers of the REST benchmark: our real web app, and the usual Quart route.

`python rest_get_servers.py ours|usual [BODY_FILE]`: prints `{"port": N}`; each line on stdin is
answered with the CPU seconds spent so far; `profile` starts a profile, and the next line is then
answered with what took the most time of its own.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import pstats
import sys
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))

from fanout_peers import listening

TOP = 12
LEVELS = 84


async def obey() -> None:
    loop = asyncio.get_running_loop()
    profile: cProfile.Profile | None = None
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer: dict[str, Any] = {"cpu_s": sum(os.times()[:2])}
        if profile is not None:
            profile.disable()
            answer["top"] = top(profile)
            profile = None
        if line.strip() == "profile":
            profile = cProfile.Profile()
            profile.enable()
        print(json.dumps(answer), flush=True)
    os._exit(0)


def top(profile: cProfile.Profile) -> list[tuple[str, float]]:
    """Where the time was spent, by the share of each function's own time."""
    stats: Any = pstats.Stats(profile)
    waits = [
        key for key in stats.stats if "run_until_complete" in key[2] or "run_forever" in key[2]
    ]
    own = {key: row[2] for key, row in stats.stats.items() if key not in waits}
    whole = sum(own.values())
    names = sorted(own, key=lambda key: -own[key])[:TOP]
    return [(place(key), own[key] / whole) for key in names]


def place(key: tuple[str, int, str]) -> str:
    path, line, name = key
    return f"{'/'.join(Path(path).parts[-2:])}:{line} {name}" if line else name


async def ours() -> None:
    from tests.web_world import BTC, World
    from web.app import create_app
    from web.seam import Server

    world = World()
    world.full()
    bids = [(f"{84_000 - n}.5", f"0.{12_345 + n}") for n in range(LEVELS // 2)]
    asks = [(f"{84_001 + n}.5", f"0.{54_321 - n}") for n in range(LEVELS // 2)]
    world.book(BTC, bids, asks)
    server = Server(create_app(world.service), world.reported.append)
    listener = listening()
    await server.start(listener)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await obey()


async def usual(held: dict[str, Any]) -> None:
    """Quart on Hypercorn as it is usually written: state in a dict, a route, `jsonify`."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from quart import Quart, Response, jsonify

    app = Quart(__name__)

    @app.get("/held")
    async def answer() -> Response:
        return jsonify(held)

    listener = listening()
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = config.errorlog = None
    config.keep_alive_max_requests = 10_000_000
    server = asyncio.create_task(serve(app, config, shutdown_trigger=asyncio.Event().wait))  # type: ignore[arg-type]
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await obey()
    await server


if __name__ == "__main__":
    work = ours() if sys.argv[1] == "ours" else usual(json.loads(Path(sys.argv[2]).read_text()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
