"""The figures of one account, which REST tells whole and the stream in part: always told whole.

The stream tells equity, collateral and what is free. What the venue tells by REST alone (the margin
in use, the profit of open positions) moves with them: profit by what equity gained beyond the
collateral, margin by what equity gained beyond what is free. So while nothing moves both lanes say
the same to the last digit, and the next REST answer puts right what moved otherwise.
Source: PROTOCOL, sections 2.5 and 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from actors.messages.account import AccountSnapshot, Balance
from actors.venues.lighter import wire_account as wire
from actors.venues.lighter.amounts import added, quotient, rounded, times
from actors.venues.lighter.parse import COLLATERAL, VENUE
from actors.venues.lighter.parse_account import is_open

_MICRO: Final = Decimal("1e-6")
"""Money has six decimals; REST's sums sometimes bear the noise of a float behind them."""
_LEVERAGE_STEP: Final = Decimal("1e-4")
_RATIO_STEP: Final = Decimal("1e-6")
_MINUS: Final = Decimal(-1)
_ISOLATED: Final = 1


@dataclass(frozen=True, slots=True)
class _Money:
    """What both lanes tell, as they spell it."""

    equity: str
    collateral: str
    free: str


@dataclass(frozen=True, slots=True)
class _Whole:
    """An answer of REST's: what it told beside the money, which was `money` then."""

    money: _Money
    margin_used: Decimal
    unrealized: Decimal
    maintenance: Decimal | None


class AccountFigures:
    """What is known of one account; each `heard_…` is the stream's word.

    They return nothing before REST has spoken: the stream alone tells too little.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._whole: _Whole | None = None
        self._money: _Money | None = None
        self._notional: dict[int, Decimal] = {}
        self._assets: dict[int, wire.Asset] = {}

    def told(self, row: wire.Account, received_ns: int, via: str) -> AccountSnapshot:
        """REST's word on everything."""
        positions = [each for each in wire.rows(row.positions) if is_open(each)]
        unrealized = added(Decimal(each.unrealized_pnl or "0") for each in positions)
        equity = row.total_asset_value
        if equity is None:
            equity = _text(added((Decimal(row.collateral), unrealized)))
        money = _Money(equity, row.collateral, row.available_balance)
        maintenance = row.cross_maintenance_margin_requirement
        self._money = money
        self._whole = _Whole(
            money=money,
            margin_used=_margin_used(row, positions, money),
            unrealized=unrealized,
            maintenance=None if maintenance is None else Decimal(maintenance),
        )
        self._notional = {}
        self.heard_positions(positions)
        self._assets = {int(each.asset_id): each for each in wire.rows(row.assets)}
        return self._snapshot(self._whole, money, 0, received_ns, via)

    def heard_positions(self, positions: list[wire.Position]) -> None:
        """Some positions; it is the money's frame that tells what follows from them."""
        for each in positions:
            if is_open(each):
                value = Decimal(each.position_value or "0")
                self._notional[int(each.market_id)] = value.copy_abs()
            else:
                self._notional.pop(int(each.market_id), None)

    def heard_assets(
        self, assets: list[wire.Asset], venue_time_ns: int, received_ns: int, via: str
    ) -> AccountSnapshot | None:
        """Some assets; the venue tells all of them when the subscription begins."""
        self._assets.update((int(each.asset_id), each) for each in assets)
        return self._current(venue_time_ns, received_ns, via)

    def heard_money(
        self, stats: wire.Stats, venue_time_ns: int, received_ns: int, via: str
    ) -> AccountSnapshot | None:
        self._money = _Money(stats.portfolio_value, stats.collateral, stats.available_balance)
        return self._current(venue_time_ns, received_ns, via)

    def _current(self, venue_time_ns: int, received_ns: int, via: str) -> AccountSnapshot | None:
        if self._whole is None or self._money is None:
            return None
        return self._snapshot(self._whole, self._money, venue_time_ns, received_ns, via)

    def _snapshot(
        self, whole: _Whole, money: _Money, venue_time_ns: int, received_ns: int, via: str
    ) -> AccountSnapshot:
        equity = Decimal(money.equity)
        solvent = equity if equity > 0 else Decimal(0)
        gained = _gain(whole.money.equity, money.equity)
        deposited = _gain(whole.money.collateral, money.collateral)
        freed = _gain(whole.money.free, money.free)
        exposure = added(self._notional.values())
        maintenance = whole.maintenance
        return AccountSnapshot(
            venue=VENUE,
            account=self._account,
            equity=money.equity,
            wallet_balance=money.collateral,
            free=money.free,
            withdrawable=money.free,
            margin_used=_text(added((whole.margin_used, gained, times(freed, _MINUS)))),
            margin_ratio=(
                None if maintenance is None else quotient(maintenance, solvent, _RATIO_STEP)
            ),
            leverage=quotient(exposure, solvent, _LEVERAGE_STEP),
            exposure=_text(exposure),
            unrealized_pnl=_text(added((whole.unrealized, gained, times(deposited, _MINUS)))),
            settle=COLLATERAL,
            # The venue counts the dollar coin as dollars, one for one.
            settle_usd="1",
            balances=self._balances(money),
            venue_time_ns=venue_time_ns,
            received_ns=received_ns,
            via=via,
        )

    def _balances(self, money: _Money) -> tuple[Balance, ...]:
        """By the assets' numbers; of the collateral what backs positions is part of the total."""
        rows = [self._assets[number] for number in sorted(self._assets)]
        told = [_balance(row, money) for row in rows]
        if not any(row.symbol == COLLATERAL for row in rows):
            told.append(Balance(asset=COLLATERAL, total=money.collateral, free=money.free))
        return tuple(told)


def _balance(row: wire.Asset, money: _Money) -> Balance:
    locked = Decimal(row.locked_balance or "0")
    wallet = Decimal(row.balance)
    free = added((wallet, times(locked, _MINUS)))
    if row.symbol == COLLATERAL:
        total = added((wallet, Decimal(money.collateral)))
        free = added((free, Decimal(money.free)))
    else:
        total = added((wallet, Decimal(row.margin_balance or "0")))
    return Balance(
        asset=row.symbol, total=_text(total), free=_text(free), locked=row.locked_balance
    )


def _margin_used(row: wire.Account, positions: list[wire.Position], money: _Money) -> Decimal:
    """The initial margin of cross positions and orders, and what isolated positions were given.

    Where the venue does not tell the former: what of the equity is not free.
    """
    if row.cross_initial_margin_requirement is None:
        return added((Decimal(money.equity), times(Decimal(money.free), _MINUS)))
    isolated = (
        Decimal(each.allocated_margin or "0")
        for each in positions
        if int(each.margin_mode) == _ISOLATED
    )
    return added((Decimal(row.cross_initial_margin_requirement), *isolated))


def _gain(before: str, after: str) -> Decimal:
    return rounded(added((Decimal(after), times(Decimal(before), _MINUS))), _MICRO)


def _text(amount: Decimal) -> str:
    return format(amount, "f")
