"""Sums over periods, counted in steps and kept, against one naive reading of all fills."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fed_history import FedReader, funding_item, trade_item
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.clock import FakeClock
from actors.sinks.contract import TradeItem
from web.history_gate import Gate
from web.performance import (
    ALL,
    COUNT_S_MAX,
    DAY_US,
    KEPT_S,
    PERIODS_US,
    Deadline,
    Held,
    Performance,
)

MARKETS = ("A", "B")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """(age in us, fields) of fills, and of payments where `amount` stands."""
    ages = st.integers(0, 45 * DAY_US) | st.sampled_from([0, DAY_US, 7 * DAY_US, 30 * DAY_US])
    fills = st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(MARKETS),
            "side": st.sampled_from(["buy", "sell"]),
            "price": st.integers(1, 10_000).map(lambda cents: str(Decimal(cents).scaleb(-2))),
            "quantity": st.integers(1, 40).map(lambda tenths: str(Decimal(tenths).scaleb(-1))),
            "fee": st.integers(-5, 5).map(str),
        }
    )
    payments = st.fixed_dictionaries({"amount": st.integers(-9, 9).map(str)})
    return draw(st.lists(st.tuples(ages, fills | payments), max_size=30))


def naive(fills: list[TradeItem], opening: dict[str, Fraction], from_us: int) -> dict[str, Any]:
    """Trades, volume, fees, and per closing what was realised (None: nobody knows)."""
    held = dict(opening)
    average: dict[str, Fraction | None] = dict.fromkeys(opening)
    volume = fees = Fraction(0)
    trades = 0
    closings: list[Fraction | None] = []
    for fill in sorted(fills, key=lambda it: (it.at_us, it.fill_id)):
        price, size = Fraction(fill.price), Fraction(fill.quantity)
        quantity = size if fill.side == "buy" else -size
        before = held.get(fill.symbol, Fraction(0))
        cost = average.get(fill.symbol, Fraction(0))
        after = before + quantity
        held[fill.symbol] = after
        told = fill.at_us >= from_us
        if before * quantity >= 0:
            known = before == 0 or cost is not None
            whole = abs(before) * (cost or 0) + size * price
            average[fill.symbol] = whole / abs(after) if known else None
        else:
            part = min(abs(before), size)
            sign = 1 if before > 0 else -1
            if told:
                closings.append(None if cost is None else (price - cost) * part * sign)
            if before * after < 0:
                average[fill.symbol] = price
        if told:
            trades += 1
            volume += price * size
            fees += Fraction(fill.fee or 0)
    return {"trades": trades, "volume": volume, "fees": fees, "closings": closings}


@settings(deadline=None)
@given(
    histories(),
    st.integers(1, 9),
    st.lists(st.sampled_from([KEPT_S + 1, 3 * 86_400, COUNT_S_MAX + 1, 1]), max_size=3),
    st.dictionaries(st.sampled_from(MARKETS), st.integers(-3, 3).filter(bool)),
)
def test_counting_in_steps_is_counting_at_once(
    history: list[tuple[int, dict[str, Any]]],
    page_rows: int,
    waits_s: list[int],
    opening: dict[str, int],
) -> None:
    clock = FakeClock()
    reader = FedReader(page_rows)
    now_us = clock.wall_ns() // 1000
    for number, (age_us, fields) in enumerate(history):
        if "amount" in fields:
            reader.payments.append(funding_item(number, now_us - age_us, **fields))
        else:
            reader.fills.append(trade_item(number, now_us - age_us, **fields))
    before = {symbol: Fraction(quantity) for symbol, quantity in opening.items()}
    net = dict(before)
    for fill in reader.fills:
        sign = 1 if fill.side == "buy" else -1
        net[fill.symbol] = net.get(fill.symbol, Fraction(0)) + sign * Fraction(fill.quantity)
    quantities = {
        ("linear", symbol): Decimal(total.numerator) / Decimal(total.denominator)
        for symbol, total in net.items()
    }

    async def pause(seconds: float) -> None:
        assert seconds > 0

    async def count() -> None:
        performance = Performance(reader, Gate(), clock, pause)
        for wait_s in [0, *waits_s]:
            clock.advance(float(wait_s))
            counted = await performance.counted(
                "extended", "1", lambda: Held(quantities, (), {}), Deadline(clock, 1e6)
            )
            for name in (*PERIODS_US, ALL):
                from_us = 0 if name == ALL else counted.at_us - PERIODS_US[name]
                check(reader, naive(reader.fills, before, from_us), counted.totals[name], from_us)

    asyncio.run(count())


def check(reader: FedReader, expected: dict[str, Any], totals: Any, from_us: int) -> None:
    figures = totals.figures("USD")
    assert figures.trades == expected["trades"]
    assert Fraction(figures.volume) == expected["volume"]
    assert Fraction(figures.fees) == expected["fees"]
    paid = [Fraction(it.amount) for it in reader.payments if it.at_us >= from_us]
    assert Fraction(figures.funding) == sum(paid, Fraction(0))
    closings = expected["closings"]
    if None in closings:
        assert (figures.realized_pnl, figures.wins, figures.pnl) == (None, None, None)
        return
    bound = Fraction(len(reader.fills) + 1, 10**18)
    realized = sum(closings, Fraction(0))
    assert abs(Fraction(figures.realized_pnl) - realized) <= bound * (len(closings) + 1)
    assert figures.closing_trades == len(closings)
    assert figures.wins == sum(each > 0 for each in closings)
    assert figures.losses == sum(each < 0 for each in closings)
