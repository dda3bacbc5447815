"""What an account's fills come to over some periods: exact sums, and why one is not known; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from actors.cache.portfolio import EXACT, number
from actors.sinks.average_cost import OpenPosition

LINEAR: Final = "linear"
"""What a position in such a market realised is its difference of prices times its quantity."""

EVEN: Final = Decimal("1e-12")
"""What is realised up to this, either way, is no more than what rounding leaves."""

RATE: Final = "win_rate_percent"
SETTLED: Final = ""
"""Stands for the account's settlement asset where a venue does not name a fee's."""

NAMED_MAX: Final = 5
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_CENTI: Final = Decimal("0.01")
_SHARES: Final = Context(prec=50, traps=[])

Market = tuple[str, str]
"""(product, venue's symbol)"""


class FillLike(Protocol):
    """A stored execution; decimals are text, `fee` is positive when paid."""

    @property
    def product(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def price(self) -> str: ...
    @property
    def quantity(self) -> str: ...
    @property
    def notional(self) -> str | None: ...
    @property
    def fee(self) -> str | None: ...
    @property
    def fee_asset(self) -> str | None: ...


class Outcome(NamedTuple):
    """What one fill came to; None is not known. `closes`: it closed (a part of) a position."""

    market: Market
    volume: Decimal | None
    fee: Decimal | None
    fee_asset: str
    closes: bool
    realized: Decimal | None


class Figures(msgspec.Struct, kw_only=True):
    """Sums of one period in the settlement asset; null is not known, and `unknown` says why.

    `realized_pnl` is by average cost, before fees; `pnl` is it less `fees`, and with `funding`
    where that is recorded. A win is a fill that closed (a part of) a position and realised more
    than 0 before fees, a loss one that realised less.
    """

    trades: int | None = None
    volume: str | None = None
    fees: str | None = None
    realized_pnl: str | None = None
    funding: str | None = None
    pnl: str | None = None
    closing_trades: int | None = None
    wins: int | None = None
    losses: int | None = None
    win_rate_percent: float | None = None
    unknown: dict[str, str]


NAMES: Final = tuple(name for name in Figures.__struct_fields__ if name != "unknown")


def nothing_known(why: str) -> Figures:
    """Figures of which there is not one."""
    return Figures(unknown=dict.fromkeys(NAMES, why))


def signed_quantity(side: str, quantity: Decimal) -> Decimal:
    return quantity if side == "buy" else -quantity


def net_quantities(fills: Iterable[FillLike]) -> dict[Market, Decimal]:
    """What fills add up to per market, bought above zero; without those that are no numbers."""
    net: dict[Market, Decimal] = {}
    with localcontext(EXACT):
        for fill in fills:
            quantity = number(fill.quantity)
            if quantity is not None:
                market = (fill.product, fill.symbol)
                net[market] = net.get(market, _ZERO) + signed_quantity(fill.side, quantity)
    return net


class Ledger:
    """An account's open positions, as its fills make them; fills are told oldest first.

    `opening` is what was open in each market before the first fill; None where that is not known:
    then nothing that a market's fills close is known to have realised anything.
    """

    def __init__(
        self,
        opening: Mapping[Market, Decimal] | None,
        contract_sizes: Mapping[Market, Decimal] | None = None,
    ) -> None:
        self._contract_sizes = contract_sizes or {}
        self._known = opening is not None
        with localcontext(EXACT):
            self._open = {
                market: OpenPosition(held * self._contract_sizes.get(market, _ONE))
                for market, held in (opening or {}).items()
            }

    def copy(self) -> Ledger:
        other = Ledger(None, self._contract_sizes)
        other._known = self._known
        other._open = {market: position.copy() for market, position in self._open.items()}
        return other

    def fill(self, fill: FillLike) -> Outcome:
        """What this fill came to; positions are then as it leaves them."""
        market = (fill.product, fill.symbol)
        price, quantity = number(fill.price), number(fill.quantity)
        with localcontext(EXACT):
            notional = number(fill.notional)
            size = self._contract_sizes.get(market, _ONE)
            if notional is None and price is not None and quantity is not None:
                notional = price * quantity * size
            closes, realized = False, None
            if price is not None and quantity is not None:
                closes, realized = self._close(
                    market, signed_quantity(fill.side, quantity * size), price
                )
            return Outcome(
                market,
                None if notional is None else abs(notional),
                number(fill.fee),
                fill.fee_asset or SETTLED,
                closes,
                realized,
            )

    def _close(
        self, market: Market, quantity: Decimal, price: Decimal
    ) -> tuple[bool, Decimal | None]:
        if market[0] != LINEAR or not self._known:
            # It may close something: whether it does, nobody knows.
            return True, None
        closing = self._open.setdefault(market, OpenPosition()).fill(quantity, price)
        return closing is not None, None if closing is None else closing.realized


class Totals:
    """Sums of outcomes, and of what nothing is known."""

    def __init__(self) -> None:
        self.trades = 0
        self.volume = _ZERO
        self.realized = _ZERO
        self.closings = 0
        self.wins = 0
        self.losses = 0
        self._fees: dict[str, Decimal] = {}
        self.fundings = 0
        self.funding = _ZERO
        self._without_volume = 0
        self._without_fee = 0
        self._not_realized: dict[Market, int] = {}

    def copy(self) -> Totals:
        other = Totals()
        other.__dict__.update(self.__dict__)
        other._fees = dict(self._fees)
        other._not_realized = dict(self._not_realized)
        return other

    def add(self, outcome: Outcome) -> None:
        with localcontext(EXACT):
            self.trades += 1
            if outcome.volume is None:
                self._without_volume += 1
            else:
                self.volume += outcome.volume
            if outcome.fee is None:
                self._without_fee += 1
            else:
                held = self._fees.get(outcome.fee_asset, _ZERO)
                self._fees[outcome.fee_asset] = held + outcome.fee
            if outcome.closes:
                self._add_closing(outcome.market, outcome.realized)

    def _add_closing(self, market: Market, realized: Decimal | None) -> None:
        if realized is None:
            self._not_realized[market] = self._not_realized.get(market, 0) + 1
            return
        self.closings += 1
        self.realized += realized
        self.wins += realized > EVEN
        self.losses += realized < -EVEN

    def add_funding(self, amount: str) -> None:
        """A payment, above 0 when received."""
        found = number(amount)
        if found is not None:
            with localcontext(EXACT):
                self.fundings += 1
                self.funding += found

    def figures(self, settle: str, why_no_funding: str = "") -> Figures:
        """The sums as text; `settle` is the asset that fees must be in to be added up.

        `why_no_funding` where payments are not recorded, so that none here does not mean none.
        """
        unknown = self._unknown(settle)
        if why_no_funding:
            unknown["funding"] = why_no_funding
        known = "realized_pnl" not in unknown
        with localcontext(EXACT):
            fees = sum(self._fees.values(), _ZERO)
            pnl = self.realized - fees + self.funding
        rated = self.closings if known else 0
        return Figures(
            trades=self.trades,
            volume=None if "volume" in unknown else _text(self.volume),
            fees=None if "fees" in unknown else _text(fees),
            realized_pnl=_text(self.realized) if known else None,
            funding=None if "funding" in unknown else _text(self.funding),
            pnl=None if "pnl" in unknown else _text(pnl),
            closing_trades=self.closings if known else None,
            wins=self.wins if known else None,
            losses=self.losses if known else None,
            win_rate_percent=_percent(self.wins, rated) if rated else None,
            unknown=unknown,
        )

    def _unknown(self, settle: str) -> dict[str, str]:
        found: dict[str, str] = {}
        if self._without_volume:
            found["volume"] = f"{self._without_volume} trades have no price or quantity"
        others = sorted(asset for asset in self._fees if asset not in (SETTLED, settle))
        if self._without_fee:
            found["fees"] = f"the venue told no fee for {self._without_fee} trades"
        elif others and len(self._fees) > 1:
            found["fees"] = f"paid in several assets: {', '.join(others[:NAMED_MAX])} and others"
        elif others:
            found["fees"] = f"paid in {others[0]}, not in the settlement asset"
        if self._not_realized:
            why = self._why_not_realized()
            found |= dict.fromkeys(("realized_pnl", "closing_trades", "wins", "losses"), why)
        if not self.closings and not self._not_realized:
            found[RATE] = "no trade closed a position"
        elif self._not_realized:
            found[RATE] = found["wins"]
        for part in ("realized_pnl", "fees"):
            if part in found and "pnl" not in found:
                found["pnl"] = f"{part} is not known"
        return found

    def _why_not_realized(self) -> str:
        count = sum(self._not_realized.values())
        named = sorted({symbol for _, symbol in self._not_realized})[:NAMED_MAX]
        more = ", …" if len({*self._not_realized}) > len(named) else ""
        return (
            f"{count} trades in {', '.join(named)}{more} may have closed positions whose opening "
            "price is not recorded"
        )


def _text(amount: Decimal) -> str:
    """All digits but the zeros that a rounded share leaves at the end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(part: int, whole: int) -> float:
    """A share to two decimals: shown, never counted with."""
    with localcontext(_SHARES):
        return float((100 * Decimal(part) / whole).quantize(_CENTI))


def added(
    members: Mapping[str, Mapping[str, Any]], names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Sums over accounts by figure, and by figure the accounts of which it is not known.

    A rate is made of the sums; it is no sum.
    """
    sums: dict[str, Any] = {}
    unknown: dict[str, list[str]] = {}
    with localcontext(EXACT):
        for name in names:
            told = {account: figures[name] for account, figures in members.items()}
            values = [value for value in told.values() if value is not None]
            if len(values) < len(told) and name != RATE:
                unknown[name] = [account for account, value in told.items() if value is None]
            if not values or name == RATE:
                sums[name] = None
            elif isinstance(values[0], int):
                sums[name] = sum(values)
            else:
                sums[name] = _text(sum(map(Decimal, values), _ZERO))
    if sums["closing_trades"]:
        sums[RATE] = _percent(sums["wins"], sums["closing_trades"])
    return sums, unknown
