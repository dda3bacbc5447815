"""`broadcaster simulate`: one simulated venue alone, for strangers' clients and for tests."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.errors import EXIT_OK, EXIT_USAGE, ConfigFault
from actors.runtime.clock import SystemClock
from actors.simulator.actor import account_specs
from actors.simulator.dialects.extended import VENUE
from actors.simulator.dialects.registry import VENUES, traits_of
from actors.simulator.fault_orders import parse_fault
from actors.simulator.faults import FaultRefused
from actors.simulator.server import SimulatorServer
from actors.simulator.venue import SimulatedVenue

ACCOUNTS: Final = 2
ACCOUNTS_FILE_BYTES_MAX: Final = 1024 * 1024


async def serve(
    *,
    venue: str = VENUE,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 0,
    accounts: int | list[dict[str, Any]] = ACCOUNTS,
    markets: tuple[str, ...] = (),
    rate_limit: bool = False,
    faults: Sequence[str] = (),
    stopping: asyncio.Event | None = None,
) -> None:
    """Prints one JSON line with addresses and credentials, then serves until `stopping`.

    No `markets` means the venue's default ones. `faults`, spelled as `parse_fault` says, are in
    force before the first client comes.
    """
    if venue not in VENUES:
        raise ConfigFault("--venue", repr(venue), " or ".join(VENUES))
    traits = traits_of(venue)
    clock = SystemClock()
    specs = account_specs(accounts, seed, venue)
    exchange = traits.exchange(seed=seed, accounts=specs, start_ns=clock.wall_ns(), markets=markets)
    limit = traits.rate_limit_per_min if rate_limit else None
    server = SimulatorServer(exchange, clock, venue=venue, rate_limit_per_min=limit)
    _put_faults(server.venue, faults)
    try:
        addresses = await server.start(host=host, port=port)
    except OSError as error:
        raise ConfigFault("--port", f"{host}:{port}", f"a free address ({error})") from error
    # Before the line: whoever read it may end us at once.
    ended = stopping or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    line = {
        "venue": venue,
        "simulated": True,
        "seed": seed,
        **addresses._asdict(),
        "markets": list(exchange.markets),
        "accounts": [traits.credentials(one) for one in specs],
    }
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()
    waiting = [asyncio.create_task(ended.wait()), asyncio.create_task(server.wait())]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await server.stop()


def simulate(
    *,
    venue: str = VENUE,
    host: str = "127.0.0.1",
    port: int = 0,
    seed: int = 0,
    accounts: int = ACCOUNTS,
    accounts_file: str | None = None,
    markets: str = "",
    rate_limit: bool = False,
    faults: Sequence[str] = (),
) -> int:
    """The command itself; its exit code. Raises ConfigFault for a wrong option.

    `accounts_file` names a JSON list of {name, api_key[, …]}, fields of `AccountSpec`, to use
    instead of demo accounts; `markets` is a list with commas; `rate_limit` enforces the venue's
    own; `faults` are spelled as `parse_fault` says.
    """
    running = serve(
        venue=venue,
        host=host,
        port=port,
        seed=seed,
        accounts=accounts if accounts_file is None else _accounts(Path(accounts_file)),
        markets=tuple(name.strip() for name in markets.split(",")) if markets else (),
        rate_limit=rate_limit,
        faults=faults,
    )
    try:
        asyncio.run(running)
    except FaultRefused as refusal:
        sys.stderr.write(f"broadcaster simulate: {refusal}\n")
        return EXIT_USAGE
    return EXIT_OK


def _put_faults(venue: SimulatedVenue, texts: Sequence[str]) -> None:
    """All that the options spell; FaultRefused names the option."""
    for text in texts:
        try:
            venue.put_fault(parse_fault(text))
        except FaultRefused as refusal:
            raise FaultRefused(f"--fault {text[:200]!r}: {refusal}") from refusal


def _accounts(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            document = msgspec.json.decode(file.read(ACCOUNTS_FILE_BYTES_MAX))
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigFault("--accounts-file", str(path), f"a JSON file ({error})") from error
    if not isinstance(document, list):
        raise ConfigFault("--accounts-file", type(document).__name__, "a list of accounts")
    return document
