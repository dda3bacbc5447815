"""The account's snapshot is put together from two sources, each with its own clock."""

from __future__ import annotations

from account_world import MS, snapshot

from actors.account_figures import CONFIRMED_AGAIN_NS, Figures
from actors.messages.account import Balance
from actors.venues.contract import AssetBalances

S = 1_000_000_000


def shares(total: str, at_ms: int = 0, as_of_ns: int = 0) -> AssetBalances:
    items = (Balance(asset="XVS", total=total, as_of_ns=as_of_ns),)
    return AssetBalances(account="1", items=items, venue_time_ns=at_ms * MS, received_ns=1)


def test_a_balance_without_a_time_counts_as_of_the_moment_it_was_asked_for() -> None:
    figures = Figures()
    assert figures.news(snapshot("10", 100, "websocket"), 10 * S)
    assert not figures.news(snapshot("0", 0), 9 * S)
    assert figures.news(snapshot("0", 0), 11 * S)


def test_other_assets_join_the_snapshot() -> None:
    figures = Figures()
    assert figures.assets(shares("5"), S) == []
    [told] = figures.news(snapshot("10", 100), S)
    assert told.balances == shares("5").items
    [told] = figures.assets(shares("6"), 2 * S)
    assert told.balances[0].total == "6"
    assert figures.assets(shares("6"), 3 * S) == []


def test_an_answer_that_was_asked_for_earlier_does_not_undo_the_stream() -> None:
    figures = Figures()
    figures.news(snapshot("10", 100), S)
    assert figures.assets(shares("7", 300), 10 * S)
    assert figures.assets(shares("5", 200), 9 * S) == []
    assert figures.assets(shares("5", 200), 10 * S) == []
    assert figures.current is not None
    assert figures.current.balances[0].total == "7"


def test_an_asset_that_is_no_longer_listed_is_gone() -> None:
    figures = Figures()
    figures.news(snapshot("10", 100), S)
    figures.assets(shares("7", 300), 10 * S)
    [told] = figures.assets(AssetBalances(account="1", items=(), received_ns=1), 70 * S)
    assert told.balances == ()


def test_that_an_asset_is_still_so_is_told_seldom_and_its_time_says_how_old_the_word_is() -> None:
    figures = Figures()
    figures.news(snapshot("10", 100), S)
    figures.assets(shares("7", 300, as_of_ns=5), 10 * S)
    last_ns = 4 + CONFIRMED_AGAIN_NS
    assert figures.assets(shares("7", 300, as_of_ns=last_ns), 70 * S) == []
    assert figures.current is not None
    assert figures.current.balances[0].as_of_ns == 5
    [told] = figures.assets(shares("7", 300, as_of_ns=last_ns + 1), 71 * S)
    assert told.balances[0].as_of_ns == last_ns + 1
    [told] = figures.assets(shares("8", 400, as_of_ns=last_ns + 2), 72 * S)
    assert (told.balances[0].total, told.balances[0].as_of_ns) == ("8", last_ns + 2)
