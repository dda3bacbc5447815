"""From what venues said to rows of history; refuses what no store could hold; pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from actors.errors import UsageFault
from actors.messages.account import (
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Points,
    Position,
)
from actors.messages.control import ConnectionState
from actors.sinks.contract import Row
from actors.sinks.schema import (
    ACCOUNTS,
    FILLS,
    FUNDINGS,
    INCIDENTS,
    ORDERS,
    POINTS,
    POSITIONS,
    SNAPSHOTS,
    Column,
    Kind,
    Table,
)

TEXT_LENGTH_MAX: Final = 400
"""Of one text: longer than any id, and less than what a key of an index may have."""
JSON_LENGTH_MAX: Final = 64 * 1024
DECIMAL_LENGTH_MAX: Final = 100
EXPONENT_MAX: Final = 60
"""Powers of ten, up and down; what is beyond is no amount of anything."""
INTEGER_MAX: Final = 2**63 - 1

_encode: Final = msgspec.json.Encoder().encode


class Unstorable(UsageFault):
    """A value that a column cannot hold: the row is refused, for it would stop all behind it."""


def account_row(venue: str, account: str) -> Row:
    """That there is such an account."""
    return _row(ACCOUNTS, {"venue": venue, "account": account})


def snapshot_row(snapshot: AccountSnapshot, at_us: int) -> Row:
    """The account's figures as of `at_us`."""
    balances = [
        {
            "asset": balance.asset,
            "total": balance.total,
            "free": balance.free,
            "locked": balance.locked,
            "value_usd": balance.value_usd,
        }
        for balance in snapshot.balances
    ]
    return _row(SNAPSHOTS, _fields(snapshot) | {"at_us": at_us, "balances": _json(balances)})


def position_row(position: Position) -> Row:
    return _row(POSITIONS, _fields(position) | {"at_us": position.received_ns // 1000})


def order_row(order: Order) -> Row:
    more = {"at_us": _said_us(order), "created_us": order.created_ns // 1000}
    return _row(ORDERS, _fields(order) | more)


def fill_row(fill: Fill) -> Row:
    return _row(FILLS, _fields(fill) | {"at_us": _said_us(fill)})


def funding_row(funding: Funding) -> Row:
    return _row(FUNDINGS, _fields(funding) | {"at_us": _said_us(funding)})


def points_row(points: Points) -> Row:
    more = {
        "at_us": points.received_ns // 1000,
        "seasons": _json(points.seasons),
        "leagues": _json(points.leagues),
    }
    return _row(POINTS, _fields(points) | more)


def incident_row(state: ConnectionState, at_us: int) -> Row:
    """A lane that came up, or went down, at `at_us`; `reason` says why it is not up."""
    connected = state.state == "connected"
    fields = {
        "actor": state.actor,
        "lane": state.lane,
        "state": state.state,
        "since_mono_ns": state.since_mono_ns,
        "at_us": at_us,
        "venue": state.venue,
        "account": state.account,
        "reason": "" if connected else state.last_error[:TEXT_LENGTH_MAX],
    }
    return _row(INCIDENTS, fields)


def _said_us(value: Order | Fill | Funding) -> int:
    """When the venue says that it was; when we heard it, where it does not say."""
    return (value.venue_time_ns or value.received_ns) // 1000


def _fields(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _json(value: object) -> str:
    return _encode(value).decode()


def _row(table: Table, fields: dict[str, Any]) -> Row:
    values = tuple(_held(table, column, fields[column.name]) for column in table.columns)
    return Row(table.name, values)


def _held(table: Table, column: Column, value: Any) -> Any:
    """The value as a column holds it; Unstorable names the place."""
    if value is None and not column.required:
        return None
    match column.kind:
        case Kind.DECIMAL if isinstance(value, str) and _is_amount(value):
            return value
        case Kind.INTEGER if type(value) is int and -INTEGER_MAX <= value <= INTEGER_MAX:
            return value
        case Kind.FLAG if isinstance(value, bool):
            return value
        case Kind.TEXT if isinstance(value, str) and len(value) <= TEXT_LENGTH_MAX:
            # PostgreSQL knows no NUL in a text, and no venue means anything by one.
            return value.replace("\0", "")
        case Kind.JSON if isinstance(value, str) and len(value) <= JSON_LENGTH_MAX:
            return value.replace("\\u0000", "")
    raise Unstorable(
        f"{table.name}.{column.name}: expected {column.kind}, found {repr(value)[:80]}"
    )


def _is_amount(text: str) -> bool:
    if len(text) > DECIMAL_LENGTH_MAX:
        return False
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    return number.is_finite() and abs(number.adjusted()) <= EXPONENT_MAX
