"""The simulator as a child of the supervisor: the venue of the demo."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final

from actors.errors import ConfigFault
from actors.simulator.accounts import AccountSpec
from actors.simulator.dialects.extended import VENUE
from actors.simulator.dialects.registry import Traits, traits_of
from actors.simulator.server import SimulatorServer

if TYPE_CHECKING:
    from actors.runtime.context import ActorContext


_TEXTS: Final = ("name", "api_key", "private_key")
_WHOLES: Final = ("deposit_usd", "account_index", "api_key_index", "spot_shares")


def account_specs(accounts: object, seed: int, venue: str = VENUE) -> list[AccountSpec]:
    """`accounts` is a count of demo accounts, or a list of {name, api_key}; ConfigFault if not.

    Rows of a list may have the other fields of `AccountSpec` too.
    """
    traits = traits_of(venue)
    if isinstance(accounts, int) and not isinstance(accounts, bool):
        try:
            return traits.demo_specs(seed, accounts)
        except ValueError as error:
            raise ConfigFault("accounts", str(accounts), str(error)) from error
    if not isinstance(accounts, list):
        raise ConfigFault("accounts", type(accounts).__name__, "a count, or a list of accounts")
    return [_account_spec(index, one, traits) for index, one in enumerate(accounts)]


def _account_spec(index: int, document: Any, traits: Traits) -> AccountSpec:
    where = f"accounts[{index}]"
    if not isinstance(document, dict):
        raise ConfigFault(where, type(document).__name__, "an object with name and api_key")
    unknown = set(document) - set(AccountSpec._fields)
    if unknown:
        raise ConfigFault(where, f"{min(unknown)!r}", f"only {', '.join(AccountSpec._fields)}")
    for field in _TEXTS:
        value = document.get(field, "")
        if not isinstance(value, str) or (not value and field != "private_key"):
            raise ConfigFault(f"{where}.{field}", "nothing", "a text")
    for field in _WHOLES:
        value = document.get(field, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ConfigFault(f"{where}.{field}", repr(value)[:40], "a whole number ≥ 0")
    if not isinstance(document.get("scripted", True), bool):
        raise ConfigFault(f"{where}.scripted", repr(document["scripted"])[:40], "true or false")
    return AccountSpec(**{"spot_shares": traits.spot_shares, **document})


async def run(context: ActorContext) -> None:
    """Serves on the inherited descriptor `listener` until it is told to stop."""
    config = context.config
    venue = config.get("venue", "")
    traits = traits_of(venue)
    seed = config.get("seed", 0)
    if not isinstance(seed, int):
        raise ConfigFault("seed", repr(seed)[:40], "a whole number")
    exchange = traits.exchange(
        seed=seed,
        accounts=account_specs(config.get("accounts", 2), seed, venue),
        start_ns=context.clock.wall_ns(),
        markets=tuple(config.get("markets") or ()),
    )
    on_step = context.progress.frame
    server = SimulatorServer(exchange, context.clock, venue=venue, on_step=on_step)
    listener = socket.socket(fileno=context.descriptor("listener"))
    addresses = await server.start(listener)
    context.log("info", "simulating", venue=venue, seed=seed, url=addresses.base_url)
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
