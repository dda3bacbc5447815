"""Sums over any accounts: exact as whole numbers are, and the same in whatever order they come."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from actors.cache.portfolio import Holding, number, portfolio
from actors.messages.account import AccountSnapshot, Position

SETTLES = (("USD", "1"), ("EUR", "1.0837465"), ("BTC", None))


@st.composite
def amounts(draw: st.DrawFn) -> str:
    """Decimal text as venues write it, up to the longest that counts."""
    whole = draw(st.integers(0, 10**30))
    decimals = draw(st.text("0123456789", max_size=30))
    sign = draw(st.sampled_from(["", "-"]))
    exponent = draw(st.sampled_from(["", "", "", "e-8", "E+3"])) if len(decimals) < 20 else ""
    return f"{sign}{whole}" + (f".{decimals}" if decimals else "") + exponent


@st.composite
def holdings(draw: st.DrawFn) -> list[Holding]:
    made = []
    for index in range(draw(st.integers(0, 6))):
        settle, price = draw(st.sampled_from(SETTLES))
        snapshot = AccountSnapshot(
            venue=draw(st.sampled_from(["extended", "other"])),
            account=str(index),
            equity=draw(amounts()),
            wallet_balance=draw(amounts()),
            free=draw(st.none() | amounts()),
            margin_used=draw(st.none() | amounts()),
            unrealized_pnl=draw(amounts()),
            settle=settle,
            settle_usd=price,
            received_ns=1,
            via="polling",
        )
        positions = [
            Position(
                venue=snapshot.venue,
                account=snapshot.account,
                position_id=str(number),
                symbol=draw(st.sampled_from(["A", "B"])),
                product="linear",
                side=draw(st.sampled_from(["long", "short"])),
                quantity=draw(amounts()),
                mark_price=draw(st.none() | amounts()),
                notional=draw(st.none() | amounts()),
                realized_pnl=draw(st.none() | amounts()),
                received_ns=1,
                via="polling",
            )
            for number in range(draw(st.integers(0, 3)))
        ]
        made.append(Holding(snapshot, positions))
    return made


def fraction(text: str | None) -> Fraction:
    return Fraction(text or "0")


def notional(position: Position) -> Fraction:
    """Signed, by the documented rule."""
    size = abs(fraction(position.quantity) * fraction(position.mark_price))
    value = size if position.notional is None else abs(fraction(position.notional))
    return -value if position.side == "short" else value


@given(holdings(), st.randoms())
def test_sums_are_exact_and_know_no_order(held: list[Holding], chance: random.Random) -> None:
    found = portfolio(held, {})
    shuffled = [Holding(each.snapshot, chance.sample(each.positions, len(each.positions)))
                for each in chance.sample(held, len(held))]  # fmt: skip
    assert portfolio(shuffled, {}) == found

    priced = [each for each in held if each.snapshot.settle_usd is not None]
    for name in ("equity", "wallet_balance", "free", "margin_used", "unrealized_pnl"):
        truth = sum(
            fraction(getattr(each.snapshot, name)) * fraction(each.snapshot.settle_usd)
            for each in priced
        )
        assert fraction(getattr(found.usd, name)) == truth, name
    positions = [
        (position, fraction(each.snapshot.settle_usd))
        for each in priced
        for position in each.positions
    ]
    assert fraction(found.usd.realized_pnl) == sum(
        fraction(position.realized_pnl) * price for position, price in positions
    )
    assert fraction(found.usd.net_notional) == sum(notional(it) * price for it, price in positions)
    assert fraction(found.usd.gross_notional) == sum(
        abs(notional(it)) * price for it, price in positions
    )


@given(holdings())
def test_each_view_tells_the_same_sum(held: list[Holding]) -> None:
    found = portfolio(held, {})
    for name in ("equity", "margin_used", "unrealized_pnl", "gross_notional", "net_notional"):
        by_account = sum(fraction(getattr(each, name)) for each in found.accounts)
        by_settle = sum(fraction(getattr(each, name)) for each in found.settles)
        assert by_account == by_settle, name
    assert sum(fraction(each.equity_usd) for each in found.settles) == fraction(found.usd.equity)
    net = sum(fraction(each.net_notional_usd) for each in found.exposures)
    assert net == fraction(found.usd.net_notional)
    gross = sum(fraction(each.gross_notional_usd) for each in found.exposures)
    assert gross == fraction(found.usd.gross_notional)
    apart = {each.settle: fraction(each.equity) for each in found.unpriced}
    assert apart == {
        each.settle: fraction(each.equity) for each in found.settles if each.price_usd is None
    }
    quantities = sum(
        abs(fraction(position.quantity)) for each in held for position in each.positions
    )
    assert sum(fraction(each.gross_quantity) for each in found.exposures) == quantities


@given(amounts())
def test_an_amount_is_read_as_it_stands(text: str) -> None:
    found = number(text)
    assert found is not None
    assert Fraction(found) == Fraction(text)
