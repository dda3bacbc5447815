"""A list of an account's past, read page by page, newest first, as far back as it is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from actors.errors import Fault, MalformedFrame
from actors.messages.account import Fill, Funding, Order
from actors.runtime.rest import RestClient
from actors.venues.contract import Page
from actors.venues.http_request import HttpRequest

RowT = TypeVar("RowT", Order, Fill, Funding)


async def read_down(
    rest: RestClient,
    ask: Callable[[str | None], HttpRequest],
    read: Callable[..., Page[RowT]],
    deep_enough: Callable[[list[RowT]], bool],
    *,
    pages_max: int,
    report: Callable[[Fault], None],
) -> list[RowT]:
    """The rows until they are `deep_enough`, or end; where neither is so within `pages_max` pages
    that is reported. Raises what the REST client does."""
    rows: list[RowT] = []
    cursor: str | None = None
    for _ in range(pages_max):
        page = await rest.call(ask(cursor), partial(read, cursor=cursor))
        rows += page.items
        if page.cursor is None or deep_enough(rows):
            return rows
        cursor = page.cursor
    expected = f"a known row within {pages_max} pages"
    report(MalformedFrame(ask(None).name, expected, f"{len(rows)} new"))
    return rows
