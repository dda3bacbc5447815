"""The tables of history, one shape for every store: columns, kinds, keys; pure.

The files in `migrations/` make them; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """How a column's values are held; times are integers, in microseconds unless they say ns."""

    TEXT = "text"
    DECIMAL = "decimal"
    INTEGER = "integer"
    FLAG = "flag"
    JSON = "json"


class Column(NamedTuple):
    name: str
    kind: Kind
    required: bool = True


class Table(NamedTuple):
    """`key` is the identity of a row: who comes with a key that is there already adds nothing.

    `owned`: each row belongs to an account (`venue`, `account`).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    owned: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT) for name in names)


def _text_or_null(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT, False) for name in names)


def _decimal(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.DECIMAL) for name in names)


def _decimal_or_null(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.DECIMAL, False) for name in names)


_AT: Final = Column("at_us", Kind.INTEGER)
_OWNER: Final = _text("venue", "account")

ACCOUNTS: Final = Table("history_accounts", _OWNER, ("venue", "account"))
SNAPSHOTS: Final = Table(
    "history_snapshots",
    (
        *_OWNER,
        _AT,
        *_decimal("equity", "wallet_balance"),
        *_decimal_or_null(
            "free", "margin_used", "margin_ratio", "leverage", "exposure", "unrealized_pnl"
        ),
        *_text("settle"),
        *_decimal_or_null("settle_usd"),
        Column("balances", Kind.JSON),
        *_text("via"),
    ),
    ("venue", "account", "at_us"),
)
POSITIONS: Final = Table(
    "history_positions",
    (
        *_OWNER,
        _AT,
        *_text("position_id", "symbol", "product", "side"),
        *_decimal("quantity"),
        *_decimal_or_null(
            "entry_price",
            "mark_price",
            "liquidation_price",
            "notional",
            "leverage",
            "margin",
            "unrealized_pnl",
            "realized_pnl",
        ),
        *_text("via"),
    ),
    ("venue", "account", "at_us", "position_id"),
)
ORDERS: Final = Table(
    "history_orders",
    (
        *_OWNER,
        *_text("order_id"),
        Column("version", Kind.INTEGER),
        *_decimal("filled_quantity"),
        _AT,
        *_text_or_null("client_order_id"),
        *_text("symbol", "product", "side", "type", "status"),
        *_decimal_or_null("price", "average_price", "trigger_price"),
        *_decimal("quantity"),
        *_decimal_or_null("fee"),
        Column("reduce_only", Kind.FLAG),
        Column("post_only", Kind.FLAG),
        *_text_or_null("time_in_force", "reason"),
        Column("created_us", Kind.INTEGER),
        *_text("via"),
    ),
    ("venue", "account", "order_id", "version", "filled_quantity"),
)
FILLS: Final = Table(
    "history_fills",
    (
        *_OWNER,
        *_text("fill_id"),
        _AT,
        *_text("order_id"),
        *_text_or_null("client_order_id"),
        *_text("symbol", "product", "side"),
        *_decimal("price", "quantity"),
        *_decimal_or_null("notional", "fee"),
        *_text_or_null("fee_asset"),
        *_text("liquidity", "trade_type", "via"),
    ),
    ("venue", "account", "fill_id"),
)
FUNDINGS: Final = Table(
    "history_fundings",
    (
        *_OWNER,
        *_text("funding_id"),
        _AT,
        *_text("symbol"),
        *_decimal("amount"),
        *_decimal_or_null("rate"),
        *_text("via"),
    ),
    ("venue", "account", "funding_id"),
)
POINTS: Final = Table(
    "history_points",
    (
        *_OWNER,
        _AT,
        Column("available", Kind.FLAG),
        *_text("reason"),
        *_decimal_or_null("total"),
        Column("rank", Kind.INTEGER, False),
        Column("seasons", Kind.JSON),
        Column("leagues", Kind.JSON),
    ),
    ("venue", "account", "at_us"),
)
INCIDENTS: Final = Table(
    "history_incidents",
    (
        *_text("actor", "lane", "state"),
        Column("since_mono_ns", Kind.INTEGER),
        _AT,
        *_text("venue", "account", "reason"),
    ),
    ("actor", "lane", "state", "since_mono_ns"),
    owned=False,
)

TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        ACCOUNTS,
        SNAPSHOTS,
        POSITIONS,
        ORDERS,
        FILLS,
        FUNDINGS,
        POINTS,
        INCIDENTS,
    )
}
CURSORS: Final = "history_cursors"
"""(stream_id, seq): how far each stream of the cache is kept; written with the rows."""
MIGRATIONS: Final = "history_migrations"
"""(number, name): what was applied to this database."""
