"""The simulator as a child of the supervisor: the venue of the demo."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from actors.errors import ConfigFault
from actors.simulator.accounts import AccountSpec
from actors.simulator.dialects.extended import VENUE
from actors.simulator.exchange import Exchange
from actors.simulator.markets import DEFAULT_MARKETS
from actors.simulator.server import SimulatorServer
from config.demo import demo_accounts

if TYPE_CHECKING:
    from actors.runtime.context import ActorContext


def account_specs(accounts: object, seed: int) -> list[AccountSpec]:
    """`accounts` is a count of demo accounts, or a list of {name, api_key}; ConfigFault if not."""
    if isinstance(accounts, int) and not isinstance(accounts, bool):
        try:
            return [AccountSpec(one.name, one.api_key) for one in demo_accounts(seed, accounts)]
        except ValueError as error:
            raise ConfigFault("accounts", str(accounts), str(error)) from error
    if not isinstance(accounts, list):
        raise ConfigFault("accounts", type(accounts).__name__, "a count, or a list of accounts")
    return [_account_spec(index, one) for index, one in enumerate(accounts)]


def _account_spec(index: int, document: Any) -> AccountSpec:
    where = f"accounts[{index}]"
    if not isinstance(document, dict):
        raise ConfigFault(where, type(document).__name__, "an object with name and api_key")
    unknown = set(document) - set(AccountSpec._fields)
    if unknown:
        raise ConfigFault(where, f"{min(unknown)!r}", f"only {', '.join(AccountSpec._fields)}")
    for field, kind in (("name", str), ("api_key", str)):
        if not isinstance(document.get(field), kind) or not document[field]:
            raise ConfigFault(f"{where}.{field}", "nothing", "a text")
    deposit = document.get("deposit_usd", 0)
    if not isinstance(deposit, int) or isinstance(deposit, bool) or deposit < 0:
        raise ConfigFault(f"{where}.deposit_usd", repr(deposit)[:40], "a whole number ≥ 0")
    if not isinstance(document.get("scripted", True), bool):
        raise ConfigFault(f"{where}.scripted", repr(document["scripted"])[:40], "true or false")
    return AccountSpec(**document)


async def run(context: ActorContext) -> None:
    """Serves on the inherited descriptor `listener` until it is told to stop."""
    config = context.config
    if config.get("venue") != VENUE:
        raise ConfigFault("venue", repr(config.get("venue")), VENUE)
    seed = config.get("seed", 0)
    if not isinstance(seed, int):
        raise ConfigFault("seed", repr(seed)[:40], "a whole number")
    exchange = Exchange(
        seed=seed,
        accounts=account_specs(config.get("accounts", 2), seed),
        start_ns=context.clock.wall_ns(),
        markets=tuple(config.get("markets") or DEFAULT_MARKETS),
    )
    server = SimulatorServer(exchange, context.clock, on_step=context.progress.frame)
    listener = socket.socket(fileno=context.descriptor("listener"))
    addresses = await server.start(listener)
    context.log("info", "simulating", venue=VENUE, seed=seed, url=addresses.base_url)
    context.progress.good_event()
    context.ready()
    stopping = asyncio.create_task(context.stopping.wait())
    world = asyncio.create_task(server.wait())
    try:
        done, _ = await asyncio.wait({stopping, world}, return_when=asyncio.FIRST_COMPLETED)
        if world in done:
            await world
    finally:
        stopping.cancel()
        world.cancel()
        await asyncio.gather(stopping, world, return_exceptions=True)
        await server.stop()
