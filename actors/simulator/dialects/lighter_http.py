"""Answers and parameters of Lighter's REST interface: envelope, errors, paging (PROTOCOL 2.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from actors.simulator.refused import Refused

API_BASE: Final = "/api/v1"
PAGE_ROWS_MAX: Final = 100
_NUMBER_LENGTH_MAX: Final = 20

_Row = TypeVar("_Row")


def ok(**fields: Any) -> web.Response:
    """The payload's keys beside the code, in one object."""
    return plain({"code": 200, **fields})


def plain(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(document),
        content_type="application/json",
        headers=headers,
    )


def refusal(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> web.Response:
    """An error as the venue words it; codes are numbers."""
    number = int(code) if code.isdigit() else status
    return plain({"code": number, "message": message}, status, headers)


def invalid(what: str) -> Refused:
    return Refused(400, "20001", f"invalid param : {what}")


def token_of(request: web.Request) -> str:
    """The credential of a request, from its header or its query; empty where it has none."""
    return request.headers.get("Authorization", "") or request.query.get("auth", "")


def whole_number(
    values: Mapping[str, str], name: str, default: int | None = None, *, signed: bool = False
) -> int | None:
    """A parameter that is a whole number; Refused when it is something else."""
    text = values.get(name)
    if text is None or not text:
        return default
    digits = text.removeprefix("-") if signed else text
    if not digits.isascii() or not digits.isdigit() or len(text) > _NUMBER_LENGTH_MAX:
        raise invalid(f"field {name!r} must be a number")
    return int(text)


def required_number(values: Mapping[str, str], name: str) -> int:
    number = whole_number(values, name)
    if number is None:
        raise invalid(f"field {name!r} is not set")
    return number


def required_text(values: Mapping[str, str], name: str) -> str:
    text = values.get(name, "")
    if not text:
        raise invalid(f"field {name!r} is not set")
    return text


def page_limit(values: Mapping[str, str], most: int = PAGE_ROWS_MAX) -> int:
    limit = required_number(values, "limit")
    if not 1 <= limit <= most:
        raise invalid(f"field 'limit' must be 1 to {most}")
    return limit


def one_of(
    values: Mapping[str, str], name: str, allowed: Sequence[str], default: str | None = None
) -> str:
    """A parameter with a closed set of values; required where there is no default."""
    text = values.get(name) or default
    if text is None:
        raise invalid(f"field {name!r} is not set")
    if text not in allowed:
        raise invalid(f"field {name!r} must be one of {', '.join(allowed)}")
    return text


def form(body: bytes) -> dict[str, str]:
    """The fields of a form; of one that is repeated the last."""
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=50)
    except ValueError as error:
        raise invalid("body is not a form") from error
    return {name: values[-1] for name, values in found.items()}


def page(
    rows: Sequence[_Row], key: Callable[[_Row], int], cursor: str, limit: int
) -> tuple[list[_Row], str]:
    """Some of the rows, which are in descending order of `key`, and the cursor of the next page.

    The cursor is the key of the last row shown, so that new rows never shift what follows; it is
    empty after the last page.
    """
    if cursor and (not cursor.isdigit() or len(cursor) > _NUMBER_LENGTH_MAX):
        raise invalid("field 'cursor' is malformed")
    start = 0
    if cursor:
        edge = int(cursor)
        start = next((at for at, row in enumerate(rows) if key(row) < edge), len(rows))
    shown = list(rows[start : start + limit])
    more = start + limit < len(rows)
    return shown, str(key(shown[-1])) if more and shown else ""
