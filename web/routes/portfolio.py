"""`/api/portfolio`: all accounts as one, and which of them the sums cannot vouch for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from actors.cache.portfolio import AccountSum, Holding, InstrumentKey, Portfolio, portfolio
from actors.messages.account import Position
from actors.messages.ids import account_topic
from actors.messages.market import Instrument
from web.answers import answer
from web.routes.accounts import identity
from web.routes.parameters import venue_parameter
from web.schemas import Identity, VenueQuery
from web.service import ConfiguredAccount, Service, service
from web.views import NEVER, Fresh, view

AGES: Final = ("as_of_us", "age_ms", "stale", "stale_reason")
PortfolioAccount = view(AccountSum, Identity, Fresh, name="PortfolioAccount")


class Missing(Identity):
    """A configured account of which no figures ever came; it is in no sum."""

    reason: str


class StaleAccount(Identity):
    """Its last known figures are in the sums."""

    stale_reason: str
    age_ms: float
    as_of_us: int


class PortfolioAnswer(Portfolio):
    """`as_of_us` is the oldest of all accounts in the sums.

    `complete`: every configured account is in every sum, with all that it could say, and every
    position under its base asset.
    """

    accounts: list[PortfolioAccount]  # type: ignore[valid-type]
    missing: list[Missing]
    stale_accounts: list[StaleAccount]
    complete: bool
    as_of_us: int | None
    age_ms: float | None
    stale: bool
    stale_reason: str | None


blueprint = Blueprint("portfolio", __name__)


@blueprint.get("/api/portfolio")
@document_querystring(VenueQuery)
@document_response(PortfolioAnswer)
async def everything() -> Response:
    """Equity, profit, margin and net exposure over all accounts; stale ones stay in, named."""
    current = service()
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    held: dict[tuple[str, str], Holding] = {}
    for account in chosen:
        if (holding := _holding(current, account)) is not None:
            held[account.venue, account.name] = holding
    positions = (position for holding in held.values() for position in holding.positions)
    sums = portfolio(held.values(), _instruments(current, positions))
    rows = []
    missing = []
    shares = {(each.venue, each.account): each for each in sums.accounts}
    for account in chosen:
        share = shares.get((account.venue, account.name))
        whose = identity(current, account)
        if share is None:
            topic = account_topic("account", account.venue, account.name)
            missing.append({**whose, "reason": current.reading.why_nothing(topic)})
        else:
            rows.append({**msgspec.structs.asdict(share), **whose, **_ages(current, account)})
    return answer({**msgspec.structs.asdict(sums), **_verdict(rows, missing, sums)})


def _holding(current: Service, account: ConfiguredAccount) -> Holding | None:
    state = current.reading.account_state(account.venue, account.name)
    if state is None or state.snapshot is None:
        return None
    return Holding(state.snapshot.value, [datum.value for datum in state.positions.values()])


def _instruments(
    current: Service, positions: Iterable[Position]
) -> dict[InstrumentKey, Instrument]:
    """Those that the positions are in."""
    wanted = {(it.venue, it.product, it.symbol) for it in positions}
    lists = current.replica.store.instruments
    return {
        key: item
        for venue in {venue for venue, _, _ in wanted} & lists.keys()
        for item in lists[venue].items
        if (key := (item.venue, item.product, item.symbol)) in wanted
    }


def _ages(current: Service, account: ConfiguredAccount) -> dict[str, Any]:
    """Freshness of an account's part: that of the oldest of its figures and positions."""
    state = current.reading.account_state(account.venue, account.name)
    assert state is not None
    found = [
        current.reading.freshness(account_topic(section, account.venue, account.name), datum)
        for section in ("account", "positions")
        for datum in state.data(section)
    ]
    oldest = max(found, key=lambda each: (each["stale"], each["age_ms"]))
    return {
        **oldest,
        "as_of_us": min(each["as_of_us"] for each in found),
        "age_ms": max(each["age_ms"] for each in found),
        "changed_us": max(each["changed_us"] for each in found),
    }


def _verdict(
    rows: list[dict[str, Any]], missing: list[dict[str, Any]], sums: Portfolio
) -> dict[str, Any]:
    stale = [row for row in rows if row["stale"]]
    named = ", ".join(f"{row['venue']}:{row['account']}" for row in stale)
    ages = {name: NEVER.get(name) for name in AGES}
    if rows:
        oldest = min(rows, key=lambda row: row["as_of_us"])
        ages = {
            "as_of_us": oldest["as_of_us"],
            "age_ms": max(row["age_ms"] for row in rows),
            "stale": bool(stale),
            "stale_reason": f"stale accounts: {named}" if stale else None,
        }
    elif not missing:
        ages["stale"] = False
    else:
        ages["stale_reason"] = "nothing received yet of any account"
    whose = (*Identity.__struct_fields__, "stale_reason", "age_ms", "as_of_us")
    return {
        "accounts": rows,
        "missing": missing,
        "stale_accounts": [{name: row[name] for name in whose} for row in stale],
        "complete": not (
            missing
            or sums.unpriced
            or any(row["unsaid"] for row in rows)
            or any(each.unlisted for each in sums.exposures)
        ),
        **ages,
    }
