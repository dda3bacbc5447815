"""Which market a name means."""

from __future__ import annotations

from typing import Any

import pytest
from extended_frames import NOW_NS, answer, market

from actors.messages.market import InstrumentList
from actors.venues.extended.requests import Requests
from actors.venues.extended.venue import EXTENDED
from actors.venues.symbols import AmbiguousSymbol, Symbols, UnknownSymbol

MARKETS = [
    market("BTC-USD", "BTC"),
    market("ETH-USD", "ETH"),
    market("NVDA_24_5-USD", "NVDA"),
    market("GOLD-USD", "XAU"),
    market("OLD-USD", "OLD", status="DELISTED", active=False),
    market("PEPE-USD", "PEPE"),
    market("kPEPE-USD", "PEPE"),
    market("BTC-SPOT", "BTC", type="SPOT"),
]


def listed(rows: list[dict[str, Any]]) -> InstrumentList:
    return Requests("https://v").read_markets(200, {}, answer(rows), NOW_NS)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTC-USD", "BTC-USD"),
        ("btc-usd", "BTC-USD"),
        ("BTC-PERP", "BTC-USD"),
        ("eth-perp", "ETH-USD"),
        ("ETH/USDC:USDC", "ETH-USD"),
        ("NVDA-PERP", "NVDA_24_5-USD"),
        ("NVDA_24_5-PERP", "NVDA_24_5-USD"),
        ("XAU-PERP", "GOLD-USD"),
        ("GOLD-PERP", "GOLD-USD"),
        ("kPEPE-USD", "kPEPE-USD"),
    ],
)
def test_names_aliases_and_unified_symbols(name: str, symbol: str) -> None:
    assert Symbols(listed(MARKETS)).resolve(name).symbol == symbol


@pytest.mark.parametrize("name", ["PEPE-PERP", "PEPE/USDC:USDC"])
def test_a_name_that_several_answer_to_is_ambiguous(name: str) -> None:
    with pytest.raises(AmbiguousSymbol, match="PEPE-USD, kPEPE-USD") as caught:
        Symbols(listed(MARKETS)).resolve(name)
    assert caught.value.candidates == ("PEPE-USD", "kPEPE-USD")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("BTCC-USD", "BTC-USD"), ("ETH-PREP", "ETH-USD"), ("BTC-SPOT", "BTC-USD")],
)
def test_an_unknown_name_is_never_guessed_but_hinted_at(name: str, nearest: str) -> None:
    with pytest.raises(UnknownSymbol, match=f"unknown market '{name}'; nearest: .*{nearest}"):
        Symbols(listed(MARKETS)).resolve(name)


@pytest.mark.parametrize("name", ["", "*", "☃", "x" * 100_000, "/etc/passwd"])
def test_nonsense_is_unknown(name: str) -> None:
    with pytest.raises(UnknownSymbol) as caught:
        Symbols(listed(MARKETS)).resolve(name)
    assert len(str(caught.value)) < 400


def test_all_stands_for_every_active_perpetual_once() -> None:
    found = EXTENDED.resolve(listed(MARKETS), ["eth-perp", " * ", "OLD-USD", "BTC-USD"])
    assert [item.symbol for item in found] == [
        "ETH-USD", "BTC-USD", "NVDA_24_5-USD", "GOLD-USD", "PEPE-USD", "kPEPE-USD", "OLD-USD"
    ]  # fmt: skip
    assert EXTENDED.resolve(listed([]), ["*"]) == []


def test_the_fallback_holds_only_where_no_market_has_that_asset() -> None:
    markets = listed([market("ABC-USD", "OTHER"), market("ODD-USD", "ABC")])
    assert Symbols(markets).resolve("ABC-PERP").symbol == "ODD-USD"
    assert Symbols(markets).resolve("OTHER-PERP").symbol == "ABC-USD"
