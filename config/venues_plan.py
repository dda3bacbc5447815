"""Which venues run, with what addresses, markets and limits, as the settings say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from config.environment import Environment
from config.settings import Settings

EXTENDED: Final = "extended"
LIGHTER: Final = "lighter"
DEMO_PER_MIN: Final = 6_000


class VenuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One venue in use; `markets` may be `("*",)` until resolved.

    Empty addresses and limits that are None are the venue's own.
    """

    name: str
    markets: tuple[str, ...]
    base_url: str = ""
    ws_url: str = ""
    requests_per_min: int | None = None
    handshakes_per_min: int | None = None


def venues_in_use(
    settings: Settings, environment: Environment, with_accounts: Iterable[str], *, simulated: bool
) -> tuple[VenuePlan, ...]:
    """Those that have an account, or whose markets somebody named; in the demo those of the demo.

    Where nobody named anything, Extended's markets are followed.
    """
    plans = _plans(settings)
    if simulated:
        return tuple(_generous(plans[name]) for name in settings.demo_venues)
    accounts = set(with_accounts)
    found = [
        plan
        for name, plan in plans.items()
        if name in accounts or environment.get(f"{name}_markets") is not None
    ]
    return tuple(found) or (plans[EXTENDED],)


def _generous(plan: VenuePlan) -> VenuePlan:
    """The simulated Lighter grants what the real one does to none but its best customers: at the
    standard tier's pace a demo would take its time to show anything."""
    if plan.name != LIGHTER:
        return plan
    return msgspec.structs.replace(
        plan,
        requests_per_min=plan.requests_per_min or DEMO_PER_MIN,
        handshakes_per_min=plan.handshakes_per_min or DEMO_PER_MIN,
    )


def _plans(settings: Settings) -> dict[str, VenuePlan]:
    return {
        EXTENDED: VenuePlan(
            name=EXTENDED,
            markets=settings.extended_markets,
            base_url=settings.extended_base_url,
            ws_url=settings.extended_ws_url,
            requests_per_min=settings.extended_rate_limit,
        ),
        LIGHTER: VenuePlan(
            name=LIGHTER,
            markets=settings.lighter_markets,
            base_url=settings.lighter_base_url,
            ws_url=settings.lighter_ws_url,
            requests_per_min=settings.lighter_rate_limit,
            handshakes_per_min=settings.lighter_handshake_limit,
        ),
    }
