"""`/api/stats/…`: what accounts gained, traded and paid over 24 h, 7 d, 30 d and all time."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any, Final, cast

import msgspec
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.cache.portfolio import EXACT, number
from actors.sinks.statistics import NAMES, Figures, Market, added, nothing_known
from web.answers import answer
from web.equity import EquityChange, Recorded
from web.history_schemas import Periods, StatsQuery, Summary
from web.performance import ALL, PERIODS_US, Counted, Deadline, Held, OutOfTime
from web.routes.accounts import identity
from web.routes.parameters import find_account, venue_parameter
from web.schemas import Identity, VenueQuery
from web.service import ConfiguredAccount, Service, service
from web.views import US

ANSWER_S_MAX: Final = 8.0
"""As long one answer counts; what it has not finished, the next one does."""

STILL_COUNTING: Final = "its history is still being counted; ask again"
NOTHING_STORED: Final = "nothing of this account is stored yet"
NO_FUNDING: Final = "no funding payment of this account is stored"
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
    at_us = current.clock.wall_ns() // US
    rows = await _rows(current, chosen)
    counted = [row for row in rows if _why_not_counted(row) is None]
    missing = [
        {**{name: row[name] for name in Identity.__struct_fields__}, "reason": why}
        for row in rows
        if (why := _why_not_counted(row)) is not None
    ]
    settles = {name: _settles(place, counted) for place, name in enumerate((*PERIODS_US, ALL))}
    sums = [each for of_period in settles.values() for each in of_period]
    return answer(
        {
            "at_us": at_us,
            "periods": [{"period": name, "settles": held} for name, held in settles.items()],
            "accounts": len(rows),
            "missing": missing,
            "complete": not missing
            and not any(each["unknown"] or each["incomplete"] for each in sums),
        }
    )


def _why_not_counted(row: dict[str, Any]) -> str | None:
    if row["reason"] is None and row["periods"][-1]["since_us"] is None:
        return NOTHING_STORED
    return cast("str | None", row["reason"])


async def _rows(current: Service, accounts: list[ConfiguredAccount]) -> list[dict[str, Any]]:
    """One account after the other: they are asked of one store."""
    performance = current.history.performance
    deadline = Deadline(current.clock, ANSWER_S_MAX)
    rows = []
    for account in accounts:
        whose = identity(current, account)
        try:
            deadline.check()
            counted = await performance.counted(
                account.venue, account.name, _holder(current, account), deadline
            )
            settle, shown = await _periods(current, account, counted)
            rows.append({**whose, "settle": settle, "periods": shown, "reason": None})
        except OutOfTime:
            rows.append({**whose, "settle": None, "periods": [], "reason": STILL_COUNTING})
    return rows


async def _periods(
    current: Service, account: ConfiguredAccount, counted: Counted
) -> tuple[str | None, list[dict[str, Any]]]:
    history = current.history
    whose = (account.venue, account.name)
    recorded = Recorded(history.reader, history.gate, whose, counted.at_us)
    await recorded.read()
    begins = [counted.first_us, None if recorded.first is None else recorded.first.at_us]
    since_us = min((each for each in begins if each is not None), default=None)
    settle = _settle(current, account) if recorded.last is None else recorded.last.settle
    why_no_funding = "" if counted.totals[ALL].fundings else NO_FUNDING
    shown = []
    for name in (*PERIODS_US, ALL):
        from_us = None if name == ALL else counted.at_us - PERIODS_US[name]
        change, why = await recorded.change(from_us)
        if since_us is None:
            figures = nothing_known(NOTHING_STORED)
        else:
            figures = counted.totals[name].figures(settle or "", why_no_funding)
        complete = since_us is not None and (from_us is None or since_us <= from_us)
        row = {
            "period": name,
            "from_us": since_us if from_us is None else from_us,
            "to_us": counted.at_us,
            "since_us": since_us,
            "complete": complete,
        }
        shown.append(row | _figures(figures, change, why))
    return settle, shown


def _settle(current: Service, account: ConfiguredAccount) -> str | None:
    """What it settles in by live state, where nothing is stored that says it."""
    state = current.reading.account_state(account.venue, account.name)
    return None if state is None or state.snapshot is None else state.snapshot.value.settle


def _figures(figures: Figures, change: EquityChange, why: str) -> dict[str, Any]:
    unknown = figures.unknown | ({"equity_change": why} if why else {})
    both = msgspec.structs.asdict(figures) | msgspec.structs.asdict(change)
    return both | {"unknown": unknown}


def _settles(place: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of the period at this place, one per settlement asset."""
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        name = f"{row['venue']}:{row['account']}"
        groups.setdefault(row["settle"] or "", {})[name] = row["periods"][place]
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
