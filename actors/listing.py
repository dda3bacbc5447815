"""Finds the market that a process is to follow in its venue's own list."""

from __future__ import annotations

from typing import NamedTuple

from actors.errors import ConfigFault, Fault
from actors.messages.market import InstrumentList
from actors.runtime.connection_policy import POLICIES, Retries
from actors.runtime.context import ActorContext
from actors.runtime.lease import LeasedThrottle
from actors.runtime.rest import RestClient
from actors.runtime.timer import Timer
from actors.venues.contract import Venue
from actors.venues.symbols import AmbiguousSymbol, UnknownSymbol


class NamedMarket(NamedTuple):
    """A market by the venue's own name, and by its number where the venue goes by numbers."""

    symbol: str
    venue_id: str = ""


async def named_market(context: ActorContext, venue: Venue, timer: Timer) -> NamedMarket:
    """The market that the config names (`product`, `symbol`).

    The venue is asked, until it answers, only where the name follows our conventions or the venue
    goes by numbers. Raises ConfigFault for a name that no market, or more than one, answers to.
    """
    product, symbol = str(context.config["product"]), str(context.config["symbol"])
    if not (venue.numbers_markets or is_alias(symbol)):
        return NamedMarket(symbol)
    listed = await _list(context, venue, symbol, timer)
    try:
        found = venue.resolve(listed, [symbol])[0]
    except UnknownSymbol as fault:
        near = f", such as {', '.join(fault.nearest)}" if fault.nearest else ""
        expected = f"a market that {venue.name} lists{near}"
        raise ConfigFault("symbol", repr(symbol), expected) from fault
    except AmbiguousSymbol as fault:
        expected = f"one market of {', '.join(fault.candidates)}"
        raise ConfigFault("symbol", repr(symbol), expected) from fault
    if found.product != product:
        raise ConfigFault("product", product, f"{found.product}, which is what {symbol} is")
    return NamedMarket(found.symbol, found.venue_id)


def is_alias(symbol: str) -> bool:
    """Whether the name follows our conventions (`ETH-PERP`, `ETH/USDC:USDC`), not the venue's."""
    return "/" in symbol or ":" in symbol or symbol.upper().endswith("-PERP")


async def _list(context: ActorContext, venue: Venue, symbol: str, timer: Timer) -> InstrumentList:
    requests = venue.requests(str(context.config["base_url"]))
    retries = Retries(POLICIES[venue.connection_policy], f"{venue.name}/{symbol}")
    async with RestClient(timer, LeasedThrottle(context, venue, timer)) as rest:
        while True:
            try:
                return await rest.call(requests.markets(), requests.read_markets)
            except Fault as fault:
                context.fault(fault)
                await timer.sleep(retries.after(healthy=False).delay_s)
