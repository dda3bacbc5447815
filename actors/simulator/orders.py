"""Orders, fills and prints of a simulated venue, as values that the ledger can keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

NEW: Final = "NEW"
UNTRIGGERED: Final = "UNTRIGGERED"
TRIGGERED: Final = "TRIGGERED"
PARTIALLY_FILLED: Final = "PARTIALLY_FILLED"
FILLED: Final = "FILLED"
CANCELLED: Final = "CANCELLED"
EXPIRED: Final = "EXPIRED"
REJECTED: Final = "REJECTED"

OPEN_STATUSES: Final = frozenset({NEW, UNTRIGGERED, TRIGGERED, PARTIALLY_FILLED})
STATUSES: Final = (*sorted(OPEN_STATUSES), FILLED, CANCELLED, EXPIRED, REJECTED)

GTT: Final = "GTT"
IOC: Final = "IOC"
FOK: Final = "FOK"


class Trigger(NamedTuple):
    """A conditional order waits until `price_type` (LAST, MARK, INDEX) passes `price` ticks."""

    price: int
    price_type: str
    upwards: bool


@dataclass(slots=True, kw_only=True)
class OrderRequest:
    """What an account asks for; `price` None is a market order."""

    market: str
    side: int
    lots: int
    price: int | None = None
    type: str = "LIMIT"
    time_in_force: str = GTT
    post_only: bool = False
    reduce_only: bool = False
    external_id: str = ""
    expire_ms: int = 0
    trigger: Trigger | None = None


@dataclass(slots=True, kw_only=True)
class Order:
    """One order of an account; sizes in lots, prices in ticks, money in millionths.

    `unit` is what one lot costs at a price of one tick; `spent` the sum of its executions;
    `version` how often the order itself was changed.
    """

    order_id: int
    external_id: str
    account: int
    market: str
    type: str
    side: int
    status: str
    reason: str = "NONE"
    price: int
    lots: int
    filled: int = 0
    spent: int = 0
    fee: int = 0
    unit: int
    version: int = 0
    reduce_only: bool = False
    post_only: bool = False
    time_in_force: str = GTT
    trigger: Trigger | None = None
    created_ms: int
    updated_ms: int
    expire_ms: int

    @property
    def open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def left(self) -> int:
        return self.lots - self.filled


class Party(NamedTuple):
    """One side of a trade and what it held before; account 0 is the house.

    `lots` and `cost` are signed as in a position; an order id that is not positive is the house's.
    """

    account: int = 0
    order_id: int = 0
    external_id: str = ""
    lots: int = 0
    cost: int = 0
    leverage: int = 0


@dataclass(frozen=True, slots=True)
class Print:
    """A trade as everybody sees it; `side` is the taker's."""

    trade_id: int
    market: str
    side: int
    price: int
    lots: int
    created_ms: int
    maker: Party
    taker: Party


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of one account in `trade`, whose id it bears; money in millionths."""

    fill_id: int
    account: int
    market: str
    order_id: int
    external_id: str
    side: int
    price: int
    lots: int
    value: int
    fee: int
    is_taker: bool
    created_ms: int
    trade: Print


class OrderChange(NamedTuple):
    """One line of the ledger: this is what the account was told of this order."""

    order_id: int
    status: str
    filled: int
    reason: str
    updated_ms: int


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """An hourly payment; `amount` and `rate` in millionths, `amount` positive when received."""

    payment_id: int
    account: int
    market: str
    position_id: int
    side: int
    lots: int
    value: int
    mark_pico: int
    amount: int
    rate: int
    paid_ms: int
