"""What an account actor does about news that nobody told, or that nobody took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from account_world import ACCOUNT, PRODUCT, VENUE, fill
from actor_context import KeptContext, welcome_of

from actors import account
from actors.account_feed import Feed
from actors.account_pace import Pace
from actors.account_stream import BUFFER_NS_MAX, AccountStream
from actors.messages.account import OPEN_STATUSES, AccountSnapshot
from actors.messages.control import Welcome
from actors.reconciliation import Reconciler
from actors.runtime.clock import FakeClock, SystemClock
from actors.runtime.context import Progress
from actors.simulator.accounts import Account, AccountSpec
from actors.simulator.exchange import Exchange
from actors.simulator.orders import Order
from actors.simulator.server import Addresses, SimulatorServer

KEY = "account-losses-key-0001"
ACTOR = f"account:{VENUE}:{ACCOUNT}"


class Stage:
    """The simulated venue with one account, and one actor on it."""

    def __init__(self, server: SimulatorServer, addresses: Addresses) -> None:
        self.server = server
        self.addresses = addresses

    @property
    def account(self) -> Account:
        found = self.server.exchange.account_by_name(ACCOUNT)
        assert found is not None
        return found

    @property
    def orders(self) -> dict[int, Order]:
        return self.server.exchange.ledger.accounts[self.account.account_id].orders

    def truth(self) -> list[str]:
        ledger = self.server.exchange.ledger.accounts[self.account.account_id]
        return [str(each.fill_id) for each in ledger.fills]

    @asynccontextmanager
    async def life(self) -> AsyncIterator[KeptContext]:
        config = {
            "venue": VENUE,
            "name": ACCOUNT,
            "label": "",
            "poll_interval_s": 0.1,
            "cache_ttl_s": 1.0,
            "base_url": self.addresses.base_url,
            "ws_url": self.addresses.ws_url,
            "exit_address": "",
        }
        context = KeptContext(ACTOR, config, secrets={"api_key": KEY})
        run = asyncio.ensure_future(account.run(context))
        try:
            await context.until(lambda: context.is_ready.is_set() or run.done(), "ready")
            yield context
        finally:
            context.stopping.set()
            async with asyncio.timeout(10):
                await run


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    def quick(**pace: float) -> Pace:
        return Pace(**pace | {"orders_interval_s": 0.2})

    monkeypatch.setattr(account, "Pace", quick)
    clock = SystemClock()
    exchange = Exchange(
        seed=20261121,
        accounts=[AccountSpec(ACCOUNT, KEY, scripted=True)],
        start_ns=clock.wall_ns(),
        markets=("BTC-USD",),
        warm_up_s=5,
    )
    server = SimulatorServer(exchange, clock)
    addresses = await server.start()
    yield Stage(server, addresses)
    await server.stop()


# a cache that came back with less than it was told


def answer(context: KeptContext, welcome: Welcome) -> None:
    for listener in context.kept_link.listeners:
        listener(welcome)


async def test_a_cache_without_its_journal_is_told_the_past_again(stage: Stage) -> None:
    async with stage.life() as context:
        stage.server.exchange.set_fill_rate(stage.account, 60, ["BTC-USD"])
        await context.until(lambda: len(set(stage.truth())) > 20, "fills")
        stage.server.exchange.set_fill_rate(stage.account, 0, ["BTC-USD"])
        stage.server.exchange.pause()
        truth = stage.truth()
        await context.until(
            lambda: truth[-1] in {each.fill_id for each in context.said("fill")}, "told"
        )
        context.kept.puts.clear()
        answer(context, Welcome(stream_id="new"))
        await context.until(lambda: len(context.said("fill")) >= len(truth), "told again")
        assert [each.fill_id for each in context.said("fill")] == truth
        told = {each.order_id: each for each in context.said("order")}
        ended = [str(each.order_id) for each in stage.orders.values() if not each.open][-20:]
        assert set(ended) <= set(told)


async def test_a_cache_that_missed_an_end_is_told_of_it(stage: Stage) -> None:
    async with stage.life() as context:
        await context.until(
            lambda: [each for each in context.said("order") if each.status in OPEN_STATUSES],
            "an open order",
        )
        before = welcome_of(context, venue=VENUE, account=ACCOUNT)
        held = before.held[f"orders:{VENUE}:{ACCOUNT}"]
        exchange = stage.server.exchange
        exchange.set_script(stage.account, running=False)
        for order in [order for order in stage.orders.values() if order.open]:
            exchange.cancel(stage.account, order)

        def ended() -> set[str]:
            said = context.said("order")
            return {each.order_id for each in said if each.status not in OPEN_STATUSES}

        await context.until(lambda: set(held) <= ended(), "their ends")
        context.kept.puts.clear()
        answer(context, before)
        await context.until(lambda: set(held) <= ended(), "their ends once more")


async def test_a_cache_that_holds_everything_costs_no_question(stage: Stage) -> None:
    async with stage.life() as context:
        exchange = stage.server.exchange
        exchange.set_script(stage.account, running=False)
        exchange.pause()
        await context.until(lambda: stage.truth()[-1:] == [
            each.fill_id for each in context.said("fill")
        ][-1:], "settled")  # fmt: skip
        welcome = welcome_of(context, venue=VENUE, account=ACCOUNT)
        orders, fills = context.said("order"), context.said("fill")
        answer(context, welcome)
        confirmed = len(context.said("confirmed"))
        await context.until(lambda: len(context.said("confirmed")) > confirmed + 20, "rounds")
        assert context.said("fill") == fills
        again = context.said("order")[len(orders) :]
        assert all(each.status in OPEN_STATUSES for each in again)


# orders that vanish


async def vanish(stage: Stage, context: KeptContext, gone: Callable[[Order], object]) -> Order:
    """One order, open for longer than REST may lag, that the open ones do not show any more."""
    exchange = stage.server.exchange
    exchange.set_script(stage.account, running=False)
    await context.until(lambda: any(order.open for order in stage.orders.values()), "an order")
    exchange.pause()
    order = next(order for order in stage.orders.values() if order.open)
    key = str(order.order_id)
    await context.until(lambda: key in {each.order_id for each in context.said("order")}, "told")
    del stage.account.orders[order.order_id]
    gone(order)
    return order


async def test_an_order_that_no_list_shows_but_the_venue_knows_stays_open(stage: Stage) -> None:
    async with stage.life() as context:
        order = await vanish(stage, context, lambda _: None)
        key = str(order.order_id)
        before = context.last("connection_state", "rest").requests
        await context.until(
            lambda: context.last("connection_state", "rest").requests > before + 60, "rounds"
        )
        said = [each for each in context.said("order") if each.order_id == key]
        assert {each.status for each in said} <= OPEN_STATUSES


async def test_an_order_that_the_venue_knows_nothing_of_is_told_as_ended(stage: Stage) -> None:
    async with stage.life() as context:
        order = await vanish(stage, context, lambda one: stage.orders.pop(one.order_id))
        key = str(order.order_id)
        await context.until(
            lambda: any(
                each.order_id == key and each.reason == "not_found"
                for each in context.said("order")
            ),
            "told as ended",
        )
        # It was a mistake of the venue's lists, and is put right.
        stage.account.orders[order.order_id] = order
        stage.orders[order.order_id] = order

        def last() -> str:
            said = [each for each in context.said("order") if each.order_id == key]
            return str(max(said, key=lambda each: each.version).status)

        await context.until(lambda: last() in OPEN_STATUSES, "open again")


# nothing old is called fresh, nothing new is kept back


class Kept:
    """What the stream publishes."""

    def __init__(self) -> None:
        self.fills: list[str] = []

    def publish(self, news: list[object]) -> None:
        self.fills += [getattr(each, "fill_id", "") for each in news]


def test_a_lone_event_does_not_wait_for_ever_for_its_catch_up() -> None:
    clock, kept = FakeClock(), Kept()
    story = Reconciler(VENUE, ACCOUNT, PRODUCT)
    stream = AccountStream(story, cast("Feed", kept), clock, Progress(clock))
    stream.opened()
    stream.begin()
    stream.events([fill(1)])
    stream.beat()
    assert kept.fills == []
    clock.advance(BUFFER_NS_MAX / 1e9 + 1)
    stream.beat()
    assert kept.fills == [fill(1).fill_id]
    # The catch-up that comes after all tells it no more.
    assert stream.end(done=True) == []


def test_nothing_is_called_confirmed_while_news_of_it_wait() -> None:
    context = KeptContext(ACTOR, {})
    feed = Feed(context, VENUE, ACCOUNT)
    context.kept.full = True
    row = AccountSnapshot(
        venue=VENUE, account=ACCOUNT, equity="1", wallet_balance="1", received_ns=1, via="polling"
    )
    feed.publish([row])
    feed.confirm("account", "polling", 1)
    assert context.kept.puts == []
    context.kept.make_room()
    feed.confirm("account", "polling", 2)
    assert [put.kind for put in context.kept.puts] == ["account_snapshot", "confirmed"]


async def test_a_stream_without_a_sign_of_life_confirms_nothing_anew(stage: Stage) -> None:
    async with stage.life() as context:
        exchange = stage.server.exchange
        exchange.set_script(stage.account, running=False)
        exchange.pause()
        await context.until(lambda: context.state_of("websocket") == "connected", "connected")
        stage.server.inject("429", f"rest:account:{ACCOUNT}", retry_after_s=600)
        await context.until(lambda: context.last("connection_state", "rest").rate_limited, "told")

        def by_stream() -> int:
            return len([it for it in context.said("confirmed") if it.via == "websocket"])

        await context.until(by_stream, "confirmed by the stream")
        state = context.last("connection_state", "websocket")
        count = by_stream()

        def beats() -> int:
            return len(context.said("connection_state", "websocket"))

        seen = beats()
        await context.until(lambda: beats() > seen + 3, "three seconds")
        if context.last("connection_state", "websocket").last_message_mono_ns == (
            state.last_message_mono_ns
        ):
            assert by_stream() == count
