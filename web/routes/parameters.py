"""Reads what callers name: accounts, venues, markets, numbers; says what would have been right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from quart import request

from actors.messages.ids import account_actor, market_topic
from actors.messages.market import Instrument
from web import problems
from web.problems import Problem
from web.service import ConfiguredAccount, Service
from web.topics import segments

KNOWN_SHOWN_MAX: Final = 200


def venue_parameter(service: Service) -> str | None:
    """`?venue=`, or None for all; a venue that nobody watches is an error."""
    venue = request.args.get("venue")
    if venue is None:
        return None
    known = service.venues()
    if venue.lower() not in known:
        raise problems.bad_parameter("venue", f"one of {', '.join(known)}", venue, allowed=known)
    return venue.lower()


def number_parameter(name: str, lowest: int, highest: int) -> int | None:
    """A whole number within bounds, or None where it is not given."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or not lowest <= int(text[:20]) <= highest:
        raise problems.bad_parameter(name, f"a whole number from {lowest} to {highest}", text)
    return int(text)


def find_account(service: Service, index: str) -> ConfiguredAccount:
    """The account that `{index}` means: its number as configured, its venue's own name for it
    (Lighter's account index), or either of them behind `venue:`.

    A bare number is nobody's before others: all whom it fits are named. `venue:name` is an
    account's full name, whatever else at its venue goes by the same number.
    """
    asked_venue = venue_parameter(service)
    venue, colon, name = index.partition(":")
    if not colon:
        venue, name = "", index
    known = service.accounts()
    found = [
        account
        for account in known
        if name in (account.name, *account.aliases)
        and venue.lower() in ("", account.venue)
        # `?venue=` narrows a bare number as it narrows every list.
        and asked_venue in (None, account.venue)
    ]
    if venue:
        found = [account for account in found if account.name == name] or found
    if len(found) == 1:
        return found[0]
    if found:
        candidates = [account.full_name for account in found]
        raise Problem(
            409,
            "ambiguous-account",
            f"{index!r} fits several accounts; say which: {', '.join(candidates)}",
            candidates=candidates,
        )
    names = [account.full_name for account in known]
    raise problems.unknown("account", index, names[:KNOWN_SHOWN_MAX])


def actors_parameter(service: Service, kinds: tuple[str, ...]) -> list[str]:
    """The account's actor that `?account_index=` names, else all actors of these kinds of child
    that are configured or heard of; `?venue=` narrows."""
    index = request.args.get("account_index")
    if index is not None:
        found = find_account(service, index)
        return [account_actor(found.venue, found.name)]
    venue = venue_parameter(service)
    known: set[str] = {account_actor(account.venue, account.name) for account in service.accounts()}
    known.update(service.settings.streams)
    children = service.replica.store.children
    known.update(actor for actor, child in children.items() if child.kind in kinds)
    return sorted(actor for actor in known if venue in (None, actor.split(":")[1]))


def is_of_venue(actor: str, venue: str | None) -> bool:
    """Whether `?venue=`, if given, leaves this actor in a list; cache and web are no venue's."""
    return venue is None or venue in segments(actor)[1:2]


def find_book(service: Service, market: str, venue: str | None) -> str:
    """The order book topic that a native symbol, an alias or a unified symbol means."""
    books = service.books()
    chosen = [topic for topic in books if venue in (None, segments(topic)[1])]
    # A book may run before its venue's list of markets has come.
    found = [topic for topic in chosen if segments(topic)[3].lower() == market.lower()]
    if not found:
        meant = {
            market_topic("orderbook", item.venue, item.product, item.symbol)
            for item in _going_by(market, _listed(service, venue))
        }
        found = [topic for topic in chosen if topic in meant]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous_market(market, "order books", found, [segments(it)[1] for it in found])
    raise problems.unknown("market", market, books[:KNOWN_SHOWN_MAX])


def find_instrument(service: Service, market: str, venue: str | None) -> Instrument:
    """The instrument that a native symbol, an alias or a unified symbol means."""
    items = _listed(service, venue)
    found = _going_by(market, items)
    if len(found) == 1:
        return found[0]
    if found:
        candidates = [f"{item.venue}:{item.product}:{item.symbol}" for item in found]
        raise _ambiguous_market(market, "markets", candidates, [item.venue for item in found])
    if not items:
        raise problems.never_received("the list of markets", "its venue has not told it yet")
    names = [item.symbol for item in items]
    near = get_close_matches(market.upper()[:80], names, n=5, cutoff=0.4)
    raise problems.unknown("market", market, near or names[:KNOWN_SHOWN_MAX])


def _listed(service: Service, venue: str | None) -> list[Instrument]:
    """What all venues list, or one of them."""
    return [
        item
        for of_venue, instruments in sorted(service.replica.store.instruments.items())
        for item in instruments.items
        if venue in (None, of_venue)
    ]


def _going_by(name: str, items: list[Instrument]) -> list[Instrument]:
    """Those that a name means: whose venue itself spells them so, else whose alias or unified
    symbol it is.

    So what clients of one venue send goes on to mean the same when a second venue joins: `ETH-USD`
    is Extended's, though it is an alias of Lighter's `ETH`.
    """
    name = name.lower()
    native = [item for item in items if item.symbol.lower() == name]
    return native or [
        item
        for item in items
        if name == item.unified.lower() or any(name == alias.lower() for alias in item.aliases)
    ]


def _ambiguous_market(market: str, what: str, candidates: list[str], venues: list[str]) -> Problem:
    how = "narrow by ?venue=" if len(set(venues)) > 1 else "name the unified symbol"
    detail = f"{market!r} fits several {what}; {how}"
    return Problem(409, "ambiguous-market", detail, candidates=candidates)
