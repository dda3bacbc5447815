"""Sums over any accounts: exact as whole numbers are, and the same in whatever order they come."""

from __future__ import annotations

import random
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from actors.cache.portfolio import Holding, InstrumentKey, number, portfolio
from actors.messages.account import AccountSnapshot, Position
from actors.messages.market import Instrument

SETTLES = (("USD", "1"), ("EUR", "1.0837465"), ("BTC", None))
VENUES = {"extended": (("USD", "1"),), "lighter": (("USDC", "1"), ("USDC", None))}
"""What the accounts of a venue settle in, and what it says that is worth."""
SYMBOLS = {"extended": ("ETH-USD", "BTC-USD", "NEW-USD"), "lighter": ("ETH", "BTC", "NEW")}


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


def listed(venue: str, symbol: str, base: str, contract_size: str) -> Instrument:
    return Instrument(
        venue=venue,
        product="linear",
        symbol=symbol,
        base=base,
        quote="USD",
        settle="USD",
        unified=f"{base}/USDC:USDC",
        tick_size="1",
        lot_size="1",
        contract_size=contract_size,
    )


@st.composite
def directories(draw: st.DrawFn) -> dict[InstrumentKey, Instrument]:
    """What both venues list: all markets but the new ones, as far as their lists have come."""
    found = {}
    for venue, symbols in SYMBOLS.items():
        for symbol in draw(st.sampled_from([symbols[:2], ()])):
            size = draw(st.sampled_from(["1", "0.001", "1000"]))
            base = symbol.removesuffix("-USD")
            found[venue, "linear", symbol] = listed(venue, symbol, base, size)
    return found


@st.composite
def two_venues(draw: st.DrawFn) -> list[Holding]:
    """Accounts 1 and 2 of either venue, each with a position in any of its markets."""
    made = []
    for venue, settles in VENUES.items():
        for account in ("1", "2"):
            settle, price = draw(st.sampled_from(settles))
            snapshot = AccountSnapshot(
                venue=venue,
                account=account,
                equity=draw(amounts()),
                wallet_balance=draw(amounts()),
                settle=settle,
                settle_usd=price,
                received_ns=1,
                via="websocket",
            )
            positions = [
                Position(
                    venue=venue,
                    account=account,
                    position_id=symbol,
                    symbol=symbol,
                    product="linear",
                    side=draw(st.sampled_from(["long", "short"])),
                    quantity=draw(amounts()),
                    notional=draw(amounts()),
                    received_ns=1,
                    via="websocket",
                )
                for symbol in draw(st.sets(st.sampled_from(SYMBOLS[venue])))
            ]
            made.append(Holding(snapshot, positions))
    return made


@given(two_venues(), directories(), st.randoms())
def test_exposure_meets_over_venues_by_what_they_list_and_by_nothing_else(
    held: list[Holding], known: dict[InstrumentKey, Instrument], chance: random.Random
) -> None:
    found = portfolio(held, known)
    assert portfolio(chance.sample(held, len(held)), known) == found
    quantities: dict[str, Fraction] = {}
    notionals: dict[str, Fraction] = {}
    unlisted = set()
    for snapshot, positions in held:
        for each in positions:
            instrument = known.get((each.venue, each.product, each.symbol))
            base = f"{each.venue}:{each.symbol}" if instrument is None else instrument.base
            size = abs(fraction(each.quantity))
            if instrument is None:
                unlisted.add(f"{each.venue}:{each.account}:{each.symbol}")
            else:
                size *= fraction(instrument.contract_size)
            signed = -size if each.side == "short" else size
            quantities[base] = quantities.get(base, Fraction(0)) + signed
            usd = notional(each) * fraction(snapshot.settle_usd)
            notionals[base] = notionals.get(base, Fraction(0)) + usd
    shown = {row.base: row for row in found.exposures}
    assert len(shown) == len(found.exposures)
    assert {base: fraction(row.net_quantity) for base, row in shown.items()} == quantities
    assert {base: fraction(row.net_notional_usd) for base, row in shown.items()} == notionals
    assert {name for row in found.exposures for name in row.unlisted} == unlisted
    # Dollars and coins stand apart, and are one sum in USD as far as they have a price.
    by_settle = {(row.settle, row.price_usd): fraction(row.equity) for row in found.settles}
    truth: dict[tuple[str, str | None], Fraction] = {}
    for snapshot, _ in held:
        key = (snapshot.settle, snapshot.settle_usd)
        truth[key] = truth.get(key, Fraction(0)) + fraction(snapshot.equity)
    assert by_settle == truth
    priced = sum(equity for (_, price), equity in truth.items() if price is not None)
    assert fraction(found.usd.equity) == priced


@given(amounts())
def test_an_amount_is_read_as_it_stands(text: str) -> None:
    found = number(text)
    assert found is not None
    assert Fraction(found) == Fraction(text)
