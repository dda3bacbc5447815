"""Rows as CSV (RFC 4180): exact texts, and nothing in them that a spreadsheet would carry out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

ROWS_AT_ONCE: Final = 500
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""What programs that open CSV take for the beginning of a formula or a command."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def chunks(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """The header row, then all rows, some hundred at once; lists and maps stand as JSON."""
    yield _written([columns])
    for first in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[first : first + ROWS_AT_ONCE]
        yield _written([[cell(row[name]) for name in columns] for row in part])


def cell(value: Any) -> str:
    """A value as the text of a cell: nothing for None, numbers as they were told.

    A text that could be taken for a formula gets an apostrophe before it; a number, also below
    zero, is none.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    # Spaces before it do not keep a program from seeing the formula.
    if text.lstrip(" ").startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _written(rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()
