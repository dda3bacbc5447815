"""`/api/stats/…` over a real server: exact sums per period, and what is not known left open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest
from fed_history import FedReader, funding_item, snapshot_item, trade_item
from web_world import Served, World, serving

from actors.messages.account import Fill, Position
from actors.runtime.clock import FakeClock
from web import history_schemas
from web.performance import COUNT_S_MAX, DAY_US, KEPT_S
from web.periods import NO_FUNDING, NOTHING_STORED
from web.routes import stats

PERIODS = "/api/stats/periods"
SUMMARY = "/api/stats/summary"


class Stage:
    """A world on a fake clock, one account of which has figures; what it holds is set by hand."""

    def __init__(self, page_rows: int = 7) -> None:
        self.clock = FakeClock()
        self.reader = FedReader(page_rows)
        accounts = [{"venue": "extended", "name": "1", "label": "Main"}]
        self.world = World(self.clock, reader=self.reader, accounts=accounts)
        self.now_us = self.clock.wall_ns() // 1000
        self.pauses: list[float] = []
        self.world.service.history.periods.performance.pause = self._pause
        self.world.figures()

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.now_us = self.clock.wall_ns() // 1000

    def hold(self, quantity: str, side: str = "long") -> None:
        position = Position(
            venue="extended",
            account="1",
            position_id="BTC-USD",
            symbol="BTC-USD",
            product="linear",
            side=side,
            quantity=quantity,
            received_ns=self.clock.wall_ns(),
            via="websocket",
        )
        self.world.replica.feed("position", "account:extended:1", "positions:extended:1", position)

    def trade(
        self, number: int, age_us: int, side: str, quantity: str, price: str, **more: Any
    ) -> None:
        item = trade_item(
            number, self.now_us - age_us, side=side, quantity=quantity, price=price, **more
        )
        self.reader.fills.append(item)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def served(stage: Stage) -> AsyncIterator[Served]:
    async with serving(stage.world) as up:
        yield up
    assert stage.world.reported == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(
    http: aiohttp.ClientSession, served: Served, path: str, **query: Any
) -> tuple[int, Any]:
    async with http.get(served.url + path, params=query) as response:
        return response.status, await response.json(content_type=None)


async def periods(http: aiohttp.ClientSession, served: Served) -> dict[str, Any]:
    status, body = await get(http, served, PERIODS, account="1")
    assert status == 200
    assert msgspec.to_builtins(msgspec.convert(body, history_schemas.Periods)) == body
    [account] = body["accounts"]
    assert account["reason"] is None
    return {period["period"]: period for period in account["periods"]}


async def test_each_period_has_its_own_exact_sums(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.reader.snapshots = [
        snapshot_item(stage.now_us - 40 * DAY_US, "900"),
        snapshot_item(stage.now_us - 7 * DAY_US - 1, "950.5"),
        snapshot_item(stage.now_us - 1, "1000.25"),
    ]
    stage.trade(1, 35 * DAY_US, "buy", "2", "100")
    stage.trade(2, 20 * DAY_US, "sell", "0.5", "110")
    stage.trade(3, 3 * DAY_US, "sell", "0.5", "90.1", fee="-0.05")
    stage.trade(4, DAY_US // 2, "sell", "2", "101", notional="202.000")
    stage.reader.payments = [
        funding_item(1, stage.now_us - 8 * DAY_US, "1.5"),
        funding_item(2, stage.now_us - 2 * DAY_US, "-0.25"),
    ]
    stage.hold("1", "short")
    found = await periods(http, served)
    day, week, month, everything = (found[name] for name in ("24h", "7d", "30d", "all"))
    assert [each["trades"] for each in (day, week, month, everything)] == [1, 2, 3, 4]
    # Of the last fill only a half of 2 closed what was left; the other opened a short.
    assert [each["realized_pnl"] for each in found.values()] == ["1", "-3.95", "1.05", "1.05"]
    assert [each["fees"] for each in found.values()] == ["0.1", "0.05", "0.15", "0.25"]
    assert [each["funding"] for each in found.values()] == ["0", "-0.25", "1.25", "1.25"]
    assert [each["pnl"] for each in found.values()] == ["0.9", "-4.25", "2.15", "2.05"]
    assert [each["volume"] for each in found.values()] == [
        "202",
        "247.05",
        "302.05",
        "502.05",
    ]
    assert [(each["wins"], each["losses"]) for each in found.values()] == [
        (1, 0),
        (1, 1),
        (2, 1),
        (2, 1),
    ]
    assert [each["win_rate_percent"] for each in found.values()] == [100.0, 50.0, 66.67, 66.67]
    assert [each["complete"] for each in found.values()] == [True] * 4
    assert week["equity_change"] == "49.75"
    assert (week["equity_start"], week["equity_end"]) == ("950.5", "1000.25")
    assert everything["equity_change"] == "100.25"
    assert everything["from_us"] == stage.now_us - 40 * DAY_US
    assert everything["unknown"] == {}
    # Nothing was stored near the beginnings of these two.
    for period in (day, month):
        assert period["equity_change"] is None
        assert "beginning" in period["unknown"]["equity_change"]
        assert period["equity_since_us"] == stage.now_us - 40 * DAY_US


async def test_moments_in_reasons_are_words(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    begins_us = 1_790_000_000_000_000
    stage.clock.advance((begins_us - stage.now_us) / 10**6 + 3600)
    stage.reader.snapshots = [snapshot_item(begins_us)]
    found = await periods(http, served)
    why = found["24h"]["unknown"]["equity_change"]
    assert why == (
        "figures are stored since 2026-09-21T14:13:20Z only, after the period's beginning"
    )
    assert found["24h"]["equity_since_us"] == begins_us
    stage.later(2 * DAY_US / 10**6)
    found = await periods(http, served)
    assert found["24h"]["unknown"]["equity_change"] == (
        "no figures of the period's beginning; the last before it are of 2026-09-21T14:13:20Z"
    )


async def test_nothing_is_said_of_what_is_not_stored(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    found = await periods(http, served)
    for period in found.values():
        assert period["trades"] is None
        assert period["pnl"] is None
        assert period["unknown"]["trades"] == NOTHING_STORED
        assert period["complete"] is False
    stage.reader.snapshots = [snapshot_item(stage.now_us - DAY_US * 2)]
    stage.later(KEPT_S + 1)
    found = await periods(http, served)
    # It was watched, and there was no trade: that is a fact.
    assert found["24h"]["trades"] == 0
    assert (found["24h"]["volume"], found["24h"]["complete"]) == ("0", True)
    assert (found["24h"]["funding"], found["24h"]["win_rate_percent"]) == (None, None)
    assert found["24h"]["unknown"]["funding"] == NO_FUNDING
    assert (found["30d"]["trades"], found["30d"]["complete"]) == (0, False)
    assert found["30d"]["since_us"] == stage.reader.snapshots[0].at_us


async def test_what_was_open_before_the_first_fill_is_not_guessed(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    """3 were held when history began; nobody knows what they cost."""
    stage.trade(1, 5 * DAY_US, "sell", "1", "100")
    stage.trade(2, 4 * DAY_US, "buy", "1", "90")
    stage.trade(3, 3 * DAY_US, "sell", "3", "100")
    stage.trade(4, DAY_US // 2, "buy", "1", "100")
    stage.trade(5, DAY_US // 3, "sell", "1", "105")
    stage.hold("0")
    found = await periods(http, served)
    # Since it was flat three days ago, all is known.
    assert (found["24h"]["realized_pnl"], found["24h"]["wins"]) == ("5", 1)
    assert found["24h"]["pnl"] == "4.8"
    for name in ("7d", "30d", "all"):
        assert found[name]["realized_pnl"] is None
        assert found[name]["pnl"] is None
        assert found[name]["wins"] is None
        assert "BTC-USD" in found[name]["unknown"]["realized_pnl"]
        assert "pnl" in found[name]["unknown"]
        assert (found[name]["trades"], found[name]["fees"]) == (5, "0.5")


async def test_fills_that_the_store_has_not_yet_are_not_taken_for_older_positions(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.trade(1, DAY_US, "buy", "1", "100")
    stage.trade(2, 100, "sell", "0.5", "110")
    live = Fill(
        venue="extended",
        account="1",
        fill_id="000003",
        order_id="7",
        symbol="BTC-USD",
        product="linear",
        side="sell",
        price="120",
        quantity="0.25",
        liquidity="taker",
        venue_time_ns=stage.now_us * 1000,
        received_ns=stage.now_us * 1000,
        via="websocket",
    )
    stage.world.replica.feed("fill", "account:extended:1", "fills:extended:1", live)
    stage.hold("0.25")
    found = await periods(http, served)
    assert found["all"]["realized_pnl"] == "5"
    # Stored later: the next answer has it, and nothing is counted twice.
    stage.trade(3, 0, "sell", "0.25", "120")
    assert (await periods(http, served))["all"]["trades"] == 2
    stage.later(KEPT_S + 1)
    found = await periods(http, served)
    assert (found["all"]["trades"], found["all"]["realized_pnl"]) == (3, "10")


async def test_a_fill_that_is_seen_before_its_position_costs_no_figure(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.trade(1, DAY_US, "buy", "1", "100")
    stage.trade(2, 100, "sell", "1", "110")
    stage.hold("1")

    async def pause(seconds: float) -> None:
        assert seconds > 0
        stage.hold("0")

    stage.world.service.history.periods.performance.pause = pause
    assert (await periods(http, served))["all"]["realized_pnl"] == "10"


async def test_an_account_whose_holdings_never_settle_or_are_not_known(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.trade(1, DAY_US, "buy", "1", "100")
    turns = iter(range(100))

    async def pause(seconds: float) -> None:
        assert seconds > 0
        stage.hold(str(next(turns) + 5))

    stage.world.service.history.periods.performance.pause = pause
    found = await periods(http, served)
    assert (found["all"]["trades"], found["all"]["realized_pnl"]) == (1, None)


async def test_what_the_venue_did_not_tell_is_named(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.reader.snapshots = [snapshot_item(stage.now_us - 1)]
    stage.trade(1, 9 * DAY_US, "buy", "1", "100", fee="0.001", fee_asset="BTC")
    stage.trade(2, 2 * DAY_US, "buy", "1", "100", fee=None)
    stage.trade(3, 9, "sell", "2", "100", fee="0.1", fee_asset="USD")
    stage.trade(4, 8, "sell", "1", "100", product="spot", symbol="ETH/USD")
    stage.hold("0")
    found = await periods(http, served)
    assert found["24h"]["fees"] == "0.2"
    assert "told no fee for 1 trades" in found["7d"]["unknown"]["fees"]
    assert found["24h"]["realized_pnl"] is None
    assert "ETH/USD" in found["24h"]["unknown"]["wins"]
    stage.reader.fills = stage.reader.fills[:1]
    stage.hold("1")
    stage.later(COUNT_S_MAX + 1)
    found = await periods(http, served)
    assert found["all"]["unknown"]["fees"] == "paid in BTC, not in the settlement asset"


async def test_a_second_answer_reads_only_what_is_younger_than_the_longest_period(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    for number in range(60):
        side, price = ("buy", "100") if number % 2 == 0 else ("sell", str(100 + number))
        stage.trade(number, (61 - number) * DAY_US, side, "1", price)
    stage.hold("0")
    first = await periods(http, served)
    stage.later(KEPT_S + 1)
    stage.reader.rows_read = 0
    second = await periods(http, served)
    assert stage.reader.rows_read < 40
    same = [name for name in first["all"] if name != "to_us"]
    assert [first["all"][name] for name in same] == [second["all"][name] for name in same]
    # After an hour all is read again: what came late is in it.
    stage.trade(99, 50 * DAY_US, "buy", "0", "1")
    stage.later(COUNT_S_MAX + 1)
    assert (await periods(http, served))["all"]["trades"] == 61


async def test_a_count_that_runs_out_of_time_goes_on_with_the_next_answer(
    stage: Stage, served: Served, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(100):
        side = "buy" if number % 2 == 0 else "sell"
        stage.trade(number, (101 - number) * DAY_US, side, "1", str(100 + number))
    stage.hold("0")
    ask = stage.reader.trades

    async def slow(*whose: Any, **more: Any) -> Any:
        stage.clock.advance(1.0)
        return await ask(*whose, **more)

    monkeypatch.setattr(stage.reader, "trades", slow)
    answers = 0
    while answers < 20:
        answers += 1
        _, body = await get(http, served, PERIODS)
        [account] = body["accounts"]
        if account["reason"] is None:
            break
        assert account["reason"] == stats.STILL_COUNTING
        assert (account["counting"], account["periods"]) == (True, [])
        _, summary = await get(http, served, SUMMARY)
        assert [each["account"] for each in summary["missing"]] == ["1"]
        assert (summary["counting"], summary["as_of_us"]) == (["extended:1"], None)
        assert summary["complete"] is False
    assert answers > 1
    assert account["counting"] is False
    assert account["periods"][-1]["trades"] == 100
    assert account["periods"][-1]["realized_pnl"] == "50"


async def test_while_a_count_goes_on_the_last_one_is_told_with_its_time(
    stage: Stage, served: Served, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.reader.snapshots = [snapshot_item(stage.now_us - DAY_US)]
    stage.trade(1, 5, "buy", "1", "100")
    stage.hold("1")
    first = await periods(http, served)
    stage.later(COUNT_S_MAX + 1)
    ask = stage.reader.trades
    takes_s = [stats.ANSWER_S_MAX]

    async def slow(*whose: Any, **more: Any) -> Any:
        stage.clock.advance(takes_s[0])
        return await ask(*whose, **more)

    monkeypatch.setattr(stage.reader, "trades", slow)
    _, body = await get(http, served, PERIODS)
    [account] = body["accounts"]
    assert (account["counting"], account["reason"], account["settle"]) == (True, None, "USD")
    assert {period["period"]: period for period in account["periods"]} == first
    _, summary = await get(http, served, SUMMARY)
    assert (summary["missing"], summary["counting"]) == ([], ["extended:1"])
    assert summary["as_of_us"] == first["all"]["to_us"] < summary["at_us"]
    assert summary["periods"][-1]["settles"][0]["trades"] == 1
    assert summary["complete"] is False
    takes_s[0] = 0.0
    _, body = await get(http, served, PERIODS)
    assert body["accounts"][0]["counting"] is False
    assert body["accounts"][0]["periods"][-1]["to_us"] > first["all"]["to_us"]


async def test_where_time_is_short_each_account_has_its_turn(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call has time for some; who was counted longest ago is counted first."""
    stage = Stage()
    names = [str(number) for number in range(1, 41)]
    accounts = [{"venue": "extended", "name": name, "label": ""} for name in names]
    world = stage.world = World(stage.clock, reader=stage.reader, accounts=accounts)
    world.service.history.periods.performance.pause = stage._pause
    for name in names:
        world.figures(name)
    ask = stage.reader.trades

    async def slow(*whose: Any, **more: Any) -> Any:
        stage.clock.advance(0.25)
        return await ask(*whose, **more)

    monkeypatch.setattr(stage.reader, "trades", slow)
    async with serving(world) as served:
        for _ in range(12):
            stage.later(KEPT_S + 1)
            _, body = await get(http, served, PERIODS)
        assert [account["account"] for account in body["accounts"]] == names
        ages_s = [
            (stage.clock.wall_ns() // 1000 - account["periods"][-1]["to_us"]) / 10**6
            for account in body["accounts"]
        ]
        # Some ten accounts a call, four calls a round of some 25 s each.
        assert max(ages_s) < 250
        assert sum(account["counting"] for account in body["accounts"]) < len(names)
    assert world.reported == []


async def test_the_summary_adds_accounts_of_one_asset_and_names_who_is_not_in_a_sum(
    http: aiohttp.ClientSession,
) -> None:
    stage = Stage()
    world = World(stage.clock, reader=stage.reader)
    stage.world = world
    world.service.history.periods.performance.pause = stage._pause
    for name in ("1", "2"):
        world.figures(name)
        rows = [(-20, "buy", "100"), (-10, "sell", "101.10")]
        for number, (age, side, price) in enumerate(rows):
            fee = None if name == "2" else "0.25"
            stage.trade(number, -age, side, "1", price, account=name, fee=fee)
        for at_us, equity in ((stage.now_us - DAY_US, "10"), (stage.now_us, "10.5")):
            stage.reader.snapshots.append(snapshot_item(at_us, equity, account=name))
    async with serving(world) as served:
        status, body = await get(http, served, SUMMARY)
        assert status == 200
        assert msgspec.to_builtins(msgspec.convert(body, history_schemas.Summary)) == body
        [day] = body["periods"][0]["settles"]
        assert (day["settle"], day["accounts"], day["trades"]) == ("USD", 2, 4)
        assert (day["realized_pnl"], day["equity_change"]) == ("2.2", "1")
        assert (day["fees"], day["pnl"]) == ("0.5", "0.6")
        assert day["unknown"]["fees"] == day["unknown"]["pnl"] == ["extended:2"]
        assert (day["wins"], day["win_rate_percent"]) == (2, 100.0)
        [month] = body["periods"][2]["settles"]
        assert month["incomplete"] == ["extended:1", "extended:2"]
        assert (body["missing"], body["complete"], body["accounts"]) == ([], False, 2)
        assert (await get(http, served, PERIODS))[1]["accounts"][1]["account"] == "2"
        assert (await get(http, served, PERIODS, account="9"))[0] == 404
    assert world.reported == []


async def test_contracts_count_by_their_size(
    stage: Stage, served: Served, http: aiohttp.ClientSession
) -> None:
    stage.world.instruments()
    held = stage.world.replica.store.instruments["extended"]
    items = tuple(msgspec.structs.replace(it, contract_size="0.1") for it in held.items)
    value = msgspec.structs.replace(held, items=items)
    stage.world.replica.feed("instruments", "venue:extended", "instruments:extended", value)
    stage.trade(1, 20, "buy", "10", "100")
    stage.trade(2, 10, "sell", "10", "110")
    stage.hold("0")
    found = await periods(http, served)
    assert Decimal(found["all"]["realized_pnl"]) == 10
    assert Decimal(found["all"]["volume"]) == 210
