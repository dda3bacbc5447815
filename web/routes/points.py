"""`/api/points`: what each account earned in each season, and whether that is known at all."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any, Final

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.cache.portfolio import EXACT, number
from actors.cache.store import Datum
from actors.messages.account import Points
from actors.messages.ids import account_topic
from web import problems
from web.answers import answer
from web.routes.accounts import identity
from web.routes.parameters import find_account, venue_parameter
from web.schemas import AccountsQuery, Identity, Shape, Told, VenueQuery
from web.service import ConfiguredAccount, Service, service
from web.telling import tell
from web.views import Fresh, names, shown, view

TOPIC: Final = "points"
LANE: Final = "points"


class VenuePoints(Shape):
    """`accounts`: how many the sums are of."""

    venue: str
    total: str
    seasons: dict[str, str]
    accounts: int


AccountPoints = view(
    Points,
    Identity,
    Fresh,
    name="AccountPoints",
    # Before the first answer nothing is known of them.
    optional=("stale_after_ms",),
)


class AllPoints(Shape):
    """`total` is over all that is shown, null where that is of several venues: their points are
    not the same thing, and `venues` tells each venue's sum."""

    total: str | None
    venues: list[VenuePoints]
    accounts: list[AccountPoints]  # type: ignore[valid-type]
    available: int
    as_of_us: int | None
    stale: bool
    stale_reason: str | None


blueprint = Blueprint("points", __name__, url_prefix="/api/points")


@blueprint.get("")
@document_querystring(VenueQuery)
@document_response(AllPoints)
async def points() -> Response:
    """Points of all accounts, and their sums per venue and season."""
    current = service()
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    rows = [_row(current, account) for account in chosen]
    told = [row for row in rows if row["as_of_us"] is not None]
    stale = [f"{row['venue']}:{row['account']}" for row in rows if row["stale"]]
    venues = sorted({row["venue"] for row in rows})
    return answer(
        {
            "total": _sum(row["total"] for row in rows) if len(venues) < 2 else None,
            "venues": [_venue(name, rows) for name in venues],
            "accounts": rows,
            "available": sum(bool(row["available"]) for row in rows),
            "as_of_us": min((row["as_of_us"] for row in told), default=None),
            "stale": bool(stale),
            "stale_reason": f"stale accounts: {', '.join(stale)}" if stale else None,
        }
    )


@blueprint.get("/<index>")
@document_querystring(VenueQuery)
@document_response(AccountPoints)
async def points_of(index: str) -> Response:
    """Points of one account, by its number or `venue:name`."""
    current = service()
    found = find_account(current, index)
    row = _row(current, found)
    if row["as_of_us"] is None:
        what = f"the points of account {found.venue}:{found.name}"
        raise problems.never_received(what, row["reason"])
    return answer(row)


@blueprint.post("/refresh")
@document_querystring(AccountsQuery)
@document_response(Told, 202)
async def refresh() -> Response:
    """Has the venue asked for the points of one or all accounts, as soon as the pace allows."""
    current = service()
    index = request.args.get("account_index")
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    if index is not None:
        chosen = [find_account(current, index)]
    return answer(await tell(current, "refresh", chosen, lane=LANE), 202)


def _row(current: Service, account: ConfiguredAccount) -> dict[str, Any]:
    held: dict[str, Datum[Any]] = current.replica.store.latest.get(TOPIC, {})
    datum = held.get(f"{account.venue}:{account.name}")
    if datum is not None:
        body = {**shown(datum.value), **current.reading.freshness(TOPIC, datum)}
    else:
        why = current.reading.why_nothing(account_topic("account", account.venue, account.name))
        unknown = dict.fromkeys(names(Points)) | {"seasons": [], "leagues": {}, "reason": why}
        never = {**current.reading.freshness(TOPIC, None), "stale_reason": why}
        body = {**unknown, "available": False, **never}
    return {**body, **identity(current, account)}


def _venue(venue: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    counted = [row for row in rows if row["venue"] == venue and row["available"]]
    seasons: dict[str, list[str]] = {}
    for row in counted:
        for season in row["seasons"]:
            seasons.setdefault(season["season"], []).append(season["total"])
    return {
        "venue": venue,
        "total": _sum(row["total"] for row in counted),
        "seasons": {season: _sum(totals) for season, totals in seasons.items()},
        "accounts": len(counted),
    }


def _sum(totals: Iterable[str | None]) -> str:
    """Exact, of those that are known."""
    with localcontext(EXACT):
        found = [amount for total in totals if (amount := number(total)) is not None]
        return format(sum(found, Decimal(0)), "f")
