"""`/api/history/…`: what was stored of an account, in pages, as JSON or CSV."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.sinks.contract import (
    PAGE_ROWS_MAX,
    SINCE_US,
    UNTIL_US,
    Page,
    SnapshotItem,
    TradeItem,
)
from web import csv_rows, problems
from web.answers import answer
from web.history_parameters import (
    CSV,
    interval_parameter,
    limit_parameter,
    range_parameters,
    wants_csv,
)
from web.history_schemas import Snapshots, SnapshotsQuery, Trades, TradesQuery
from web.moments import of_a_name
from web.routes.parameters import find_account
from web.service import ConfiguredAccount, service

CURSOR_HEADER: Final = "X-Next-Cursor"

Ask = Callable[[str | None, int], Awaitable[Page[Any]]]
"""(cursor, limit) → a page."""

blueprint = Blueprint("history", __name__, url_prefix="/api/history")


@blueprint.get("/accounts/<index>")
@document_querystring(SnapshotsQuery)
@document_response(Snapshots)
async def accounts(index: str) -> Response:
    """Stored figures of one account, newest first.

    With `interval` the last of each interval (counted from the epoch): a curve for charts.
    """
    current = service()
    found = find_account(current, index)
    reader = current.history.reader
    from_us, until_us = _bounds()
    interval_s = interval_parameter()

    async def ask(cursor: str | None, limit: int) -> Page[SnapshotItem]:
        return await reader.accounts(
            found.venue,
            found.name,
            from_us=from_us,
            until_us=until_us,
            interval_s=interval_s,
            limit=limit,
            cursor=cursor,
        )

    return await _page(ask, SnapshotItem.__struct_fields__, _name(found, "snapshots"))


@blueprint.get("/trades/<index>")
@document_querystring(TradesQuery)
@document_response(Trades)
async def trades(index: str) -> Response:
    """Stored fills of one account, newest first."""
    current = service()
    found = find_account(current, index)
    reader = current.history.reader
    from_us, until_us = _bounds()
    interval = request.args.get("interval")
    if interval is not None:
        expected = "nothing: fills are listed each; /api/stats/periods adds them up"
        raise problems.bad_parameter("interval", expected, interval)

    async def ask(cursor: str | None, limit: int) -> Page[TradeItem]:
        return await reader.trades(
            found.venue,
            found.name,
            from_us=from_us,
            until_us=until_us,
            limit=limit,
            cursor=cursor,
        )

    return await _page(ask, TradeItem.__struct_fields__, _name(found, "trades"))


def _bounds() -> tuple[int, int]:
    from_us, until_us = range_parameters()
    return (
        SINCE_US if from_us is None else from_us,
        UNTIL_US if until_us is None else until_us,
    )


def _name(account: ConfiguredAccount, kind: str) -> str:
    """What the name of a file of it begins with, in letters that every system takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{account.venue} {account.name} ").strip("-") + f"-{kind}"


async def _page(ask: Ask, columns: Sequence[str], name: str) -> Response:
    csv = wants_csv()
    limit = limit_parameter(csv)
    cursor = request.args.get("cursor")
    items: list[Any] = []
    while True:
        # One place each: a large file lets others in between.
        async with service().history.gate.question():
            page = await ask(cursor, min(limit - len(items), PAGE_ROWS_MAX))
        items.extend(page.items)
        cursor = page.next_cursor
        if cursor is None or len(items) >= limit:
            break
    rows = [msgspec.structs.asdict(item) for item in items]
    if csv:
        return _file(f"{name}{_span(rows)}.csv", columns, rows, cursor)
    response = answer({"items": rows, "next_cursor": cursor})
    response.vary.add("Accept")
    return response


def _span(rows: list[dict[str, Any]]) -> str:
    """The span that was asked for; a side that was left open is that of the rows, newest first."""
    from_us, until_us = range_parameters()
    if rows:
        from_us = rows[-1]["at_us"] if from_us is None else from_us
        until_us = rows[0]["at_us"] if until_us is None else until_us
    return "".join(f"-{of_a_name(us)}" for us in (from_us, until_us) if us is not None)


def _file(
    name: str, columns: Sequence[str], rows: list[dict[str, Any]], cursor: str | None
) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for chunk in csv_rows.chunks(columns, rows):
            yield chunk

    response = Response(body(), content_type=f"{CSV}; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.vary.add("Accept")
    if cursor is not None:
        query = urlencode([*_asked(), ("cursor", cursor)])
        response.headers[CURSOR_HEADER] = cursor
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def _asked() -> list[tuple[str, str]]:
    """What was asked for, but for the place."""
    return [(name, value) for name, value in request.args.items() if name != "cursor"]
