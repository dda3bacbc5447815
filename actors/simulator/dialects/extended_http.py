"""Answers and parameters of Extended's REST interface: envelope, errors, paging (PROTOCOL 2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from actors.simulator.refused import Refused

API_BASE: Final = "/api/v1"
STREAM_BASE: Final = "/stream.extended.exchange/v1"
"""The literal host name is part of the path."""

PAGE_ROWS_MAX: Final = 10_000
PAGE_ROWS: Final = 100


def ok(data: Any, pagination: dict[str, int] | None = None) -> web.Response:
    document: dict[str, Any] = {"status": "OK", "data": data}
    if pagination is not None:
        document["pagination"] = pagination
    return _json(200, document)


def paged(rows: Sequence[dict[str, Any]], cursor_field: str = "id") -> web.Response:
    """Rows in descending order; the last one's id is where the next page begins."""
    pagination = {"count": len(rows)}
    if rows:
        pagination = {"cursor": rows[-1][cursor_field], "count": len(rows)}
    return ok(list(rows), pagination)


def refusal(
    status: int,
    code: str,
    message: str,
    headers: dict[str, str] | None = None,
    debug_info: str = "",
) -> web.Response:
    """An error in the venue's envelope; codes of digits are numbers, as live."""
    error = {"code": int(code) if code.isdigit() else code, "message": message}
    if debug_info:
        error["debugInfo"] = debug_info
    return _json(status, {"status": "ERROR", "error": error}, headers)


def _json(status: int, document: Any, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(document),
        content_type="application/json",
        headers=headers,
    )


def bad_parameter(name: str, expected: str, found: object) -> Refused:
    return Refused(400, "400", f"{name}: expected {expected}, found {found!r}")


def whole_number(request: web.Request, name: str, default: int | None = None) -> int | None:
    """A query parameter that is a whole number ≥ 0."""
    text = request.query.get(name)
    if text is None or not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise bad_parameter(name, "a whole number", text)
    return int(text)


def page_limit(request: web.Request, default: int = PAGE_ROWS) -> int:
    limit = whole_number(request, "limit", default)
    if limit is None or not 1 <= limit <= PAGE_ROWS_MAX:
        raise bad_parameter("limit", f"1 to {PAGE_ROWS_MAX}", limit)
    return limit


def one_of(request: web.Request, name: str, allowed: Sequence[str]) -> str | None:
    text = request.query.get(name)
    if text is not None and text not in allowed:
        raise bad_parameter(name, " or ".join(allowed), text)
    return text
