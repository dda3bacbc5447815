"""`/api/ws/positions|orders|trades`: what each account's private stream last said."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from actors.messages.ids import account_actor
from web.answers import answer
from web.routes.accounts import identity, refuse_never_heard
from web.routes.parameters import find_account, venue_parameter
from web.schemas import (
    AccountOrders,
    AccountPositions,
    AccountTrades,
    AllOrders,
    AllPositions,
    AllTrades,
    VenueQuery,
)
from web.service import ConfiguredAccount, Service, service

blueprint = Blueprint("private", __name__, url_prefix="/api/ws")


def _part(current: Service, account: ConfiguredAccount, part: str) -> dict[str, Any]:
    reading = current.reading
    read = {"positions": reading.positions, "orders": reading.orders, "trades": reading.fills}[part]
    lanes = reading.connections(account_actor(account.venue, account.name))
    private = [lane for lane in lanes if lane["lane"] == "websocket"]
    return {
        **identity(current, account),
        "connection": private[0] if private else None,
        part: read(account.venue, account.name),
    }


def _all(part: str) -> Response:
    current = service()
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    return answer({"accounts": [_part(current, account, part) for account in chosen]})


def _one(part: str, index: str) -> Response:
    current = service()
    found = find_account(current, index)
    refuse_never_heard(current, found)
    return answer(_part(current, found, part))


@blueprint.get("/positions")
@document_querystring(VenueQuery)
@document_response(AllPositions)
async def positions() -> Response:
    """Positions of all accounts."""
    return _all("positions")


@blueprint.get("/positions/<index>")
@document_querystring(VenueQuery)
@document_response(AccountPositions)
async def positions_of(index: str) -> Response:
    """Positions of one account."""
    return _one("positions", index)


@blueprint.get("/orders")
@document_querystring(VenueQuery)
@document_response(AllOrders)
async def orders() -> Response:
    """Open orders of all accounts."""
    return _all("orders")


@blueprint.get("/orders/<index>")
@document_querystring(VenueQuery)
@document_response(AccountOrders)
async def orders_of(index: str) -> Response:
    """Open orders of one account."""
    return _one("orders", index)


@blueprint.get("/trades")
@document_querystring(VenueQuery)
@document_response(AllTrades)
async def trades() -> Response:
    """The last fills of all accounts, newest first."""
    return _all("trades")


@blueprint.get("/trades/<index>")
@document_querystring(VenueQuery)
@document_response(AccountTrades)
async def trades_of(index: str) -> Response:
    """The last fills of one account, newest first."""
    return _one("trades", index)
