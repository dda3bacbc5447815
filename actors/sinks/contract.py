"""What a store of history must offer: a writer to the recorder, a reader to web."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

PAGE_ROWS_MAX: Final = 1_000
"""Rows of one page; a reader never answers with more."""
QUERY_TIMEOUT_S: Final = 5.0
"""What one query may take before it is ended and StoreSlow is raised."""
SINCE_US: Final = 0
UNTIL_US: Final = 2**53
"""The bounds of time that are meant where none are named."""


class Position(NamedTuple):
    """How far the cache's stream is kept: every account change up to `seq` of `stream_id`."""

    stream_id: str
    seq: int


class Row(NamedTuple):
    """One row of `table`; `values` stand in the order of the table's columns (schema.py).

    Decimals are text, JSON is text, times are integer microseconds.
    """

    table: str
    values: tuple[Any, ...]


class SnapshotItem(msgspec.Struct, frozen=True, kw_only=True):
    """An account's figures as they stood at `at_us`; all money in `settle`.

    `balances` is a list of `{asset, total, free, locked, value_usd}`.
    """

    venue: str
    account: str
    at_us: int
    equity: str
    wallet_balance: str
    free: str | None
    margin_used: str | None
    margin_ratio: str | None
    leverage: str | None
    exposure: str | None
    unrealized_pnl: str | None
    settle: str
    settle_usd: str | None
    balances: list[dict[str, str | None]]
    via: str


class TradeItem(msgspec.Struct, frozen=True, kw_only=True):
    """One fill; `at_us` is the venue's time, or ours where the venue tells none."""

    venue: str
    account: str
    fill_id: str
    at_us: int
    order_id: str
    client_order_id: str | None
    symbol: str
    product: str
    side: str
    price: str
    quantity: str
    notional: str | None
    fee: str | None
    fee_asset: str | None
    liquidity: str
    trade_type: str
    via: str


class FundingItem(msgspec.Struct, frozen=True, kw_only=True):
    """One funding payment; `amount` is positive when received."""

    venue: str
    account: str
    funding_id: str
    at_us: int
    symbol: str
    amount: str
    rate: str | None


Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some items in order, and where to go on; None after the last."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


class HistoryReader(Protocol):
    """Reads one store, in any process; never writes, never blocks the loop.

    Pages are newest first, or oldest first with `ascending`; `from_us` is included, `until_us` is
    not; `limit` is 1 to PAGE_ROWS_MAX. A cursor is valid for the same kind, account and direction
    (and interval) alone; rows that are added meanwhile neither move nor double what follows.

    Raises BadCursor for a cursor that was not given here, StoreAway where the store cannot be
    reached (a SQLite file that was never made counts as such), StoreSlow where a query took longer
    than QUERY_TIMEOUT_S.
    """

    async def accounts(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        interval_s: int | None = None,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[SnapshotItem]:
        """Snapshots; with `interval_s` the last of each interval (counted from the epoch)."""
        ...

    async def trades(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[TradeItem]:
        """Fills, ordered by time and id."""
        ...

    async def fundings(
        self,
        venue: str,
        account: str,
        *,
        from_us: int = SINCE_US,
        until_us: int = UNTIL_US,
        limit: int = PAGE_ROWS_MAX,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> Page[FundingItem]:
        """Funding payments, ordered by time and id."""
        ...

    async def snapshot_near(
        self, venue: str, account: str, at_us: int, *, after: bool = False
    ) -> SnapshotItem | None:
        """The last snapshot at or before `at_us`; with `after` the first at or after it."""
        ...

    async def known_accounts(self) -> tuple[tuple[str, str], ...]:
        """(venue, account) of all of whom anything is stored, in order."""
        ...

    async def close(self) -> None: ...


class HistoryWriter(Protocol):
    """One store as the recorder writes it; everything it writes may come again without harm.

    Raises StoreAway where the store cannot be reached or written at present (nothing of the batch
    is kept then, and it may come again), ConfigFault where it never can be.
    """

    name: str
    """`sqlite`, `postgres` or `supabase`."""

    async def open(self) -> None:
        """Connects and brings the schema up to date; again, where the store was away.

        ConfigFault for a database that a newer release made.
        """
        ...

    async def position(self, stream_id: str) -> int | None:
        """How far this stream is kept; None where nothing of it is."""
        ...

    async def write(self, rows: Sequence[Row], position: Position | None) -> None:
        """All rows and the position, or nothing; None leaves the position as it is.

        Where a store has no transactions over several tables the position comes last.
        """
        ...

    async def trim(self, table: str, before_us: int, limit: int) -> int:
        """Removes at most `limit` of the oldest rows of before `before_us`; how many it was."""
        ...

    async def close(self) -> None: ...


class StorageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How recording goes: the recorder's answer to the control question `storage`.

    `queue_length` counts changes that the store does not hold yet, in memory and in the spool.
    `thinned` snapshots were given up because the spool was full; `gaps` counts the times when the
    cache could not give every change and the present state was taken instead; `refused` rows were
    none that a store takes.
    """

    kind: str
    connected: bool
    last_write_us: int | None
    rows_written: int
    queue_length: int
    spool_bytes: int
    spool_bytes_max: int
    spool_failing: bool
    thinned: int
    gaps: int
    refused: int
    last_error: str
    last_error_us: int | None
    since_us: int
