"""One CONNECT proxy for each account, so that each leaves by an address of its own.

`python fleet_proxies.py COUNT [apart]`: prints one JSON line with the ports, then serves until
stdin ends. `apart`: each leaves by a loopback address of its own, as a venue's limits count them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.connect_proxy import ConnectProxy

USER, PASSWORD = "bench", "bench"


def addresses(count: int, *, apart: bool) -> list[str]:
    if not apart:
        return ["127.0.0.1"] * count
    return [f"127.0.{number // 200 + 1}.{number % 200 + 1}" for number in range(count)]


async def main() -> None:
    async with contextlib.AsyncExitStack() as open_proxies:
        proxies = [
            await open_proxies.enter_async_context(ConnectProxy(USER, PASSWORD, leaves_by=address))
            for address in addresses(int(sys.argv[1]), apart="apart" in sys.argv[2:])
        ]
        print(json.dumps({"ports": [proxy.port for proxy in proxies]}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        os._exit(0)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
