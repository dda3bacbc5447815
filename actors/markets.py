"""Asks a venue once which symbols it lists: a short-lived process behind `…_MARKETS=*`.

Reads `{"venue", "base_url", "routes", "timeout_s"}` as JSON from standard input, where routes are
proxies in any spelling or "" for none, tried in this order; writes the symbols as a JSON list.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Final

from actors.errors import ConnectTimeout, Fault
from actors.messages.market import InstrumentList
from actors.runtime.clock import SystemClock
from actors.runtime.rest import RestClient
from actors.runtime.throttle import Throttle
from actors.runtime.timer import Timer
from actors.venues import registry
from actors.venues.contract import Requests
from config.proxy_address import parse_proxy

REQUESTS_PER_S: Final = 1.0
EXIT_FAILED: Final = 1


async def list_markets(
    venue: str, base_url: str, routes: Sequence[str], timeout_s: float
) -> list[str]:
    """All symbols of the venue; raises the last route's Fault where none led to an answer."""
    asked = registry.venue(venue)
    requests = asked.requests(base_url or asked.base_url)
    fault: Fault = ConnectTimeout("no route to try")
    for route in routes:
        try:
            async with asyncio.timeout(timeout_s):
                instruments = await _ask(requests, route)
        except Fault as error:
            fault = error
        except TimeoutError:
            fault = ConnectTimeout(f"no list of markets within {timeout_s} s")
        else:
            return [instrument.symbol for instrument in asked.resolve(instruments, ["*"])]
    raise fault


async def _ask(requests: Requests, route: str) -> InstrumentList:
    timer = Timer(SystemClock())
    throttle = Throttle(timer, rate_per_s=REQUESTS_PER_S, burst=1)
    async with RestClient(timer, throttle, parse_proxy(route) if route else None) as rest:
        return await rest.call(requests.markets(), requests.read_markets)


def main() -> int:
    question = json.load(sys.stdin)
    try:
        symbols = asyncio.run(list_markets(**question))
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return EXIT_FAILED
    sys.stdout.write(json.dumps(symbols))
    return 0


if __name__ == "__main__":
    sys.exit(main())
