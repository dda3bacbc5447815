"""Which venues can be simulated, and what tells their worlds apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from actors.errors import ConfigFault
from actors.simulator.accounts import SPOT_SHARES, AccountSpec
from actors.simulator.dialects import extended, lighter, lighter_markets
from actors.simulator.dialects.contract import Dialect, SessionTimes
from actors.simulator.dialects.lighter_order_ids import SidedIds
from actors.simulator.exchange import BOOK_RATE_PER_S, Exchange
from actors.simulator.hub import Hub
from actors.simulator.ids import Ids
from actors.simulator.markets import DEFAULT_MARKETS, MarketSpec, market_spec


class Traits(NamedTuple):
    """What the simulator needs to know of a venue before it has a world.

    `rate_limit_per_min` is what the venue publishes; `spec_of` knows its markets by their names,
    `ids` numbers what happens; `demo_specs(seed, count)` are the demo's accounts, `credentials`
    what reads one; `spot_shares` is what an account holds of a vault, in millionths.
    """

    dialect: Callable[[Exchange, Hub], Dialect]
    times: SessionTimes
    rate_limit_per_min: int
    markets: tuple[str, ...]
    spec_of: Callable[[str], MarketSpec]
    ids: Callable[[], Ids]
    book_rate_per_s: float
    spot_shares: int
    demo_specs: Callable[[int, int], list[AccountSpec]]
    credentials: Callable[[AccountSpec], dict[str, Any]]

    def exchange(
        self,
        *,
        seed: int,
        accounts: Sequence[AccountSpec],
        start_ns: int,
        markets: tuple[str, ...] = (),
        **rest: Any,
    ) -> Exchange:
        """A world of this venue; no `markets` means its default ones. See `Exchange`."""
        exchange = Exchange(
            seed=seed,
            accounts=accounts,
            start_ns=start_ns,
            markets=markets or self.markets,
            spec_of=self.spec_of,
            ids=self.ids(),
            **rest,
        )
        # Only now: what is lived through before anybody comes need not be lived through so fast.
        for name in exchange.markets:
            exchange.set_book_rate(name, self.book_rate_per_s)
        return exchange


VENUES: Final = {
    extended.VENUE: Traits(
        dialect=extended.Extended,
        times=extended.TIMES,
        rate_limit_per_min=extended.RATE_LIMIT_PER_MIN,
        markets=DEFAULT_MARKETS,
        spec_of=market_spec,
        ids=Ids,
        book_rate_per_s=BOOK_RATE_PER_S,
        spot_shares=SPOT_SHARES,
        demo_specs=extended.demo_specs,
        credentials=extended.credentials,
    ),
    lighter.VENUE: Traits(
        dialect=lighter.Lighter,
        times=lighter.TIMES,
        rate_limit_per_min=lighter.RATE_LIMIT_PER_MIN,
        markets=lighter_markets.DEFAULT_MARKETS,
        spec_of=lighter_markets.lighter_spec,
        ids=SidedIds,
        book_rate_per_s=lighter.BOOK_RATE_PER_S,
        spot_shares=0,
        demo_specs=lighter.demo_specs,
        credentials=lighter.credentials,
    ),
}


def traits_of(venue: object) -> Traits:
    """ConfigFault for a venue that cannot be simulated."""
    traits = VENUES.get(venue) if isinstance(venue, str) else None
    if traits is None:
        raise ConfigFault("venue", repr(venue)[:40], " or ".join(VENUES))
    return traits
