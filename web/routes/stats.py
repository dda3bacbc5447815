"""`/api/stats/…`: what accounts gained, traded and paid over 24 h, 7 d, 30 d and all time."""

from __future__ import annotations

import asyncio
from decimal import Decimal, localcontext
from typing import Any, Final, cast

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.cache.portfolio import EXACT, number
from actors.sinks.statistics import NAMES, Market, added
from web.answers import answer
from web.history_schemas import Periods, StatsQuery, Summary
from web.performance import ALL, PERIODS_US, Deadline, Held, OutOfTime
from web.periods import NOTHING_STORED, Sums
from web.routes.accounts import identity
from web.routes.parameters import find_account, venue_parameter
from web.schemas import Identity, VenueQuery
from web.service import ConfiguredAccount, Service, service
from web.views import US

ANSWER_S_MAX: Final = 8.0
"""As long one answer counts; what it has not finished, the next one does."""

AT_ONCE_MAX: Final = 4
"""Accounts that one answer counts at once: most of the time of one is waiting."""

STILL_COUNTING: Final = "its history is still being counted; ask again"
_SUMMED: Final = (*NAMES, "equity_change")

blueprint = Blueprint("stats", __name__, url_prefix="/api/stats")


@blueprint.get("/periods")
@document_querystring(StatsQuery)
@document_response(Periods)
async def periods() -> Response:
    """Profit, volume, fees, funding, trades and wins of one or all accounts, per period.

    What is not known is null, and `unknown` says why. Profit is counted by average cost, from
    stored fills; `equity_change` has deposits and withdrawals in it.
    """
    current = service()
    index = request.args.get("account")
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    if index is not None:
        chosen = [find_account(current, index)]
    return answer({"accounts": await _rows(current, chosen)})


@blueprint.get("/summary")
@document_querystring(VenueQuery)
@document_response(Summary)
async def summary() -> Response:
    """The same summed over all accounts, per period and settlement asset."""
    current = service()
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    rows = await _rows(current, chosen)
    counted = [row for row in rows if _why_not_counted(row) is None]
    missing = [
        {**{name: row[name] for name in Identity.__struct_fields__}, "reason": why}
        for row in rows
        if (why := _why_not_counted(row)) is not None
    ]
    settles = {name: _settles(place, counted) for place, name in enumerate((*PERIODS_US, ALL))}
    sums = [each for of_period in settles.values() for each in of_period]
    counting = [_named(row) for row in rows if row["counting"]]
    return answer(
        {
            "at_us": current.clock.wall_ns() // US,
            "as_of_us": min((row["periods"][-1]["to_us"] for row in counted), default=None),
            "counting": counting,
            "periods": [{"period": name, "settles": held} for name, held in settles.items()],
            "accounts": len(rows),
            "missing": missing,
            "complete": not missing
            and not counting
            and not any(each["unknown"] or each["incomplete"] for each in sums),
        }
    )


def _named(row: dict[str, Any]) -> str:
    return f"{row['venue']}:{row['account']}"


def _why_not_counted(row: dict[str, Any]) -> str | None:
    if row["reason"] is None and row["periods"][-1]["since_us"] is None:
        return NOTHING_STORED
    return cast("str | None", row["reason"])


async def _rows(current: Service, accounts: list[ConfiguredAccount]) -> list[dict[str, Any]]:
    """Some accounts at once, and who was counted longest ago first: where time is short, each has
    its turn.
    """
    periods = current.history.periods
    deadline = Deadline(current.clock, ANSWER_S_MAX)
    places = asyncio.Semaphore(AT_ONCE_MAX)

    async def row(account: ConfiguredAccount) -> dict[str, Any]:
        async with places:
            return await _row(current, account, deadline)

    tasks = {
        account: asyncio.ensure_future(row(account))
        for account in sorted(accounts, key=lambda it: periods.as_of_us((it.venue, it.name)))
    }
    try:
        await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
    return [tasks[account].result() for account in accounts]


async def _row(current: Service, account: ConfiguredAccount, deadline: Deadline) -> dict[str, Any]:
    periods = current.history.periods
    whose = (account.venue, account.name)
    counting = False
    try:
        sums = await periods.newest(
            whose, _holder(current, account), _settle(current, account), deadline
        )
    except OutOfTime:
        counting = True
        sums = periods.kept(whose) or Sums(None, [])
    return {
        **identity(current, account),
        "settle": sums.settle,
        "periods": sums.periods,
        "counting": counting,
        "reason": None if sums.periods else STILL_COUNTING,
    }


def _settle(current: Service, account: ConfiguredAccount) -> str | None:
    """What it settles in by live state, where nothing is stored that says it."""
    state = current.reading.account_state(account.venue, account.name)
    return None if state is None or state.snapshot is None else state.snapshot.value.settle


def _settles(place: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of the period at this place, one per settlement asset."""
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["settle"] or "", {})[_named(row)] = row["periods"][place]
    shown = []
    for settle, members in sorted(groups.items()):
        sums, unknown = added(members, _SUMMED)
        incomplete = [name for name, period in members.items() if not period["complete"]]
        shown.append(
            {
                "settle": settle,
                "accounts": len(members),
                **sums,
                "unknown": unknown,
                "incomplete": incomplete,
            }
        )
    return shown


def _holder(current: Service, account: ConfiguredAccount) -> Any:
    """Asks live state, whenever it is called, what the account holds."""
    venue, name = account.venue, account.name

    def held() -> Held:
        sizes = _contract_sizes(current, venue)
        state = current.reading.account_state(venue, name)
        if state is None or state.snapshot is None:
            return Held(None, (), sizes)
        quantities: dict[Market, Decimal] = {}
        with localcontext(EXACT):
            for datum in state.positions.values():
                position = datum.value
                market = (position.product, position.symbol)
                size = abs(number(position.quantity) or Decimal(0))
                signed = -size if position.side == "short" else size
                quantities[market] = quantities.get(market, Decimal(0)) + signed
        return Held(quantities, [datum.value for datum in state.fills], sizes)

    return held


def _contract_sizes(current: Service, venue: str) -> dict[Market, Decimal]:
    """Of markets whose contract is not one unit of the base asset."""
    instruments = current.replica.store.instruments.get(venue)
    if instruments is None:
        return {}
    sizes = {(it.product, it.symbol): number(it.contract_size) for it in instruments.items}
    return {market: size for market, size in sizes.items() if size not in (None, Decimal(1))}
