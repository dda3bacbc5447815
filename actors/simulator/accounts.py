"""Simulated accounts: positions, profit, fees and margin in exact whole numbers.

Money is in millionths of the collateral. A position keeps its *cost* (signed, as paid) instead of
a rounded entry price, so wallet + unrealised profit loses nothing, whatever was traded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from actors.simulator.markets import MICROS, MarketSpec
from actors.simulator.orders import Fill, Order

DEPOSIT_USD: Final = 100_000
SPOT_SHARES: Final = 500 * MICROS
"""What a demo account holds of the vault's shares; priced 1, counted at `SPOT_FACTOR_PERCENT`."""

SPOT_FACTOR_PERCENT: Final = 90
LEVERAGE: Final = 10
TAKER_FEE_PER_100_000: Final = 25
MAKER_FEE_PER_100_000: Final = 0
ACCOUNT_ID_FIRST: Final = 100_001


class AccountSpec(NamedTuple):
    """An account to be: `deposit_usd` 0 means no balance, `scripted` that it trades by itself.

    `account_index` is its id (0: the next free one); `api_key_index` and `private_key` are those
    of the key that signs for it, where a venue has such; `spot_shares` counts millionths.
    """

    name: str
    api_key: str
    deposit_usd: int = DEPOSIT_USD
    scripted: bool = True
    account_index: int = 0
    api_key_index: int = 0
    private_key: str = ""
    spot_shares: int = SPOT_SHARES


class Closing(NamedTuple):
    """What one execution did to a position: `pnl` realised, `rest` lots left for a new one."""

    pnl: int
    rest: int


@dataclass(slots=True, kw_only=True)
class Position:
    """One position; `lots` and `cost` are signed (short is negative)."""

    position_id: int
    account: int
    spec: MarketSpec
    leverage: int
    lots: int = 0
    cost: int = 0
    side: int
    max_lots: int = 0
    trade_pnl: int = 0
    funding: int = 0
    open_fees: int = 0
    close_fees: int = 0
    closed_lots: int = 0
    exit_value: int = 0
    entry_lots: int = 0
    entry_value: int = 0
    created_ms: int
    updated_ms: int
    closed_ms: int = 0

    @property
    def realised(self) -> int:
        """Trading, funding and fees together, as the venue counts it."""
        return self.trade_pnl + self.funding - self.open_fees - self.close_fees

    def increase(self, lots: int, value: int, fee: int) -> None:
        self.lots += self.side * lots
        self.cost += self.side * value
        self.entry_lots += lots
        self.entry_value += value
        self.open_fees += fee
        self.max_lots = max(self.max_lots, abs(self.lots))

    def decrease(self, lots: int, value: int, fee: int) -> int:
        """Closes `lots` of it at `value`; the realised profit without the fee."""
        held = abs(self.lots)
        freed = self.cost if lots == held else _rounded(self.cost * lots, held)
        pnl = self.side * value - freed
        self.lots -= self.side * lots
        self.cost -= freed
        self.trade_pnl += pnl
        self.close_fees += fee
        self.closed_lots += lots
        self.exit_value += value
        return pnl


@dataclass(slots=True)
class Changes:
    """What an account has not been told yet."""

    orders: list[Order] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    positions: dict[int, Position] = field(default_factory=dict)
    balance: bool = False
    spot: bool = False

    def __bool__(self) -> bool:
        return bool(self.orders or self.fills or self.positions or self.balance or self.spot)


@dataclass(slots=True, kw_only=True)
class Account:
    """One sub-account with its own key."""

    account_id: int
    name: str
    api_key: str
    api_key_index: int
    private_key: str
    deposited: int
    balance: int
    spot_shares: int
    vault: int
    l2_key: str
    created_ms: int
    updated_ms: int
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    external_ids: dict[str, int] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    changes: Changes = field(default_factory=Changes)

    def leverage_of(self, market: str) -> int:
        return self.leverage.get(market, LEVERAGE)

    @property
    def spot_equity(self) -> int:
        return self.spot_shares * SPOT_FACTOR_PERCENT // 100

    @property
    def empty(self) -> bool:
        """Whether the venue would say 404 when asked for the balance."""
        return not (self.balance or self.positions or self.spot_shares)


class Margin(NamedTuple):
    """What the balance answer says, consistent by construction; millionths."""

    balance: int
    unrealised: int
    spot_equity: int
    initial: int
    maintenance: int
    exposure: int

    @property
    def equity(self) -> int:
        return self.balance + self.unrealised + self.spot_equity

    @property
    def available(self) -> int:
        return self.equity - self.initial

    @property
    def withdrawable(self) -> int:
        return max(0, min(self.balance, self.available))


def margin_of(account: Account, value_of: Callable[[MarketSpec, int], int]) -> Margin:
    """The account's figures; `value_of(spec, lots)` is the notional at the mark price."""
    unrealised = initial = maintenance = exposure = 0
    for position in account.positions.values():
        value = value_of(position.spec, position.lots)
        unrealised += value - position.cost
        exposure += abs(value)
        initial += abs(value) // position.leverage
        maintenance += abs(value) // (2 * position.spec.max_leverage)
    return Margin(
        balance=account.balance,
        unrealised=unrealised,
        spot_equity=account.spot_equity,
        initial=initial + sum(order_margin(account, order) for order in account.orders.values()),
        maintenance=maintenance,
        exposure=exposure,
    )


def order_margin(account: Account, order: Order) -> int:
    """What a working order ties up; reducing orders tie up nothing."""
    if order.reduce_only:
        return 0
    return order.left * order.price * order.unit // account.leverage_of(order.market)


def fee_of(value: int, *, is_taker: bool) -> int:
    """The fee on a notional, rounded up to a millionth."""
    rate = TAKER_FEE_PER_100_000 if is_taker else MAKER_FEE_PER_100_000
    return -(-value * rate // 100_000)


def make_accounts(specs: Iterable[AccountSpec], now_ms: int) -> dict[int, Account]:
    """Accounts by id; what looks like keys and vaults comes from the name, not from chance."""
    accounts: dict[int, Account] = {}
    for index, spec in enumerate(specs):
        account_id = spec.account_index or ACCOUNT_ID_FIRST + index
        digest = hashlib.sha256(f"simulated account {spec.name}".encode()).hexdigest()
        accounts[account_id] = Account(
            account_id=account_id,
            name=spec.name,
            api_key=spec.api_key,
            api_key_index=spec.api_key_index,
            private_key=spec.private_key,
            deposited=spec.deposit_usd * MICROS,
            balance=spec.deposit_usd * MICROS,
            spot_shares=spec.spot_shares if spec.deposit_usd else 0,
            vault=500_000 + index,
            l2_key=f"0x{digest[:62]}",
            created_ms=now_ms,
            updated_ms=now_ms,
        )
    return accounts


def _rounded(numerator: int, denominator: int) -> int:
    """Integer division to the nearest, so that no side gains from rounding."""
    return (2 * numerator + denominator) // (2 * denominator)
