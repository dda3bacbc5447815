"""What all accounts hold together: money per settlement asset and in USD, exposure per base asset.

Pure, exact, and no matter in which order the accounts come. The rules:

- `equity` is the venue's: it holds the profit of open positions and what other assets count for,
  so balances are never added to it.
- A position's notional is what its venue said with it, at the mark price of that moment, else
  |quantity| × its mark price × contract size. A newer mark price is not mixed in: equity, profit
  and exposure shall be of one moment, and the venue's.
- Realized profit is that of the positions that are open; what closed ones brought is in the wallet.
- USD is what the venue says a settlement asset is worth. Where it says nothing, the money stands
  in its own asset only, under `unpriced`. Nothing is taken one for one by its name.
- What an account does not say counts as nothing in a sum, and is named in the account's `unsaid`.
- Exposure is that of positions, by the base asset that the venue's list of instruments tells. A
  position in what is not listed (yet) meets no other by its symbol: it stands alone, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from typing import Final, NamedTuple

import msgspec

from actors.messages.account import AccountSnapshot, Position
from actors.messages.market import Instrument

InstrumentKey = tuple[str, str, str]
"""Venue, product, venue symbol."""

AMOUNT_LENGTH_MAX: Final = 64
EXPONENT_MAX: Final = 64
EXACT: Final = Context(prec=2_000, traps=[Inexact, InvalidOperation, DivisionByZero])
"""Holds any sum of products of four such amounts; were it ever too narrow, it would not round."""

_SAID: Final = ("equity", "wallet_balance", "free", "margin_used", "unrealized_pnl")
_FROM_POSITIONS: Final = ("realized_pnl", "gross_notional", "net_notional")
_FIELDS: Final = _SAID + _FROM_POSITIONS
_CENTI: Final = Decimal("0.01")


class Money(msgspec.Struct, kw_only=True):
    """Sums in one currency; long positions count as positive in `net_notional`, short as negative.

    `margin_used_percent` is of the equity, None where there is none.
    """

    equity: str | None
    wallet_balance: str | None
    free: str | None
    margin_used: str | None
    margin_used_percent: float | None
    unrealized_pnl: str | None
    realized_pnl: str | None
    gross_notional: str | None
    net_notional: str | None


class SettleSum(Money):
    """The accounts that settle in one asset; `price_usd` None: nobody says what it is worth."""

    settle: str
    price_usd: str | None
    equity_usd: str | None
    accounts: int


class AccountSum(Money):
    """One account's part, in its settlement asset; `unsaid` names what is missing in it.

    `margin_ratio` is the venue's: maintenance margin / equity as a fraction. One account's equity
    backs no other's positions, so there is none of a sum.
    """

    venue: str
    account: str
    settle: str
    price_usd: str | None
    equity_usd: str | None
    margin_ratio: str | None
    positions: int
    unsaid: list[str]


class Exposure(msgspec.Struct, kw_only=True):
    """All positions in one base asset, over all venues; quantities are in the asset.

    `unvalued` names the positions (`venue:account:symbol`) whose quantity or notional in USD nobody
    tells; `unlisted` those whose instrument is not known: `base` is then `venue:symbol`, and one
    contract counts as one unit.
    """

    base: str
    long_quantity: str
    short_quantity: str
    net_quantity: str
    gross_quantity: str
    long_notional_usd: str
    short_notional_usd: str
    net_notional_usd: str
    gross_notional_usd: str
    positions: int
    venues: list[str]
    unvalued: list[str]
    unlisted: list[str]


class Unpriced(msgspec.Struct, kw_only=True):
    """A settlement asset whose money is in no USD sum, and whose it is (`venue:account`)."""

    settle: str
    equity: str
    accounts: list[str]


class Portfolio(msgspec.Struct, kw_only=True):
    usd: Money
    settles: list[SettleSum]
    exposures: list[Exposure]
    unpriced: list[Unpriced]
    accounts: list[AccountSum]


class Holding(NamedTuple):
    """What is held of one account."""

    snapshot: AccountSnapshot
    positions: Sequence[Position]


def portfolio(
    holdings: Iterable[Holding], instruments: Mapping[InstrumentKey, Instrument]
) -> Portfolio:
    """All holdings as one; lists are in the order of names."""
    with localcontext(EXACT):
        accounts = sorted(
            (_Account.of(holding, instruments) for holding in holdings),
            key=lambda account: (account.venue, account.name),
        )
        return Portfolio(
            usd=_money(_usd(accounts)),
            settles=_settles(accounts),
            exposures=_exposures(accounts),
            unpriced=_unpriced(accounts),
            accounts=[account.shown() for account in accounts],
        )


def number(text: str | None) -> Decimal | None:
    """Decimal text as a number; None for what is none, or too long to be one."""
    if text is None or len(text) > AMOUNT_LENGTH_MAX:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    fits = found.is_finite() and abs(found.adjusted()) <= EXPONENT_MAX
    return found if fits else None


@dataclass(frozen=True, slots=True)
class _Open:
    """A position; `quantity` in the base asset and `notional` in the settlement asset, signed."""

    base: str
    listed: bool
    name: str
    venue: str
    quantity: Decimal | None
    notional: Decimal | None
    realized: Decimal | None
    price_usd: Decimal | None

    @property
    def notional_usd(self) -> Decimal | None:
        if self.notional is None or self.price_usd is None:
            return None
        return self.notional * self.price_usd


def _open(
    position: Position,
    price_usd: Decimal | None,
    instruments: Mapping[InstrumentKey, Instrument],
) -> _Open:
    instrument = instruments.get((position.venue, position.product, position.symbol))
    contract = number("1" if instrument is None else instrument.contract_size)
    contracts = number(position.quantity)
    size = None if contracts is None or contract is None else abs(contracts * contract)
    notional = number(position.notional)
    mark = number(position.mark_price)
    if notional is None and size is not None and mark is not None:
        notional = size * mark
    if position.product == "inverse":
        # Its contracts are worth a sum of the quote asset: there is no exact quantity.
        size = None
    sign = -1 if position.side == "short" else 1
    return _Open(
        base=f"{position.venue}:{position.symbol}" if instrument is None else instrument.base,
        listed=instrument is not None,
        name=f"{position.venue}:{position.account}:{position.symbol}",
        venue=position.venue,
        quantity=None if size is None else sign * size,
        notional=None if notional is None else sign * abs(notional),
        realized=number(position.realized_pnl),
        price_usd=price_usd,
    )


@dataclass(frozen=True, slots=True)
class _Account:
    venue: str
    name: str
    settle: str
    price_usd: Decimal | None
    margin_ratio: str | None
    money: dict[str, Decimal | None]
    positions: list[_Open]
    unsaid: list[str]

    @classmethod
    def of(cls, holding: Holding, instruments: Mapping[InstrumentKey, Instrument]) -> _Account:
        snapshot = holding.snapshot
        price_usd = number(snapshot.settle_usd)
        positions = [_open(each, price_usd, instruments) for each in holding.positions]
        money: dict[str, Decimal | None] = {name: number(getattr(snapshot, name)) for name in _SAID}
        unsaid = [name for name, amount in money.items() if amount is None]
        if any(each.realized is None for each in positions):
            unsaid.append("realized_pnl")
        if any(each.notional is None for each in positions):
            unsaid.append("notional")
        notionals = [each.notional for each in positions if each.notional is not None]
        money["realized_pnl"] = _sum(each.realized for each in positions)
        money["gross_notional"] = _sum(map(abs, notionals))
        money["net_notional"] = _sum(notionals)
        return cls(
            venue=snapshot.venue,
            name=snapshot.account,
            settle=snapshot.settle,
            price_usd=price_usd,
            margin_ratio=snapshot.margin_ratio,
            money=money,
            positions=positions,
            unsaid=unsaid,
        )

    @property
    def full_name(self) -> str:
        return f"{self.venue}:{self.name}"

    def shown(self) -> AccountSum:
        return AccountSum(
            venue=self.venue,
            account=self.name,
            settle=self.settle,
            price_usd=_text(self.price_usd),
            equity_usd=_text(_times(self.money["equity"], self.price_usd)),
            margin_ratio=self.margin_ratio,
            positions=len(self.positions),
            unsaid=self.unsaid,
            **msgspec.structs.asdict(_money(self.money)),
        )


@dataclass(slots=True)
class _Sides:
    """What is held of one base asset."""

    long: list[_Open] = field(default_factory=list)
    short: list[_Open] = field(default_factory=list)


def _settles(accounts: Sequence[_Account]) -> list[SettleSum]:
    """One price is one sum: venues may count an asset of one name differently."""
    groups: dict[tuple[str, Decimal | None], list[_Account]] = {}
    for account in accounts:
        groups.setdefault((account.settle, account.price_usd), []).append(account)
    shown = []
    for (settle, price_usd), members in groups.items():
        money = _added(member.money for member in members)
        shown.append(
            SettleSum(
                settle=settle,
                price_usd=_text(price_usd),
                equity_usd=_text(_times(money["equity"], price_usd)),
                accounts=len(members),
                **msgspec.structs.asdict(_money(money)),
            )
        )
    return sorted(shown, key=lambda each: (each.settle, each.price_usd or ""))


def _usd(accounts: Sequence[_Account]) -> dict[str, Decimal | None]:
    return _added(
        {name: _times(amount, account.price_usd) for name, amount in account.money.items()}
        for account in accounts
    )


def _unpriced(accounts: Sequence[_Account]) -> list[Unpriced]:
    groups: dict[str, list[_Account]] = {}
    for account in accounts:
        if account.price_usd is None:
            groups.setdefault(account.settle, []).append(account)
    return [
        Unpriced(
            settle=settle,
            equity=format(_sum(member.money["equity"] for member in members), "f"),
            accounts=[member.full_name for member in members],
        )
        for settle, members in sorted(groups.items())
    ]


def _exposures(accounts: Sequence[_Account]) -> list[Exposure]:
    bases: dict[str, _Sides] = {}
    for account in accounts:
        for each in account.positions:
            held = bases.setdefault(each.base, _Sides())
            # A position that tells neither size nor notional is on either side the same: unvalued.
            (held.short if (each.quantity or each.notional or 0) < 0 else held.long).append(each)
    return [_exposure(base, bases[base]) for base in sorted(bases)]


def _exposure(base: str, held: _Sides) -> Exposure:
    positions = held.long + held.short
    long_quantity = _sum(each.quantity for each in held.long)
    short_quantity = -_sum(each.quantity for each in held.short)
    long_usd = _sum(each.notional_usd for each in held.long)
    short_usd = -_sum(each.notional_usd for each in held.short)
    unvalued = [each.name for each in positions if None in (each.quantity, each.notional_usd)]
    return Exposure(
        base=base,
        long_quantity=format(long_quantity, "f"),
        short_quantity=format(short_quantity, "f"),
        net_quantity=format(long_quantity - short_quantity, "f"),
        gross_quantity=format(long_quantity + short_quantity, "f"),
        long_notional_usd=format(long_usd, "f"),
        short_notional_usd=format(short_usd, "f"),
        net_notional_usd=format(long_usd - short_usd, "f"),
        gross_notional_usd=format(long_usd + short_usd, "f"),
        positions=len(positions),
        venues=sorted({each.venue for each in positions}),
        unvalued=sorted(unvalued),
        unlisted=sorted(each.name for each in positions if not each.listed),
    )


def _added(parts: Iterable[Mapping[str, Decimal | None]]) -> dict[str, Decimal | None]:
    rows = list(parts)
    return {name: _sum(row[name] for row in rows) for name in _FIELDS}


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    # Not `sum`: where all are negative zeros, the first must not be one.
    total = Decimal(0)
    for amount in amounts:
        if amount is not None:
            total += amount
    return total


def _times(amount: Decimal | None, price: Decimal | None) -> Decimal | None:
    return None if amount is None or price is None else amount * price


def _money(amounts: Mapping[str, Decimal | None]) -> Money:
    return Money(
        margin_used_percent=_percent(amounts["margin_used"], amounts["equity"]),
        **{name: _text(amounts[name]) for name in _FIELDS},
    )


def _percent(part: Decimal | None, whole: Decimal | None) -> float | None:
    """A share to two decimals: shown, never counted with."""
    if part is None or whole is None or whole <= 0:
        return None
    with localcontext(Context(prec=50, traps=[])):
        return float((100 * part / whole).quantize(_CENTI))


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
