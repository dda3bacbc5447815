"""Frames of the simulated Lighter have the shape of what was recorded of it, key by key.

Of each kind: every key of ours was recorded or documented (or stands in `extra`), and every
recorded key is ours (or stands in `absent`, with its reason). JSON types agree. Maps by market or
asset are laid over each other. Of spot markets nothing is compared: this world has none.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from simulated_lighter import HourClock, Running, simulated

from actors.simulator.exchange import Exchange
from actors.simulator.matching import BUY
from actors.simulator.orders import IOC, OrderRequest

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("VENUE_CORPUS") or ROOT.parent / "shared" / "venues")
MESSAGES = CORPUS / "lighter" / "messages"
DEADLINE_S = 30.0
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages of Lighter at {MESSAGES}"
    ),
]

MAKER_FEE = "maker_fee"
"""Nothing in this world, and what is zero is omitted."""

OWN_TRADE = {"ask_account_pnl", "bid_account_pnl"}
"""Documented of rows for the account itself (PROTOCOL 2.5), in no recorded example."""

SIGN_CHANGED = {"taker_position_sign_changed", "maker_position_sign_changed"}
"""Only in rows of such trades."""


class Kind(NamedTuple):
    """A channel, the frames to wait for, and the recorded files of such frames."""

    channel: str
    words: tuple[str, ...]
    files: tuple[str, ...]
    absent: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()


def under(prefix: str, names: set[str]) -> frozenset[str]:
    return frozenset(f"{prefix}.{name}" for name in names)


BOTH = ("subscribed", "update")
KINDS = [
    Kind(
        "order_book/0", BOTH, ("ws-orderbook-snapshot-nt.json", "ws-orderbook-update-nt.json")
    ),
    Kind("ticker/0", BOTH, ("ws-ticker-snapshot-nt.json", "ws-ticker-update-nt.json")),
    Kind(
        "trade/0",
        BOTH,
        ("ws-trade-snapshot-nt.json", "ws-trade-update-nt.json", "ws-trade-update-doc.json"),
        absent=under("trades[]", {MAKER_FEE}),
        extra=under("trades[]", SIGN_CHANGED),
    ),
    Kind(
        "market_stats/0",
        BOTH,
        ("ws-market-stats-snapshot-nt.json", "ws-market-stats-update-doc.json"),
    ),
    Kind(
        "market_stats/all",
        BOTH,
        ("ws-market-stats-update-all-nt.json",),
        # Newer than that example; the captured frame of one market has them.
        extra=under("market_stats.#", {"mid_price", "base_interest_rate"}),
    ),
    Kind("candle/0/1m", BOTH, ("ws-candle-snapshot-nt.json", "ws-candle-update-nt.json")),
    Kind("height", BOTH, ("ws-height-update-nt.json",)),
    Kind(
        "user_stats/7001",
        BOTH,
        ("ws-user-stats-snapshot-nt.json", "ws-user-stats-update-doc.json"),
    ),
    Kind(
        "account_all/7002",
        BOTH,
        (
            "ws-account-all-snapshot-jk.json",
            "ws-account-all-update-funding-jk.json",
            "ws-account-all-trades-update-nt.json",
            "ws-account-all-trades-update-ccxt.json",
            "ws-account-all-positions-update-nt.json",
            "ws-account-all-assets-snapshot-nt.json",
        ),
        absent=frozenset(
            {
                # Pools are not simulated.
                "shares.public_pool_index", "shares.shares_amount", "shares.entry_usdc",
                # Of the other channels whose rows are compared here too.
                "last_funding_round", "last_funding_discount", "timestamp",
                f"trades.#[].{MAKER_FEE}",
                # Of trades that the account made; this one only took.
                "trades.#[].maker_position_size_before", "trades.#[].maker_entry_quote_before",
                "trades.#[].maker_initial_margin_fraction_before",
            }
        ),
        extra=under("trades.#[]", OWN_TRADE | SIGN_CHANGED),
    ),
    Kind(
        "account_all_trades/7001",
        ("update",),
        ("ws-account-all-trades-update-nt.json", "ws-account-all-trades-update-ccxt.json"),
        absent=under("trades.#[]", {MAKER_FEE}),
        extra=under("trades.#[]", OWN_TRADE | SIGN_CHANGED),
    ),
    Kind(
        "account_all_positions/7002", BOTH, ("ws-account-all-positions-update-nt.json",)
    ),
    Kind(
        "account_all_assets/7001",
        BOTH,
        ("ws-account-all-assets-snapshot-nt.json", "ws-account-all-assets-update-doc.json"),
    ),
    Kind("account_orders/0/7001", BOTH, ("ws-account-orders-update-nt.json",)),
]  # fmt: skip


def recorded(name: str) -> Any:
    return json.loads((MESSAGES / name).read_text())


def shape(value: Any, at: str = "") -> dict[str, set[str]]:
    """Path → JSON types of all leaves; rows of lists and of maps by number lie over each other."""
    found: dict[str, set[str]] = {}
    if isinstance(value, dict):
        names = {key: "#" if key.isdigit() else key for key in value}
        children = [(f"{at}.{names[key]}" if at else names[key], one) for key, one in value.items()]
    elif isinstance(value, list):
        children = [(f"{at}[]", one) for one in value]
    else:
        word = {bool: "bool", int: "number", float: "number", str: "text"}.get(type(value), "null")
        return {at: {word}}
    for path, child in children:
        for name, types in shape(child, path).items():
            found.setdefault(name, set()).update(types)
    return found


def merged(documents: list[Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for document in documents:
        for name, types in shape(document).items():
            found.setdefault(name, set()).update(types)
    return found


def compare(kind: Kind, ours: dict[str, set[str]], theirs: dict[str, set[str]]) -> None:
    assert set(theirs) - set(ours) - kind.absent == set(), "recorded, but not ours"
    # An empty or absent whole has no keys to compare; that it is null is one of its shapes.
    extra = {name for name in set(ours) - set(theirs) - kind.extra if ours[name] != {"null"}}
    assert extra == set(), "ours, but never recorded"
    for name in set(ours) & set(theirs):
        alike = (ours[name] | {"null"}) >= theirs[name] or (theirs[name] | {"null"}) >= ours[name]
        assert alike, (name, ours[name], theirs[name])


def holding(exchange: Exchange) -> None:
    """The first account makes and takes fast, the second holds one position for good."""
    exchange.set_fill_rate(exchange.accounts[7001], 10, [])
    holder = exchange.accounts[7002]
    exchange.set_script(holder, running=False)
    order = OrderRequest(market="ETH", side=BUY, lots=100, type="MARKET", time_in_force=IOC)
    exchange.place(holder, order)


@pytest.fixture
async def venue() -> AsyncIterator[Running]:
    """A world of one market, in which everything happens there; funding was just paid."""
    async with simulated(
        clock=HourClock(), lived_s=30, markets=("ETH",), prepare=holding
    ) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.channel)
async def test_frames_have_the_recorded_shapes(venue: Running, kind: Kind) -> None:
    theirs = merged([recorded(name) for name in kind.files])
    documents: list[Any] = []
    problem: AssertionError | None = AssertionError("no frame came")
    async with venue.talk() as talk:
        name = "2" if kind.channel.endswith("/7002") else "1"
        await talk.subscribe(kind.channel, venue.token(name))
        try:
            async with asyncio.timeout(DEADLINE_S):
                while problem is not None:
                    document = json.loads(await talk.socket.recv())
                    word, _, channel = document["type"].partition("/")
                    if channel != kind.channel.partition("/")[0] or word not in kind.words:
                        continue
                    documents.append(document)
                    try:
                        compare(kind, merged(documents), theirs)
                    except AssertionError as found:
                        # Optional keys come with the rows that have them.
                        problem = found
                    else:
                        problem = None
        except TimeoutError:
            raise AssertionError(f"after {len(documents)} frames") from problem


async def test_control_frames_have_the_recorded_shapes(venue: Running) -> None:
    lines = (MESSAGES / "ws-control-frames-ccxt.jsonl").read_text().splitlines()
    connected, ping, unsubscribed, already, not_yet, invalid = [json.loads(it) for it in lines[:6]]
    refused = json.loads((MESSAGES / "ws-error-auth-required.jsonl").read_text().splitlines()[0])
    url = venue.at.ws_url
    async with venue.session.ws_connect(url) as socket:
        assert shape(json.loads(await socket.receive_str())) == shape(connected)
    async with venue.talk() as talk:
        for order, answer in (
            ({"type": "unsubscribe", "channel": "order_book/0"}, not_yet),
            ({"type": "subscribe", "channel": "order_book/x"}, invalid),
            ({"type": "subscribe", "channel": "account_all_orders/7001"}, refused),
        ):
            await talk.say(**order)
            expected = answer["error"]["message"].replace("orders:0", "orders:7001")
            assert await talk.refusal() == (answer["error"]["code"], expected)
        await talk.subscribe("market_stats/all")
        await talk.subscribe("market_stats/all")
        assert await talk.refusal() == (already["error"]["code"], already["error"]["message"])
        await talk.subscribe("order_book/0")
        await talk.say(type="unsubscribe", channel="order_book/0")
        assert await talk.next("unsubscribed") == unsubscribed
        assert ping == {"type": "ping"}
