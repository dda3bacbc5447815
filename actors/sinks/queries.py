"""What readers ask of SQLite and PostgreSQL, in the SQL that both understand; pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from actors.sinks.contract import SINCE_US, UNTIL_US
from actors.sinks.cursors import Place
from actors.sinks.schema import FILLS, FUNDINGS, SNAPSHOTS, Table

MICROSECONDS: Final = 1_000_000
IDENTITY: Final = {FILLS.name: "fill_id", FUNDINGS.name: "funding_id"}
"""What tells rows of one account and time apart; a snapshot's time alone does."""


class Query(NamedTuple):
    """`columns` in `sql` stands for the columns to be read; `?` for each of `values`, in order."""

    sql: str
    values: tuple[object, ...]


class Span(NamedTuple):
    """Which rows of whom: from `from_us` on, before `until_us`, at most `limit`."""

    venue: str
    account: str
    from_us: int = SINCE_US
    until_us: int = UNTIL_US
    limit: int = 1
    ascending: bool = False


def events(table: Table, span: Span, place: Place | None) -> Query:
    """Fills or funding payments behind `place`, ordered by time and id."""
    identity = IDENTITY[table.name]
    values: list[object] = [span.venue, span.account, span.from_us, span.until_us]
    behind = ""
    if place is not None:
        behind = f" AND (at_us, {identity}) {'>' if span.ascending else '<'} (?, ?)"
        values += place
    order = "ASC" if span.ascending else "DESC"
    sql = (
        f"SELECT {{columns}} FROM {table.name}"  # noqa: S608 - names of ours
        f" WHERE venue = ? AND account = ? AND at_us >= ? AND at_us < ?{behind}"
        f" ORDER BY at_us {order}, {identity} {order} LIMIT ?"
    )
    return Query(sql, (*values, span.limit))


def snapshots(span: Span) -> Query:
    """Every snapshot of the span."""
    order = "ASC" if span.ascending else "DESC"
    sql = (
        f"SELECT {{columns}} FROM {SNAPSHOTS.name}"  # noqa: S608 - names of ours
        f" WHERE venue = ? AND account = ? AND at_us >= ? AND at_us < ?"
        f" ORDER BY at_us {order} LIMIT ?"
    )
    return Query(sql, (span.venue, span.account, span.from_us, span.until_us, span.limit))


_OF_ACCOUNT: Final = f"FROM {SNAPSHOTS.name} s WHERE s.venue = ? AND s.account = ?"
_FIRST: Final = f"SELECT min(s.at_us) {_OF_ACCOUNT} AND s.at_us >= {{start}} AND s.at_us < ?"
_LAST: Final = f"SELECT max(s.at_us) {_OF_ACCOUNT} AND s.at_us >= ? AND s.at_us < {{end}}"
_WALK: Final = """
WITH RECURSIVE found(found_us, number) AS (
    SELECT ({first}), 1
    UNION ALL
    SELECT ({following}), f.number + 1 FROM found f
     WHERE f.found_us IS NOT NULL AND f.number < ?
)
SELECT {{columns}} FROM {table} t JOIN found f ON t.at_us = {picked}
 WHERE t.venue = ? AND t.account = ? ORDER BY t.at_us {order}
"""


def last_of_intervals(span: Span, interval_us: int) -> Query:
    """The last snapshot of each interval that has one, found by steps through the index: what lies
    between is not read, so a year costs as much as its intervals.
    """
    who = (span.venue, span.account)
    if span.ascending:
        # Step over the intervals' first rows, and take the last of each.
        first = _FIRST.format(start="?")
        following = _FIRST.format(start="(f.found_us / ? + 1) * ?")
        picked = (
            f"(SELECT max(s.at_us) {_OF_ACCOUNT} AND s.at_us >= f.found_us"
            " AND s.at_us < (f.found_us / ? + 1) * ? AND s.at_us < ?)"
        )
        values: tuple[object, ...] = (
            *(*who, span.from_us, span.until_us),
            *(*who, interval_us, interval_us, span.until_us),
            span.limit,
            *(*who, interval_us, interval_us, span.until_us),
        )
    else:
        first = _LAST.format(end="?")
        following = _LAST.format(end="f.found_us / ? * ?")
        picked = "f.found_us"
        values = (
            *(*who, span.from_us, span.until_us),
            *(*who, span.from_us, interval_us, interval_us),
            span.limit,
        )
    order = "ASC" if span.ascending else "DESC"
    sql = _WALK.format(
        first=first, following=following, table=SNAPSHOTS.name, picked=picked, order=order
    )
    return Query(sql, (*values, *who))


def narrowed(span: Span, place: Place | None, interval_us: int | None) -> Span:
    """The span of snapshots behind `place`."""
    if place is None:
        return span
    step = interval_us or 1
    if span.ascending:
        return span._replace(from_us=max(span.from_us, (place.at_us // step + 1) * step))
    return span._replace(until_us=min(span.until_us, place.at_us // step * step))
