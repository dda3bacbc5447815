"""The shapes of history: pages of what was stored, sums over periods, how the store fares."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from actors.sinks.contract import SnapshotItem, TradeItem
from actors.sinks.statistics import Figures
from web.equity import EquityChange
from web.schemas import Identity, Shape, VenueQuery
from web.views import view

Snapshot = view(SnapshotItem, name="Snapshot")
Trade = view(TradeItem, name="StoredTrade")


class Listed(Shape):
    """Newest first; `next_cursor` is null after the last.

    As CSV (`Accept: text/csv`) it is the header `X-Next-Cursor`, and the next page a `Link`.
    """

    other_media_types: ClassVar[tuple[str, ...]] = ("text/csv",)


class Snapshots(Listed):
    """What an account was worth."""

    items: list[Snapshot]  # type: ignore[valid-type]
    next_cursor: str | None


class Trades(Listed):
    """An account's fills."""

    items: list[Trade]  # type: ignore[valid-type]
    next_cursor: str | None


class TradesQuery(VenueQuery):
    """`from` (included) and `to` (not included): microseconds since the epoch, or RFC 3339.

    `limit` 1 to 1,000 (CSV: 10,000).
    """

    from_: str | None = msgspec.field(default=None, name="from")
    to: str | None = None
    limit: int = 100
    cursor: str | None = None


class SnapshotsQuery(TradesQuery):
    """`interval` (1m, 5m, 15m, 1h, 4h, 1d, …): the last figures of each."""

    interval: str | None = None


PeriodFigures = view(Figures, EquityChange, name="PeriodFigures")


class Period(PeriodFigures):  # type: ignore[misc, valid-type]
    """Sums of one period of an account.

    `complete` false: history begins within the period, at `since_us`; the sums are since then.
    """

    period: str
    from_us: int | None
    to_us: int
    since_us: int | None
    complete: bool


class AccountPeriods(Identity):
    """Money is in `settle`.

    `counting`: newer sums are still being counted; these are the last, of `to_us`, or none:
    then `reason` says so.
    """

    settle: str | None
    periods: list[Period]
    counting: bool
    reason: str | None


class Periods(Shape):
    accounts: list[AccountPeriods]


class PeriodSum(Shape):
    """What the accounts with one settlement asset come to together.

    `unknown` names by figure the accounts that are not in its sum; `incomplete` those whose
    history begins within the period.
    """

    settle: str
    accounts: int
    trades: int | None
    volume: str | None
    fees: str | None
    realized_pnl: str | None
    funding: str | None
    pnl: str | None
    closing_trades: int | None
    wins: int | None
    losses: int | None
    win_rate_percent: float | None
    equity_change: str | None
    unknown: dict[str, list[str]]
    incomplete: list[str]


class SummaryPeriod(Shape):
    period: str
    settles: list[PeriodSum]


class NotCounted(Identity):
    reason: str


class Summary(Shape):
    """`complete` false: accounts are missing or counting, or some figure of some is not known.

    `counting` names the accounts whose newer sums are still being counted; what is added up of
    them is the last that was. `as_of_us` is the time of the oldest of all that is added up.
    """

    at_us: int
    as_of_us: int | None
    counting: list[str]
    periods: list[SummaryPeriod]
    accounts: int
    missing: list[NotCounted]
    complete: bool


class StatsQuery(VenueQuery):
    """`account` as in `/api/accounts/{index}`; without it all."""

    account: str | None = None


class StoreStatus(Shape):
    """How the store of history fares.

    `configured` false: this service keeps no history (there). `reason` says why something is not
    known or not connected.
    """

    configured: bool
    connected: bool
    kind: str | None
    last_write_us: int | None
    rows_written: int | None
    queue_length: int | None
    spool_bytes: int | None
    spool_bytes_max: int | None
    spool_failing: bool | None
    thinned: int | None
    gaps: int | None
    refused: int | None
    last_error: str | None
    last_error_us: int | None
    since_us: int | None
    reason: str | None
