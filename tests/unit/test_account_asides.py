"""Points and other assets of one account, asked for beside its rounds and never in their way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn, cast

import pytest
from actor_context import KeptContext
from instant_timer import VirtualTimer

from actors import account, account_asides
from actors.account_asides import ASK_GAP_S, RETRY_S, Aside
from actors.account_rest import RestLane
from actors.errors import Fault, KeyRejected, VenueUnavailable
from actors.messages.account import Points
from actors.messages.control import Refresh
from actors.runtime.clock import SystemClock
from actors.simulator.accounts import AccountSpec
from actors.simulator.dialects.extended_http import ok
from actors.simulator.dialects.extended_private import ExtendedPrivate
from actors.simulator.exchange import Exchange
from actors.simulator.refused import Refused
from actors.simulator.server import SimulatorServer

KEY = "asides-test-key-0001"
SEED = 20261121


class Rounds:
    """The REST lane as far as an aside looks at it."""

    def __init__(self) -> None:
        self.held = self.confirms = True


class Asked:
    """An aside on a clock of its own, with the moments at which it asked."""

    def __init__(self, interval_s: float = 600.0) -> None:
        self.timer = VirtualTimer()
        self.rounds = Rounds()
        self.at_s: list[float] = []
        self.faults: list[Fault] = []
        self.fault: Fault | None = None
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.start_ns = self.timer.clock.monotonic_ns()
        self.aside = Aside(
            self._ask,
            interval_s,
            lane=cast("RestLane", self.rounds),
            timer=self.timer,
            report=self.faults.append,
        )

    async def _ask(self) -> None:
        self.at_s.append((self.timer.clock.monotonic_ns() - self.start_ns) / 1e9)
        await self.hangs.wait()
        if self.fault is not None:
            raise self.fault

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        run = asyncio.ensure_future(self.aside.run())
        try:
            yield
            assert not run.done()
        finally:
            run.cancel()

    async def pass_s(self, seconds: float) -> None:
        # The clock needs somebody to wake, also where the aside itself waits for an answer.
        end = asyncio.ensure_future(self.timer.sleep(seconds + 1))
        await self.timer.run_for(seconds, lambda: None)
        end.cancel()


async def test_asks_at_its_own_pace() -> None:
    asked = Asked()
    async with asked.running():
        await asked.pass_s(1_500)
    assert asked.at_s == [0, 600, 1_200]


async def test_waits_until_the_rounds_go_well() -> None:
    asked = Asked()
    asked.rounds.held = False
    async with asked.running():
        await asked.pass_s(30)
        assert asked.at_s == []
        asked.rounds.held, asked.rounds.confirms = True, False
        await asked.pass_s(30)
        assert asked.at_s == []
        asked.rounds.confirms = True
        await asked.pass_s(2)
    assert len(asked.at_s) == 1


async def test_a_fault_is_told_once_and_tried_again_sooner() -> None:
    asked = Asked()
    asked.fault = VenueUnavailable("HTTP 503")
    async with asked.running():
        await asked.pass_s(3 * RETRY_S + 1)
        assert asked.at_s == [0, RETRY_S, 2 * RETRY_S, 3 * RETRY_S]
        assert len(asked.faults) == 1
        asked.fault = None
        await asked.pass_s(RETRY_S)
        asked.fault = KeyRejected("HTTP 401")
        await asked.pass_s(600)
    assert [type(fault) for fault in asked.faults] == [VenueUnavailable, KeyRejected]


async def test_on_request_at_once_but_never_in_a_flood() -> None:
    asked = Asked()
    async with asked.running():
        await asked.pass_s(100)
        for _ in range(1_000):
            asked.aside.soon()
        await asked.pass_s(1)
        assert asked.at_s == [0, 100]
        asked.aside.soon()
        await asked.pass_s(ASK_GAP_S)
        asked.aside.soon()
        await asked.pass_s(ASK_GAP_S)
    assert asked.at_s == [0, 100, 100 + ASK_GAP_S, 100 + 2 * ASK_GAP_S]


async def test_an_answer_that_never_comes_is_asked_for_once() -> None:
    asked = Asked()
    asked.hangs.clear()
    async with asked.running():
        await asked.pass_s(1_000)
        asked.aside.soon()
        await asked.pass_s(1_000)
    assert asked.at_s == [0]


# the whole actor, against the simulated venue


class Stage:
    def __init__(self, server: SimulatorServer, context: KeptContext) -> None:
        self.server = server
        self.context = context

    @property
    def points(self) -> Points | None:
        return cast("Points | None", self.context.last("points"))

    def requests(self) -> int:
        return int(self.context.last("connection_state", "rest").requests)


@asynccontextmanager
async def staged(*faults: dict[str, Any], deposit_usd: int = 100_000) -> AsyncIterator[Stage]:
    clock = SystemClock()
    exchange = Exchange(
        seed=SEED,
        accounts=[AccountSpec("1", KEY, deposit_usd, scripted=False)],
        start_ns=clock.wall_ns(),
        markets=("BTC-USD",),
        warm_up_s=5,
    )
    server = SimulatorServer(exchange, clock)
    addresses = await server.start()
    for order in faults:
        server.inject(**order)
    context = KeptContext(
        "account:extended:1",
        {
            "venue": "extended",
            "name": "1",
            "poll_interval_s": 0.1,
            "cache_ttl_s": 1.0,
            "base_url": addresses.base_url,
            "ws_url": addresses.ws_url,
        },
        secrets={"api_key": KEY},
    )
    run = asyncio.ensure_future(account.run(context))
    try:
        await context.until(lambda: context.is_ready.is_set() or run.done(), "ready")
        yield Stage(server, context)
        assert not run.done()
    finally:
        context.stopping.set()
        try:
            async with asyncio.timeout(10):
                await run
        finally:
            await server.stop()


async def test_points_of_all_seasons_with_the_standing() -> None:
    async with staged() as stage:
        await stage.context.until(lambda: stage.points, "points")
        points = stage.points
        assert points is not None
        assert points.available
        assert [season.season for season in points.seasons] == ["1", "2"]
        assert points.total == "74.25"
        assert sum(float(season.total) for season in points.seasons) == 74.25
        assert [epoch.epoch for epoch in points.seasons[0].epochs] == ["1", "2", "3"]
        assert points.rank is not None
        assert points.leagues["trading"] == "queen"
        assert points.stale_after_ms == 3 * 600_000
        assert points.received_mono_ns > 0


async def test_a_venue_that_knows_of_no_points_is_an_answer_and_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object) -> NoReturn:
        raise Refused(404, "NOT_FOUND", "Client has no rewards")

    monkeypatch.setattr(ExtendedPrivate, "points", unknown)
    async with staged() as stage:
        await stage.context.until(lambda: stage.points, "points")
        points = stage.points
        assert points is not None
        assert (points.available, points.total, points.rank) == (False, None, None)
        assert "404" in points.reason
        assert stage.context.faults == []


async def test_a_client_without_any_points_has_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ExtendedPrivate, "points", lambda *_: ok([]))
    async with staged() as stage:
        await stage.context.until(lambda: stage.points, "points")
        points = stage.points
        assert points is not None
        assert (points.available, points.total, points.seasons) == (True, "0", ())


async def test_points_that_fail_or_hang_disturb_no_round() -> None:
    path = "rest:/user/rewards/earned"
    async with staged({"kind": "slow", "target": path, "delay_s": 30, "seconds": 60}) as stage:
        context = stage.context
        before = stage.requests()
        await context.until(lambda: stage.requests() > before + 20, "rounds go on")
        state = context.last("connection_state", "rest")
        assert (state.state, state.failures) == ("connected", 0)
        assert stage.points is None
    async with staged({"kind": "500", "target": path, "seconds": 60}) as stage:
        context = stage.context
        await context.until(lambda: context.faults, "the fault is told")
        before = stage.requests()
        await context.until(lambda: stage.requests() > before + 20, "rounds go on")
        state = context.last("connection_state", "rest")
        assert (state.state, state.failures) == ("connected", 0)
        assert [type(fault) for fault in context.faults] == [VenueUnavailable]


async def test_points_come_without_the_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    board = {"kind": "500", "target": "rest:/user/rewards/leaderboard/stats", "seconds": 60}
    async with staged(board) as stage:
        await stage.context.until(lambda: stage.points, "points")
        points = stage.points
        assert points is not None
        assert (points.available, points.rank, points.leagues) == (True, None, {})
        assert stage.context.faults == []


async def test_an_operator_has_points_asked_for_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    async with staged() as stage:
        context = stage.context
        await context.until(lambda: stage.points, "points")
        assert stage.points is not None
        first_ns = stage.points.received_mono_ns

        def told_again() -> bool:
            context.controls["refresh"](Refresh(lane="points"))
            return stage.points is not None and stage.points.received_mono_ns > first_ns

        await context.until(told_again, "points, asked for again")


async def test_a_cache_that_begins_anew_is_told_the_points_again() -> None:
    async with staged() as stage:
        context = stage.context
        await context.until(lambda: stage.points, "points")
        said = len(context.said("points"))
        context.kept_link.welcome_again()
        await context.until(lambda: len(context.said("points")) > said, "points once more")
        assert context.said("points")[-1] == context.said("points")[-2]


async def test_other_assets_are_asked_for_while_the_stream_says_nothing() -> None:
    # The stream would tell them in its first frame.
    async with staged({"kind": "disconnect", "target": "ws", "seconds": 600}) as stage:
        context = stage.context

        def shares() -> list[Any]:
            balances = context.last("account_snapshot").balances
            return [balance for balance in balances if balance.asset == "XVS"]

        await context.until(shares, "the vault's shares")
        (held,) = shares()
        assert (held.total, held.value_usd) == ("500.000000", "500.000000")
        assert held.as_of_ns > 0


async def test_an_account_without_other_assets_has_its_collateral_only() -> None:
    async with staged(deposit_usd=0) as stage:
        context = stage.context
        await context.until(lambda: stage.points, "points")
        balances = context.last("account_snapshot").balances
        assert [balance.asset for balance in balances] == ["USD"]
