"""What the simulator says has the shape of what was recorded of the venue, key by key.

Of each kind: every key of ours was recorded or documented (or stands in `EXTRA`), and every
recorded key is ours (or stands in `ABSENT`, with its reason). JSON types agree.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from actors.runtime.clock import SystemClock
from actors.simulator.actor import account_specs
from actors.simulator.exchange import Exchange
from actors.simulator.orders import OrderRequest
from actors.simulator.server import Addresses, SimulatorServer

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("VENUE_CORPUS") or ROOT.parent / "shared" / "venues")
MESSAGES = CORPUS / "extended" / "messages"
SEED = 13
HOLDER = "key-holder"
DEADLINE_S = 60.0
HOURS = "startTime=0&endTime=9000000000000"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages of Extended at {MESSAGES}"
    ),
]

TPSL = frozenset(
    f"{place}.{key}"
    for place in ("takeProfit", "stopLoss")
    for key in ("triggerPrice", "triggerPriceType", "price", "priceType", "starkExSignature")
)
"""Attached take-profit and stop-loss orders are not simulated."""

POSITION_TPSL = frozenset(
    {"tpTriggerPrice", "tpLimitPrice", "slTriggerPrice", "slLimitPrice", "adl", "maxPositionSize"}
)
"""Optional in live rows; `createdTime` and `updatedTime` are the documentation's spelling."""


class Kind(NamedTuple):
    """Recorded files of one kind of answer or frame, and where its rows are in ours."""

    files: tuple[str, ...]
    path: str
    at: str = "data"
    absent: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()


def under(prefix: str, names: frozenset[str] | set[str]) -> frozenset[str]:
    return frozenset(f"{prefix}{name}" for name in names)


TRIGGER_STREAM = {"trigger.direction"}
ORDER_EXTRA = {"statusReason", "cancelledQty", "timeInForce"}
"""Documented order fields (2.5) that the printed examples happen not to have."""

REST = [
    Kind(("rest-info-markets-BTC-captured2026.json",), "/info/markets?market=BTC-USD"),
    Kind(("rest-market-stats-doc.json",), "/info/markets/ETH-USD/stats"),
    Kind(("rest-market-orderbook-doc.json",), "/info/markets/BTC-USD/orderbook"),
    Kind(("rest-market-trades-doc.json",), "/info/markets/BTC-USD/trades"),
    Kind(("rest-candles-doc.json",), "/info/candles/BTC-USD/trades?interval=PT1M&limit=5"),
    Kind(("rest-funding-rates-doc.json",), f"/info/BTC-USD/funding?{HOURS}"),
    Kind(("rest-open-interests-doc.json",), f"/info/BTC-USD/open-interests?interval=P1D&{HOURS}"),
    Kind(("rest-assets-ccxt2026.json",), "/info/assets"),
    Kind(
        ("rest-account-info-doc.json", "rest-account-info-accounts-ccxt2026.jsonl:0"),
        "/user/account/info",
    ),
    Kind(("rest-account-info-accounts-ccxt2026.jsonl:1",), "/user/accounts"),
    Kind(("rest-balance-doc.json", "rest-balance-fixture2026.json"), "/user/balance"),
    Kind(("rest-spot-balances-ccxt2026.json",), "/user/spot/balances"),
    Kind(
        ("rest-positions-ccxt2026.json", "rest-positions-doc.json"),
        "/user/positions",
        absent=under("data[].", {*POSITION_TPSL, "createdTime", "updatedTime"}),
    ),
    Kind(
        ("rest-positions-history-ccxt2026.json", "rest-positions-history-doc.json"),
        "/user/positions/history?limit=50",
    ),
    Kind(
        ("rest-open-orders-doc.json",),
        "/user/orders",
        absent=under("data[].", TPSL),
        extra=under("data[].", ORDER_EXTRA),
    ),
    Kind(
        ("rest-orders-history-doc.json",),
        "/user/orders/history?limit=50",
        absent=under("data[].", {*TPSL, "tpslType"}),
        extra=under("data[].", ORDER_EXTRA),
    ),
    Kind(("rest-user-trades-doc.json",), "/user/trades?limit=50"),
    Kind(("rest-fees-leverage-rebates-doc.jsonl:0",), "/user/fees"),
    Kind(("rest-fees-leverage-rebates-doc.jsonl:1",), "/user/leverage"),
    Kind(("rest-fees-leverage-rebates-doc.jsonl:2",), "/user/rebates/stats"),
    Kind(("rest-rewards-earned-doc.json",), "/user/rewards/earned"),
    Kind(("rest-rewards-leaderboard-stats-doc.json",), "/user/rewards/leaderboard/stats"),
    Kind(("rest-user-funding-history-doc.json",), "/user/funding/history?fromTime=0"),
    Kind(
        ("rest-asset-operations-doc.json",),
        "/user/assetOperations",
        absent=frozenset({"data[].counterpartyAccountId", "pagination.cursor"}),
    ),
    Kind(("rest-error-doc.jsonl:0", "rest-error-doc.jsonl:1"), "/info/markets/NOPE-USD/stats"),
]

STREAMS = [
    Kind(
        (
            "ws1-orderbook-BTC-captured2026.jsonl:0",
            "ws1-orderbook-BTC-captured2026.jsonl:1",
            "ws1-orderbook-NVDA-sequence-captured2026.jsonl:0",
            "ws1-orderbook-NVDA-sequence-captured2026.jsonl:1",
        ),
        "/orderbooks/BTC-USD",
    ),
    Kind(("ws1-orderbook-depth1-captured2026.jsonl:0",), "/orderbooks/BTC-USD?depth=1"),
    Kind(("ws1-orderbook-rfq-empty-captured2026.json",), "/orderbooks/rfq/BTC-USD"),
    Kind(("ws1-publicTrades-captured2026.jsonl:0",), "/publicTrades/BTC-USD"),
    Kind(("ws1-mark-price-captured2026.jsonl:0",), "/prices/mark/BTC-USD"),
    Kind(
        ("ws1-mark-index-price-doc.jsonl:1",),
        "/prices/index/BTC-USD",
        absent=frozenset({"sourceEventId"}),
    ),
    Kind(("ws1-funding-doc.json",), "/funding"),
    Kind(("ws1-candles-doc.jsonl:0",), "/candles/BTC-USD/trades?interval=PT1M"),
    Kind(("ws1-candles-doc.jsonl:1",), "/candles/BTC-USD/mark-prices?interval=PT1M"),
]

BALANCE_2026 = {
    "status", "spotEquity", "spotEquityForAvailableForTrade", "collateralReservedForSpotOrders",
    "accountHealth",
}  # fmt: skip
"""In the REST row of 2026, newer than the stream's printed example."""

ACCOUNT = {
    "orders": Kind(
        ("ws1-account-order-doc.json",),
        "orders",
        absent=under("", {*TPSL, "tpSlType"}),
        extra=under("", ORDER_EXTRA),
    ),
    "trades": Kind(("ws1-account-trade-doc.json", "ws1-account-trade-sdktest.json"), "trades"),
    "positions": Kind(
        ("ws1-account-position-doc.json",),
        "positions",
        absent=POSITION_TPSL,
        extra=frozenset({"status", "midPriceUnrealisedPnl"}),
    ),
    "balance": Kind(("ws1-account-balance-doc.json",), "balance", extra=frozenset(BALANCE_2026)),
    "spotBalances": Kind(
        ("ws1-account-balance-spot-ccxt.json", "rest-spot-balances-ccxt2026.json"), "spotBalances"
    ),
}


def recorded(name: str) -> Any:
    file, _, line = name.partition(":")
    text = (MESSAGES / file).read_text()
    return json.loads(text.splitlines()[int(line)] if line else text)


def shape(value: Any, at: str = "") -> dict[str, set[str]]:
    """Path → JSON types of all leaves; rows of a list are laid over each other."""
    found: dict[str, set[str]] = {}
    if isinstance(value, dict):
        children = [(f"{at}.{key}" if at else key, child) for key, child in value.items()]
    elif isinstance(value, list):
        children = [(f"{at}[]", child) for child in value]
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


QUOTED_IDS = {"id", "accountId", "cursor", "l2Vault"}
"""A recorder quoted big ids; the vault is a number in the documents and a text live."""


def compare(kind: Kind, ours: dict[str, set[str]], theirs: dict[str, set[str]]) -> None:
    assert ours
    assert set(theirs) - set(ours) - kind.absent == set(), "recorded, but not ours"
    assert set(ours) - set(theirs) - kind.extra == set(), "ours, but never recorded"
    for name in set(ours) & set(theirs):
        if name.split(".")[-1] in QUOTED_IDS:
            continue
        alike = (ours[name] | {"null"}) >= theirs[name] or (theirs[name] | {"null"}) >= ours[name]
        assert alike, (name, ours[name], theirs[name])


class Running(NamedTuple):
    server: SimulatorServer
    at: Addresses
    session: aiohttp.ClientSession


@asynccontextmanager
async def simulated(lived_s: int) -> AsyncIterator[Running]:
    """A venue that began `lived_s` ago; its second account has held one position since."""
    print("seed", SEED)
    clock = SystemClock()
    specs = account_specs(
        [{"name": "1", "api_key": "key"}, {"name": "2", "api_key": HOLDER, "scripted": False}],
        SEED,
    )
    start_ns = clock.wall_ns() - lived_s * 10**9
    exchange = Exchange(seed=SEED, accounts=specs, start_ns=start_ns)
    order = OrderRequest(market="BTC-USD", side=1, lots=100, type="MARKET", time_in_force="IOC")
    exchange.place(exchange.accounts[100_002], order)
    exchange.step(clock.wall_ns())
    server = SimulatorServer(exchange, clock)
    at = await server.start()
    headers = {"User-Agent": "stranger", "X-Api-Key": "key"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Running(server, at, session)
    await server.stop()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with simulated(0) as venue:
        yield venue


@pytest.fixture
async def seasoned() -> AsyncIterator[Running]:
    """A venue that has seen an hour, and so has paid funding."""
    async with simulated(3_700) as venue:
        yield venue


async def test_rest_answers_have_the_recorded_shapes(seasoned: Running) -> None:
    pending = dict(enumerate(REST))
    ours: dict[int, list[Any]] = {number: [] for number in pending}
    problems: dict[str, AssertionError] = {}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_S
    async with asyncio.timeout(2 * DEADLINE_S):
        while pending and loop.time() < deadline:
            for number, kind in list(pending.items()):
                key = HOLDER if "funding/history" in kind.path else "key"
                url, headers = seasoned.at.base_url + kind.path, {"X-Api-Key": key}
                async with seasoned.session.get(url, headers=headers) as answer:
                    ours[number] = [*ours[number][-20:], await answer.json()]
                theirs = merged([recorded(name) for name in kind.files])
                try:
                    compare(kind, merged(ours[number]), theirs)
                except AssertionError as problem:
                    # Rows such as a partly filled conditional order come and go.
                    problems[kind.path] = problem
                else:
                    del pending[number]
                    problems.pop(kind.path, None)
            if pending and not any("/user/" in kind.path for kind in pending.values()):
                break
            await asyncio.sleep(0.2)
    assert not problems


@pytest.mark.parametrize("kind", STREAMS, ids=lambda kind: kind.path)
async def test_stream_frames_have_the_recorded_shapes(running: Running, kind: Kind) -> None:
    theirs = merged([recorded(name) for name in kind.files])
    documents: list[Any] = []
    async with (
        asyncio.timeout(75),
        running.session.ws_connect(running.at.ws_url + kind.path) as socket,
    ):
        while len(documents) < (30 if kind.path == "/orderbooks/BTC-USD" else 1):
            documents.append(json.loads((await socket.receive()).data))
    compare(kind, merged(documents), theirs)


async def test_account_frames_have_the_recorded_shapes(running: Running) -> None:
    """Rows of each section, over the minute in which each kind of order occurs."""
    rows: dict[str, list[Any]] = {section: [] for section in ACCOUNT}
    unknown = recorded("ws1-account-unknown-type-sdktest.json")
    envelopes, riddles = [], []
    pending = dict(ACCOUNT)
    problem: AssertionError | None = None
    async with (
        asyncio.timeout(DEADLINE_S),
        running.session.ws_connect(f"{running.at.ws_url}/account") as socket,
    ):
        while pending or not riddles:
            document = json.loads((await socket.receive()).data)
            envelopes.append({**document, "data": None})
            if document["data"] is None:
                riddles.append(document)
                continue
            for section, found in document["data"].items():
                if found:
                    rows[section] += found if isinstance(found, list) else [found]
            for section, kind in list(pending.items()):
                theirs = merged([_rows(recorded(name), section) for name in kind.files])
                try:
                    compare(kind, merged([{"": row} for row in rows[section]]), theirs)
                except AssertionError as found_problem:
                    problem = found_problem
                else:
                    del pending[section]
    assert not pending, problem
    assert merged(riddles) == dict(merged([unknown]).items())
    assert set(merged(envelopes)) == {"type", "data", "ts", "seq"}


def _rows(document: Any, section: str) -> Any:
    found = (
        document["data"].get(section) if isinstance(document["data"], dict) else document["data"]
    )
    rows = found if isinstance(found, list) else [found]
    return {"": rows[0]} if rows else {}
