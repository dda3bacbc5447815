"""One account actor against the simulated venue on real sockets: whole, once, in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
from actor_context import KeptContext, welcome_of
from connect_proxy import ConnectProxy

from actors import account
from actors.account import KEY_REJECTIONS_WINDOW_S, KeyTally
from actors.account_stream import BUFFER_EVENTS_MAX
from actors.errors import ConfigFault, KeyRejected
from actors.messages.account import Order
from actors.messages.control import Pause, Reconnect, Refresh, Resume, Resync, Welcome
from actors.runtime.clock import FakeClock, SystemClock
from actors.simulator.accounts import Account, AccountSpec
from actors.simulator.exchange import Exchange
from actors.simulator.server import Addresses, SimulatorServer

SEED = 20261121
KEY = "account-test-key-0001"
VENUE, NAME = "extended", "1"


class Stage:
    """The simulated venue and the lives of one account actor on it."""

    def __init__(self, server: SimulatorServer, addresses: Addresses) -> None:
        self.server = server
        self.addresses = addresses
        self.lives: list[KeptContext] = []

    @property
    def account(self) -> Account:
        found = self.server.exchange.account_by_name(NAME)
        assert found is not None
        return found

    def fill_rate(self, per_s: float) -> None:
        self.server.exchange.set_fill_rate(self.account, per_s, ["BTC-USD"])

    def truth(self) -> list[str]:
        ledger = self.server.exchange.ledger.accounts[self.account.account_id]
        return [str(fill.fill_id) for fill in ledger.fills]

    def told(self) -> list[str]:
        return [fill.fill_id for life in self.lives for fill in life.said("fill")]

    def context(
        self, *, key: str = KEY, proxy: str = "", welcome: Welcome | None = None
    ) -> KeptContext:
        secrets = {"api_key": key} | ({"proxy": proxy} if proxy else {})
        return KeptContext(
            f"account:{VENUE}:{NAME}",
            {
                "venue": VENUE,
                "name": NAME,
                "label": "test",
                "poll_interval_s": 0.1,
                "cache_ttl_s": 1.0,
                "base_url": self.addresses.base_url,
                "ws_url": self.addresses.ws_url,
                "exit_address": "",
            },
            secrets=secrets,
            welcome=welcome or welcome_of(*self.lives, venue=VENUE, account=NAME),
        )

    @asynccontextmanager
    async def life(self, *, proxy: str = "") -> AsyncIterator[KeptContext]:
        """One incarnation, from its start to its end in order."""
        context = self.context(proxy=proxy)
        self.lives.append(context)
        run = asyncio.ensure_future(account.run(context))
        try:
            await context.until(lambda: context.is_ready.is_set() or run.done(), "ready")
            if run.done():
                run.result()
            yield context
        finally:
            context.stopping.set()
            async with asyncio.timeout(10):
                await run

    async def kill(self, run: asyncio.Task[None]) -> None:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


@asynccontextmanager
async def staged(*, scripted: bool = False) -> AsyncIterator[Stage]:
    clock = SystemClock()
    exchange = Exchange(
        seed=SEED,
        accounts=[AccountSpec(NAME, KEY, scripted=scripted)],
        start_ns=clock.wall_ns(),
        markets=("BTC-USD",),
        warm_up_s=5,
    )
    server = SimulatorServer(exchange, clock)
    addresses = await server.start()
    try:
        yield Stage(server, addresses)
    finally:
        await server.stop()


def failed_again(context: KeptContext, failures: int) -> bool:
    """The lane's count, for a break that is mended at once may never be seen as a state."""
    return bool(context.last("connection_state", "websocket").failures > failures)


def reconnected(context: KeptContext, connects: int) -> bool:
    return bool(context.last("connection_state", "websocket").connects > connects)


async def settled(stage: Stage, context: KeptContext) -> None:
    """The flow has ended, and everything was told."""
    stage.fill_rate(0)
    context.controls["refresh"](Refresh())
    await context.until(lambda: len(set(stage.told())) >= len(stage.truth()), "every fill told")


async def test_ready_with_both_lanes_and_the_whole_present() -> None:
    async with staged(scripted=True) as stage, stage.life() as context:
        assert context.state_of("rest") == "connected"
        assert context.state_of("websocket") == "connected"
        snapshot = context.last("account_snapshot")
        assert float(snapshot.equity) > 0
        ledger = stage.server.exchange.ledger.accounts[stage.account.account_id]
        opened = {str(order.order_id) for order in ledger.orders.values() if order.open}
        await context.until(
            lambda: opened <= {order.order_id for order in context.said("order")}, "open orders"
        )
        for section in ("account", "positions", "orders", "fills"):
            topics = {put.topic for put in context.kept.puts if put.kind == "confirmed"}
            assert f"{section}:{VENUE}:{NAME}" in topics
        rest = context.last("connection_state", "rest")
        assert rest.interval_effective_ms >= 100
        assert rest.stale_after_ms == max(1_000.0, 3 * rest.interval_effective_ms)
        assert context.last("connection_state", "websocket").stale_after_ms == 45_000


async def test_polling_keeps_its_pace_without_piling_up() -> None:
    async with staged() as stage, stage.life() as context:
        stage.server.inject("slow", "rest:account", seconds=1.0, delay_s=0.3)
        before = len([put for put in context.kept.puts if put.topic == f"account:{VENUE}:{NAME}"])
        await asyncio.sleep(1.2)
        after = len([put for put in context.kept.puts if put.topic == f"account:{VENUE}:{NAME}"])
        assert after - before <= 8
        assert context.last("connection_state", "rest").interval_effective_ms >= 100


async def test_fills_over_breaks_of_the_stream_none_lost_none_doubled_in_order() -> None:
    chance = random.Random(SEED)
    print("seed", SEED)
    async with staged() as stage, stage.life() as context:
        stage.fill_rate(60)
        for kind in ("disconnect", "gap", "disconnect", "malformed", "duplicate", "disconnect"):
            await asyncio.sleep(0.2 + 0.3 * chance.random())
            lane = context.last("connection_state", "websocket")
            connects, failures = lane.connects, lane.failures
            stage.server.inject(kind, f"ws:account:{NAME}", count=1)
            if kind != "malformed":
                await context.until(partial(failed_again, context, failures), f"{kind} is noticed")
                context.controls["reconnect"](Reconnect(lane="websocket"))
                await context.until(partial(reconnected, context, connects), "connected again")
        await settled(stage, context)
        assert stage.told() == stage.truth()


async def test_fills_over_lives_none_lost_none_doubled_in_order() -> None:
    chance = random.Random(SEED)
    print("seed", SEED)
    async with staged() as stage:
        stage.fill_rate(80)
        for _ in range(6):
            context = stage.context()
            stage.lives.append(context)
            run = asyncio.ensure_future(account.run(context))
            await asyncio.sleep(0.05 + 0.5 * chance.random())
            await stage.kill(run)
        async with stage.life() as context:
            await settled(stage, context)
            assert stage.told() == stage.truth()


async def test_what_ended_between_two_lives_is_told() -> None:
    async with staged(scripted=True) as stage:
        exchange = stage.server.exchange
        async with stage.life() as first:
            await first.until(lambda: first.said("order"), "an order")
        # Everything that is open ends while nobody listens, and more comes and goes.
        stage.fill_rate(50)
        await asyncio.sleep(0.3)
        stage.fill_rate(0)
        exchange.set_script(stage.account, running=False)
        ledger = exchange.ledger.accounts[stage.account.account_id]
        for order in [order for order in ledger.orders.values() if order.open]:
            exchange.cancel(stage.account, order)
        async with stage.life() as second:
            latest: dict[str, Order] = {}
            for life in (first, second):
                for order in life.said("order"):
                    if (
                        order.order_id not in latest
                        or order.version > latest[order.order_id].version
                    ):
                        latest[order.order_id] = order
            assert all(
                order.status not in ("open", "partially_filled") for order in latest.values()
            )
            ended = {str(order.order_id) for order in list(ledger.orders.values())[-20:]}
            assert ended <= latest.keys()
            assert stage.told() == stage.truth()


async def test_a_stream_that_is_down_leaves_rest_telling_fills() -> None:
    async with staged() as stage, stage.life() as context:
        stage.server.inject("disconnect", f"ws:account:{NAME}", seconds=60)
        await context.until(lambda: context.state_of("websocket") == "backoff", "stream down")
        await context.until(
            lambda: context.last("connection_state", "websocket").attempt >= 1, "1st"
        )
        stage.fill_rate(50)
        await context.until(lambda: len(context.said("fill")) > 20, "fills by polling")
        assert context.state_of("rest") == "connected"
        assert context.said("fill")[-1].via == "polling"
        await settled(stage, context)
        assert stage.told() == stage.truth()


async def test_rest_that_is_down_leaves_the_stream_telling_fills() -> None:
    async with staged() as stage, stage.life() as context:
        stage.server.inject("5xx", f"rest:account:{NAME}", seconds=60)
        await context.until(lambda: context.state_of("rest") == "backoff", "rest down")
        assert context.last("connection_state", "rest").failures >= 3
        assert "VenueUnavailable" in context.last("connection_state", "rest").last_error
        before = len(context.said("fill"))
        stage.fill_rate(50)
        await context.until(lambda: len(context.said("fill")) > before + 20, "fills by stream")
        assert context.said("fill")[-1].via == "websocket"
        assert context.state_of("websocket") == "connected"
        via = {put.message.via for put in context.kept.puts[-50:] if put.kind == "confirmed"}
        assert via <= {"websocket"}
        # A break of the stream meanwhile: what it missed comes when REST is back.
        failures = context.last("connection_state", "websocket").failures
        stage.server.inject("disconnect", f"ws:account:{NAME}", count=1)
        await context.until(partial(failed_again, context, failures), "stream down")
        await asyncio.sleep(0.3)
        context.controls["reconnect"](Reconnect(lane="websocket"))
        await context.until(lambda: context.state_of("websocket") == "connected", "stream back")
        stage.server.venue.clear_faults()
        context.controls["reconnect"](Reconnect(lane="rest"))
        await settled(stage, context)
        assert sorted(stage.told(), key=int) == stage.truth()
        assert len(set(stage.told())) == len(stage.told())


async def test_a_rate_limit_is_kept_to() -> None:
    async with staged() as stage, stage.life() as context:
        stage.server.inject("429", f"rest:account:{NAME}", count=1, retry_after_s=1.0)
        await context.until(
            lambda: context.last("connection_state", "rest").rate_limited == 1, "a 429"
        )
        before = context.last("connection_state", "rest").requests
        await asyncio.sleep(0.4)
        assert context.last("connection_state", "rest").requests - before <= 2
        await context.until(lambda: context.state_of("rest") == "connected", "goes on")


async def test_a_key_that_is_refused_at_once_ends_the_actor() -> None:
    async with staged() as stage:
        context = stage.context(key="a-key-nobody-knows")
        with pytest.raises(KeyRejected) as raised:
            async with asyncio.timeout(10):
                await account.run(context)
        assert "a-key-nobody-knows" not in str(raised.value)
        assert not context.is_ready.is_set()


def test_a_key_that_was_good_may_be_refused_twice_in_ten_minutes() -> None:
    clock = FakeClock()
    tally = KeyTally(clock)
    tally.accepted()
    fault = KeyRejected("401")
    tally.rejected(fault)
    clock.advance(KEY_REJECTIONS_WINDOW_S)
    tally.rejected(fault)
    clock.advance(1)
    tally.rejected(fault)
    clock.advance(1)
    with pytest.raises(KeyRejected):
        tally.rejected(fault)


async def test_an_account_without_a_key_is_a_configuration_error() -> None:
    async with staged() as stage:
        with pytest.raises(ConfigFault, match="api_key"):
            await account.run(stage.context(key=""))


async def test_a_full_outbox_stops_reading_and_nothing_is_lost() -> None:
    async with staged() as stage, stage.life() as context:
        context.kept.full = True
        stage.fill_rate(100)
        await context.until(lambda: len(stage.truth()) > 50, "fills at the venue")
        held = len(context.said("fill"))
        await asyncio.sleep(0.3)
        assert len(context.said("fill")) == held
        context.kept.make_room()
        await settled(stage, context)
        assert stage.told() == stage.truth()
        assert BUFFER_EVENTS_MAX > 0


async def test_pause_resume_resync_and_a_new_cache() -> None:
    async with staged() as stage, stage.life() as context:
        context.controls["pause"](Pause())
        await context.until(
            lambda: {context.state_of("rest"), context.state_of("websocket")} == {"paused"},
            "paused",
        )
        requests = context.last("connection_state", "rest").requests
        context.controls["reconnect"](Reconnect())
        await asyncio.sleep(0.3)
        assert context.last("connection_state", "rest").requests == requests
        context.controls["resume"](Resume())
        await context.until(
            lambda: {context.state_of("rest"), context.state_of("websocket")} == {"connected"},
            "resumed",
        )
        for again in (
            context.kept_link.welcome_again,
            lambda: context.controls["resync"](Resync()),
        ):
            context.kept.puts.clear()
            again()
            kinds = [put.kind for put in context.kept.puts]
            assert kinds.count("account_snapshot") == 1
            assert kinds.count("connection_state") == 2


async def test_both_lanes_leave_through_the_proxy() -> None:
    async with staged() as stage, ConnectProxy("user", "pa:ss w/rd") as proxy:
        url = f"http://user:pa%3Ass%20w%2Frd@127.0.0.1:{proxy.port}/"
        async with stage.life(proxy=url) as context:
            assert proxy.tunnels >= 2
            state = context.last("connection_state", "rest")
            assert state.exit_address == f"127.0.0.1:{proxy.port}"
            assert "pa:ss" not in repr(context.kept.puts)


async def test_what_a_stream_that_lives_but_stalls_holds_back_comes_over_rest() -> None:
    """A market order leaves no trace among the open orders: the wallet gives it away."""
    async with staged() as stage, stage.life() as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "connected")
        exchange = stage.server.exchange
        (simulated,) = exchange.accounts.values()
        stage.server.inject("stall", f"ws:account:{NAME}", seconds=600)
        exchange.set_fill_rate(simulated, 20, ["BTC-USD"])
        await context.until(lambda: exchange.ledger.accounts[simulated.account_id].fills, "filled")
        exchange.pause()
        truth = [str(row.fill_id) for row in exchange.ledger.accounts[simulated.account_id].fills]
        await context.until(
            lambda: [row.fill_id for row in context.said("fill")] == truth, "all fills"
        )
        assert {row.via for row in context.said("fill")} == {"polling"}
        assert context.state_of("websocket") == "connected"


async def test_while_rest_must_wait_the_unbroken_stream_confirms() -> None:
    """A long Retry-After is shown as what it is; a quiet account is not a stale one."""
    async with staged() as stage, stage.life() as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "connected")
        stage.server.inject("429", f"rest:account:{NAME}", retry_after_s=600)
        await context.until(lambda: context.last("connection_state", "rest").rate_limited, "told")
        context.kept.puts.clear()
        await context.until(lambda: len(context.said("confirmed")) >= 4, "confirmed")
        assert {confirmed.via for confirmed in context.said("confirmed")} == {"websocket"}
        assert context.state_of("rest") == "backoff"


async def test_while_an_answer_is_late_the_unbroken_stream_confirms() -> None:
    """What else an account asks for may use its budget up for some seconds."""
    async with staged() as stage, stage.life() as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "connected")
        stage.server.inject("slow", f"rest:account:{NAME}", delay_s=8)
        context.kept.puts.clear()
        await context.until(
            lambda: "websocket" in {confirmed.via for confirmed in context.said("confirmed")},
            "confirmed",
        )
        assert context.state_of("rest") == "connected"
