"""What the simulated Lighter answers has the shape of what was recorded of it, key by key.

Of each kind: every key of ours was recorded or documented (or stands in `extra`), and every
recorded key is ours (or stands in `absent`, with its reason). JSON types agree.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import pytest
from lighter_desk import HOUR_NS, START_NS, Desk, lighter_world

from actors.simulator.matching import BUY
from actors.simulator.orders import OrderRequest

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS") or ROOT.parent / "shared" / "venues")
MESSAGES = CORPUS / "lighter" / "messages"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages of Lighter at {MESSAGES}"
    ),
]

INDEX: Final = 7_001
START: Final = START_NS // HOUR_NS * HOUR_NS - 20 * 10**9
NOW_MS: Final = START // 10**6
PERIOD: Final = {"start_timestamp": NOW_MS - 7_200_000, "end_timestamp": NOW_MS, "count_back": 9}

# Fixtures of one adapter quote integers at random; only these two of its files were captured.
QUOTED: Final = "-jk.json"
CAPTURED: Final = ("rest-exchangeStats-jk.json", "rest-orderBooks-jk.json")

SPELLED_OUT: Final = frozenset({"message"})
"""Null on the live wire: left out."""

POOLS: Final = ("pool_info", "shares", "pending_unlocks", "approved_integrators")
"""Nobody here has shares, unlocks or integrators, and no account is a pool."""

RISK: Final = frozenset(
    f"asset_details[].{name}"
    for name in (
        "global_supply_cap", "liquidation_fee", "liquidation_threshold", "loan_to_value",
        "price_decimals", "total_supplied", "user_supply_cap",
    )
)  # fmt: skip
"""In one documented example, not in the captured row."""


class Kind(NamedTuple):
    """Recorded files of one kind of answer, and how to ask for ours."""

    files: tuple[str, ...]
    path: str
    parameters: Mapping[str, Any] = MappingProxyType({})
    absent: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    absent_below: tuple[str, ...] = ()


OWN: Final = {"account_index": INDEX}
KINDS: Final = [
    Kind(("rest-status-ccxt.json",), "/"),
    Kind(
        ("rest-account-nt.json", "rest-account-jk.json", "rest-account-position-ccxt.json",
         "rest-account-ak.json"),
        "account",
        {"by": "index", "value": INDEX},
        absent=frozenset({"next_cursor", "accounts[].can_rfq_market_ids[]"}),
        absent_below=tuple(f"accounts[].{name}" for name in POOLS),
    ),
    Kind(
        ("rest-accountsByL1Address-jk.json",),
        "accountsByL1Address",
        {"l1_address": ""},
    ),
    Kind(
        ("rest-accountMetadata-jk.json",),
        "accountMetadata",
        {"by": "index", "value": INDEX},
        absent=frozenset({"next_cursor", "account_metadatas[].can_rfq_market_ids[]"}),
        extra=frozenset({"account_metadatas[].can_rfq_market_ids"}),
    ),
    Kind(("rest-apikeys-jk.json",), "apikeys", {**OWN, "api_key_index": 255}),
    Kind(("rest-nextNonce-nt.json",), "nextNonce", {**OWN, "api_key_index": 4}),
    Kind(("rest-accountLimits-ak.json", "rest-accountLimits-jk.json"), "accountLimits", OWN),
    Kind(
        ("rest-orders-nt.json", "rest-accountInactiveOrders-ak.json"),
        "accountInactiveOrders",
        {**OWN, "limit": 5},
    ),
    Kind(
        ("rest-orders-nt.json",),
        "accountActiveOrders",
        OWN,
        absent=frozenset({"next_cursor"}),
    ),
    Kind(
        ("rest-recentTrades-nt.json", "ws-account-all-trades-update-ccxt.json:trades.13",
         "ws-account-all-trades-update-nt.json:trades.0"),
        "trades",
        {**OWN, "limit": 100, "sort_by": "timestamp"},
        # The makers' fee of this account is zero, and zero is left out.
        absent=frozenset({"trades[].maker_fee"}),
        extra=frozenset(
            {"next_cursor", "trades[].ask_account_pnl", "trades[].bid_account_pnl",
             "trades[].maker_position_sign_changed"}
        ),
    ),
    Kind(
        ("rest-recentTrades-nt.json", "rest-recentTrades-ak.json",
         "ws-account-all-trades-update-ccxt.json:trades.13",
         "ws-account-all-trades-update-nt.json:trades.0"),
        "recentTrades",
        {"market_id": 0, "limit": 100},
        absent=frozenset({"trades[].maker_fee"}),
        extra=frozenset({"trades[].maker_position_sign_changed"}),
    ),
    Kind(("rest-pnl-jk.json", "rest-pnl-ak.json"), "pnl",
         {"by": "index", "value": INDEX, "resolution": "15m", **PERIOD}),
    Kind(
        ("rest-positionFunding-jk.json",),
        "positionFunding",
        {**OWN, "limit": 1},
        absent=frozenset({"next_cursor"}),
    ),
    Kind(("rest-orderBooks-nt.json", "rest-orderBooks-jk.json"), "orderBooks"),
    Kind(
        ("rest-orderBookDetails-perp-nt.json",),
        "orderBookDetails",
        {"filter": "all"},
    ),
    Kind(("rest-orderBookOrders-nt.json",), "orderBookOrders", {"market_id": 0, "limit": 9}),
    Kind(
        ("rest-candles-nt.json", "rest-candles-ak.json"),
        "candles",
        {"market_id": 0, "resolution": "1m", **PERIOD},
    ),
    Kind(("rest-fundings-nt.json",), "fundings", {"market_id": 0, "resolution": "1h", **PERIOD}),
    Kind(("rest-funding-rates-ak.json", "rest-funding-rates-jk.json"), "funding-rates"),
    Kind(("rest-exchangeStats-jk.json",), "exchangeStats"),
    Kind(
        ("rest-assetDetails-usdc-ccxt.json", "rest-assetDetails-jk.json"),
        "assetDetails",
        absent=RISK,
    ),
    Kind(("rest-announcement-jk.json",), "announcement"),
]  # fmt: skip


def shape(value: Any, at: str = "") -> dict[str, set[str]]:
    """Path → JSON types of all leaves; rows of a list are laid over each other."""
    if isinstance(value, dict):
        children = [(f"{at}.{key}" if at else key, child) for key, child in value.items()]
    elif isinstance(value, list):
        children = [(f"{at}[]", child) for child in value]
    else:
        word = {bool: "bool", int: "number", float: "number", str: "text"}.get(type(value), "null")
        return {at: {word}}
    found: dict[str, set[str]] = {}
    for path, child in children:
        for name, types in shape(child, path).items():
            found.setdefault(name, set()).update(types)
    return found


def recorded(name: str) -> dict[str, set[str]]:
    """A file's shape; after a colon, the place of rows of trades inside a frame."""
    file, _, place = name.partition(":")
    document = json.loads((MESSAGES / file).read_text())
    if place:
        for key in place.split("."):
            document = document[key]
        document = {"trades": document}
    return shape(document)


def merged(shapes: list[dict[str, set[str]]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in shapes:
        for name, types in one.items():
            found.setdefault(name, set()).update(types)
    return found


@pytest.fixture(scope="module")
def desk() -> Desk:
    """Some seconds after funding was paid, on a position among others that two accounts opened."""
    exchange = lighter_world(2, start_ns=START)
    first, second = exchange.accounts[INDEX], exchange.accounts[INDEX + 1]
    best = exchange.markets["ETH"].book.best(BUY)
    assert best is not None
    for account in (first, second):
        exchange.set_script(account, running=False)
    for account, lots in ((first, 8), (second, 4)):
        exchange.place(
            account,
            OrderRequest(market="ETH", side=BUY, lots=lots, type="MARKET", time_in_force="IOC"),
        )
    exchange.place(first, OrderRequest(market="ETH", side=BUY, lots=8, price=best - 9))
    exchange.step(START + 30 * 10**9)
    return Desk(exchange)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.path for kind in KINDS])
def test_an_answer_has_the_recorded_shape(kind: Kind, desk: Desk) -> None:
    account = desk.exchange.accounts[INDEX]
    parameters = dict(kind.parameters)
    if "l1_address" in parameters:
        parameters["l1_address"] = f"0x{account.l2_key[2:42]}"
    ours = shape(desk.get(kind.path, account.api_key, **parameters))
    theirs = merged([recorded(name) for name in kind.files])
    typed = merged(
        [recorded(name) for name in kind.files if not name.endswith(QUOTED) or name in CAPTURED]
    )
    below = tuple(f"{name}{mark}" for name in kind.absent_below for mark in (".", "[", ""))
    missing = {
        name for name in set(theirs) - set(ours) - kind.absent - SPELLED_OUT
        if not (below and name.startswith(below))
    }  # fmt: skip
    assert missing == set(), "recorded, but not ours"
    assert set(ours) - set(theirs) - kind.extra == set(), "ours, but never recorded"
    for name in set(ours) & set(typed):
        alike = (ours[name] | {"null"}) >= typed[name] or (typed[name] | {"null"}) >= ours[name]
        assert alike, (name, ours[name], typed[name])


def test_refusals_have_the_recorded_shape(desk: Desk) -> None:
    lines = (MESSAGES / "rest-error-bodies.jsonl").read_text().splitlines()
    theirs = [shape(json.loads(line)) for line in lines]
    status, code, detail = desk.refused("account", by="index", value=1)
    assert status == 400
    assert theirs == [shape({"code": int(code), "message": detail})] * len(lines)
