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
from actors.messages.control import Refresh, Welcome
from actors.runtime.clock import SystemClock
from actors.simulator.accounts import AccountSpec
from actors.simulator.dialects.extended_http import ok
from actors.simulator.dialects.extended_private import ExtendedPrivate
from actors.simulator.exchange import Exchange
from actors.simulator.matching import BUY
from actors.simulator.orders import OrderRequest
from actors.simulator.refused import Refused
from actors.simulator.server import SimulatorServer

KEY = "asides-test-key-0001"
SEED = 20261121
FUNDING = "rest:/user/funding/history"


class Rounds:
    """The REST lane as far as an aside looks at it."""

    def __init__(self) -> None:
        self.at_ease = True


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


async def test_waits_until_the_lane_is_at_ease() -> None:
    asked = Asked()
    asked.rounds.at_ease = False
    async with asked.running():
        await asked.pass_s(30)
        assert asked.at_s == []
        asked.rounds.at_ease = True
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


def pay(exchange: Exchange, times: int) -> None:
    """Pays for a position, which is opened where there is none yet."""
    account = next(iter(exchange.accounts.values()))
    if not account.positions:
        order = OrderRequest(
            market="BTC-USD", side=BUY, lots=500, type="MARKET", time_in_force="IOC"
        )
        exchange.place(account, order)
    for _ in range(times):
        exchange.pay_funding()


def paid_ids(exchange: Exchange) -> list[str]:
    [ledger] = exchange.ledger.accounts.values()
    return [str(one.payment_id) for one in ledger.funding]


class Stage:
    def __init__(self, server: SimulatorServer, context: KeptContext) -> None:
        self.server = server
        self.context = context

    @property
    def points(self) -> Points | None:
        return cast("Points | None", self.context.last("points"))

    @property
    def payments(self) -> list[str]:
        """The ids of all that were told, in that order."""
        return [paid.funding_id for paid in self.context.said("funding")]

    def pay(self, times: int) -> list[str]:
        """An hour's payment so many times over; the ids of all that there ever were."""
        pay(self.server.exchange, times)
        return paid_ids(self.server.exchange)

    def ask(self, lane: str) -> None:
        self.context.controls["refresh"](Refresh(lane=lane))

    def requests(self) -> int:
        return int(self.context.last("connection_state", "rest").requests)


@asynccontextmanager
async def staged(
    *faults: dict[str, Any],
    deposit_usd: int = 100_000,
    paid: int = 0,
    held: int = 0,
) -> AsyncIterator[Stage]:
    """`paid` hourly payments before the start, of which the cache holds the oldest `held`."""
    clock = SystemClock()
    exchange = Exchange(
        seed=SEED,
        accounts=[AccountSpec("1", KEY, deposit_usd, scripted=False)],
        start_ns=clock.wall_ns(),
        markets=("BTC-USD",),
        warm_up_s=5,
    )
    if paid:
        pay(exchange, paid)
    known = tuple(paid_ids(exchange)[:held])
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
        welcome=Welcome(stream_id="s", fundings={"fundings:extended:1": known}),
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


async def test_payments_are_told_once_and_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    async with staged() as stage:
        for times in (3, 1, 120):
            # More than one page at last.
            truth = stage.pay(times)

            def all_told(count: int = len(truth)) -> bool:
                stage.ask("funding")
                return len(stage.payments) >= count

            await stage.context.until(all_told, "payments")
            assert stage.payments == truth
        puts = [put for put in stage.context.kept.puts if put.kind == "funding"]
        assert {put.topic for put in puts} == {"fundings:extended:1"}
        assert {(put.message.symbol, put.message.account) for put in puts} == {("BTC-USD", "1")}
        assert stage.context.faults == []


async def test_a_new_life_goes_on_where_the_cache_stands() -> None:
    async with staged(paid=130, held=128) as stage:
        await stage.context.until(lambda: len(stage.payments) >= 2, "payments")
        assert stage.payments == paid_ids(stage.server.exchange)[128:]


async def test_a_cache_that_lost_payments_is_told_them_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    async with staged() as stage:
        truth = stage.pay(4)

        def told() -> bool:
            stage.ask("funding")
            return len(stage.payments) >= len(truth)

        await stage.context.until(told, "payments")
        stage.context.kept_link.welcome_again()
        await stage.context.until(lambda: len(stage.payments) >= 2 * len(truth), "once more")
        assert stage.payments == truth * 2


async def test_payments_that_fail_disturb_no_round() -> None:
    async with staged({"kind": "500", "target": FUNDING, "seconds": 60}) as stage:
        context = stage.context
        await context.until(lambda: context.faults, "the fault is told")
        before = stage.requests()
        await context.until(lambda: stage.requests() > before + 20, "rounds go on")
        state = context.last("connection_state", "rest")
        assert (state.state, state.failures) == ("connected", 0)
        assert [type(fault) for fault in context.faults] == [VenueUnavailable]


async def test_payments_wait_for_room_in_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    async with staged({"kind": "500", "target": FUNDING, "seconds": 60}) as stage:
        truth = stage.pay(3)
        stage.context.kept.full = True
        stage.server.venue.clear_faults()
        stage.ask("funding")
        stage.context.kept.make_room()
        await stage.context.until(lambda: len(stage.payments) >= 3, "payments")
        assert stage.payments == truth


async def test_a_past_that_never_ends_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_asides, "FUNDING_PAGES_MAX", 1)
    monkeypatch.setattr(account_asides, "ASK_GAP_S", 0.05)
    async with staged({"kind": "500", "target": FUNDING, "seconds": 60}) as stage:
        truth = stage.pay(150)
        stage.server.venue.clear_faults()
        stage.ask("funding")
        await stage.context.until(lambda: stage.payments, "payments")
        assert stage.payments == truth[-100:]
        assert "known row within 1 pages" in str(stage.context.faults[-1])
