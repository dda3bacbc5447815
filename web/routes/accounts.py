"""`/api/accounts`: figures, positions, open orders, lanes and freshness of each account."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response
from quart_schema import document_querystring, document_response

from actors.messages.ids import account_actor, account_topic
from web import problems
from web.answers import answer
from web.routes.parameters import find_account, venue_parameter
from web.schemas import Account, Accounts, VenueQuery
from web.service import ConfiguredAccount, Service, service

blueprint = Blueprint("accounts", __name__)


def identity(current: Service, account: ConfiguredAccount) -> dict[str, Any]:
    """Who an account is and how its process fares, whether it ever delivered or not."""
    actor = account_actor(account.venue, account.name)
    child = current.replica.store.children.get(actor)
    return {
        "account": account.name,
        "venue": account.venue,
        "index": account.name,
        "label": account.label or (child.label if child else ""),
        "state": child.state if child else "unknown",
    }


def _whole(current: Service, account: ConfiguredAccount) -> dict[str, Any]:
    venue, name = account.venue, account.name
    reading = current.reading
    actor = account_actor(venue, name)
    child = current.replica.store.children.get(actor)
    return {
        **reading.figures(venue, name),
        **identity(current, account),
        "aliases": account.aliases,
        "actor": actor,
        "reason": child.reason if child else "",
        "positions": reading.positions(venue, name),
        "orders": reading.orders(venue, name),
        "connections": reading.connections(actor),
    }


def refuse_never_heard(current: Service, account: ConfiguredAccount) -> None:
    """503 where one account is asked for of which nothing was ever received."""
    if not current.reading.ever_heard(account.venue, account.name):
        topic = account_topic("account", account.venue, account.name)
        what = f"account {account.venue}:{account.name}"
        raise problems.never_received(what, current.reading.why_nothing(topic))


@blueprint.get("/api/accounts")
@document_querystring(VenueQuery)
@document_response(Accounts)
async def accounts() -> Response:
    """All accounts; one that has never delivered is shown with its state."""
    current = service()
    venue = venue_parameter(current)
    chosen = [it for it in current.accounts() if venue in (None, it.venue)]
    return answer({"accounts": [_whole(current, account) for account in chosen]})


@blueprint.get("/api/accounts/<index>")
@document_querystring(VenueQuery)
@document_response(Account)
async def account(index: str) -> Response:
    """One account, by its number, Lighter's account index, or either behind `venue:`."""
    current = service()
    found = find_account(current, index)
    refuse_never_heard(current, found)
    return answer(_whole(current, found))
