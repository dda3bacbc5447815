"""What fills come to: positions by average cost, and what is named where a sum is not known."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from fed_history import trade_item

from actors.cache.portfolio import EXACT
from actors.sinks.average_cost import OpenPosition
from actors.sinks.contract import TradeItem
from actors.sinks.statistics import NAMES, Figures, Ledger, Totals, added, net_quantities

BTC = ("linear", "BTC-USD")


def totals(fills: list[TradeItem], opening: Any = None, sizes: Any = None) -> Totals:
    ledger = Ledger({} if opening is None else opening, sizes)
    found = Totals()
    for fill in fills:
        found.add(ledger.fill(fill))
    return found


def fills(*told: tuple[str, str, str], **more: Any) -> list[TradeItem]:
    """(side, quantity, price) each."""
    return [
        trade_item(number, number, side=side, quantity=quantity, price=price, **more)
        for number, (side, quantity, price) in enumerate(told)
    ]


def test_a_position_as_a_person_would_count_it() -> None:
    position = OpenPosition()
    with localcontext(EXACT):
        assert position.fill(Decimal(2), Decimal(100)) is None
        assert position.fill(Decimal(1), Decimal(130)) is None
        # Three cost 330: 110 each.
        half = position.fill(Decimal(-1), Decimal(120))
        assert half is not None
        assert half.realized == 10
        # Two close at 10 under their cost, the third opens a short at 100.
        turned = position.fill(Decimal(-3), Decimal(100))
        assert turned is not None
        assert turned.realized == -20
        assert (position.quantity, position.cost) == (-1, -100)
        closed = position.fill(Decimal(1), Decimal(95))
        assert closed is not None
        assert closed.realized == 5
        assert (position.quantity, position.cost) == (0, 0)
        assert position.fill(Decimal(0), Decimal(95)) is None


def test_a_third_is_not_lost() -> None:
    told = fills(("buy", "3", "0.1"), ("buy", "4", "0.2"), *[("sell", "1", "0.3")] * 7)
    found = totals(told)
    assert found.realized == Decimal("2.1") - Decimal("0.3") - Decimal("0.8")
    assert (found.closings, found.wins) == (7, 7)


def test_breaking_even_is_neither_won_nor_lost() -> None:
    told = fills(("buy", "3", "1"), ("buy", "4", "2"), *[("sell", "1", "1")] * 2)
    even = fills(("buy", "3", "10"), *[("sell", "1", "10")] * 3)
    assert (totals(told).wins, totals(told).losses) == (0, 2)
    assert (totals(even).wins, totals(even).losses, totals(even).closings) == (0, 0, 3)


@pytest.mark.parametrize("product", ["spot", "inverse"])
def test_other_products_have_volume_and_fees_but_no_realised_sum(product: str) -> None:
    figures = totals(fills(("buy", "1", "100"), product=product)).figures("USD")
    assert (figures.trades, figures.volume, figures.fees) == (1, "100", "0.1")
    assert figures.realized_pnl is None
    assert "BTC-USD" in figures.unknown["realized_pnl"]


def test_without_what_is_held_nothing_is_realised() -> None:
    ledger = Ledger(None)
    outcome = ledger.fill(fills(("buy", "1", "100"))[0])
    assert (outcome.closes, outcome.realized) == (True, None)


def test_fees_in_several_assets_are_no_sum() -> None:
    told = [
        *fills(("buy", "1", "100"), fee_asset="USD"),
        *fills(("buy", "1", "100"), fee_asset="BTC"),
    ]
    unknown = totals(told).figures("USD").unknown
    assert "BTC" in unknown["fees"]
    assert unknown["pnl"] == "fees is not known"
    assert totals(told[:1]).figures("USD").fees == "0.1"
    assert totals(told[1:]).figures("USD").fees is None


def test_a_fill_without_numbers_is_counted_and_named() -> None:
    told = fills(("buy", "x", "100"), ("buy", "1", "100"))
    figures = totals(told).figures("USD")
    assert (figures.trades, figures.volume) == (2, None)
    assert figures.unknown["volume"] == "1 trades have no price or quantity"
    assert net_quantities(told) == {BTC: Decimal(1)}


def test_sums_name_who_is_in_none() -> None:
    one = totals(fills(("buy", "1", "100"), ("sell", "1", "101"))).figures("USD")
    two = totals(fills(("sell", "1", "100")), {BTC: Decimal(5)}).figures("USD")
    members = {name: _plain(each) for name, each in (("a", one), ("b", two))}
    sums, unknown = added(members, NAMES)
    assert (sums["trades"], sums["volume"], sums["realized_pnl"]) == (3, "301", "1")
    assert sums["win_rate_percent"] == 100.0
    assert unknown["realized_pnl"] == ["b"]
    assert "trades" not in unknown


def _plain(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in NAMES}
