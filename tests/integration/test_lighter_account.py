"""An account actor of Lighter against the simulated venue on real sockets, with both credentials:
every fill once, figures to the last digit, and what a refused token leads to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from actor_context import KeptContext, welcome_of

from actors import account
from actors.errors import ConfigFault, KeyRejected
from actors.messages.account import AccountSnapshot, Position
from actors.messages.control import Reconnect, Refresh
from actors.runtime.clock import SystemClock
from actors.simulator.accounts import Account, AccountSpec
from actors.simulator.dialects import lighter_signature
from actors.simulator.dialects.registry import traits_of
from actors.simulator.markets import MICROS
from actors.simulator.server import Addresses, SimulatorServer
from actors.venues.lighter import access
from actors.venues.lighter.credentials import SignedTokens

SEED = 20261121
VENUE, NAME, MARKET = "lighter", "1", "ETH"


class Stage:
    """The simulated venue and the lives of one account actor on it."""

    def __init__(self, server: SimulatorServer, addresses: Addresses, spec: AccountSpec) -> None:
        self.server = server
        self.addresses = addresses
        self.spec = spec
        self.lives: list[KeptContext] = []

    @property
    def account(self) -> Account:
        found = self.server.exchange.account_by_name(NAME)
        assert found is not None
        return found

    def fill_rate(self, per_s: float) -> None:
        self.server.exchange.set_fill_rate(self.account, per_s, [MARKET])

    def truth(self) -> list[str]:
        ledger = self.server.exchange.ledger.accounts[self.account.account_id]
        return [str(fill.fill_id) for fill in ledger.fills]

    def told(self) -> list[str]:
        return [fill.fill_id for life in self.lives for fill in life.said("fill")]

    def context(self, **changes: str) -> KeptContext:
        secrets = {
            "account_index": str(self.spec.account_index),
            "api_key_index": str(self.spec.api_key_index),
            "private": self.spec.api_key,
        }
        config = {
            "venue": VENUE,
            "name": NAME,
            "label": "test",
            "poll_interval_s": 0.1,
            "cache_ttl_s": 1.0,
            "base_url": self.addresses.base_url,
            "ws_url": self.addresses.ws_url,
            "exit_address": "",
        }
        welcome = welcome_of(*self.lives, venue=VENUE, account=NAME)
        return KeptContext(
            f"account:{VENUE}:{NAME}", config, secrets=secrets | changes, welcome=welcome
        )

    @asynccontextmanager
    async def life(self, **changes: str) -> AsyncIterator[KeptContext]:
        """One incarnation, from its start to its end in order."""
        context = self.context(**changes)
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
                await asyncio.wait({run})


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = SystemClock()
    traits = traits_of(VENUE)
    [spec] = traits.demo_specs(SEED, 1)
    exchange = traits.exchange(
        seed=SEED, accounts=[spec], start_ns=clock.wall_ns(), markets=(MARKET,), warm_up_s=5
    )
    server = SimulatorServer(exchange, clock, venue=VENUE)
    yield Stage(server, await server.start(), spec)
    await server.stop()


async def settled(stage: Stage, context: KeptContext) -> None:
    """The flow has ended, and everything was told."""
    stage.fill_rate(0)
    context.controls["refresh"](Refresh())
    await context.until(lambda: len(set(stage.told())) >= len(stage.truth()), "every fill told")


async def test_ready_with_both_lanes(stage: Stage) -> None:
    async with stage.life() as context:
        assert context.state_of("rest") == "connected"
        await context.until(lambda: context.state_of("websocket") == "connected", "stream")
        ledger = stage.server.exchange.ledger.accounts[stage.account.account_id]
        opened = {str(order.order_id) for order in ledger.orders.values() if order.open}
        await context.until(
            lambda: opened <= {order.order_id for order in context.said("order")}, "open orders"
        )
        assert not context.faults


async def test_every_fill_once_over_lives_and_lost_connections(stage: Stage) -> None:
    stage.fill_rate(40)
    async with stage.life() as context:
        await context.until(lambda: len(stage.told()) > 40, "fills")
        connects = context.last("connection_state", "websocket").connects
        context.controls["reconnect"](Reconnect(lane="websocket"))
        await context.until(
            lambda: context.last("connection_state", "websocket").connects > connects, "again"
        )
        many = len(stage.told()) + 40
        await context.until(lambda: len(stage.told()) > many, "more fills")
    async with stage.life() as context:
        await settled(stage, context)
    told = stage.told()
    assert sorted(told) == sorted(set(told)), "none twice"
    assert set(told) >= set(stage.truth())


def figures(stage: Stage) -> dict[str, Decimal]:
    """The venue's own, in USDC."""
    margin = stage.server.exchange.trading.margin(stage.account)
    return {
        "equity": Decimal(margin.equity) / MICROS,
        "wallet_balance": Decimal(margin.balance) / MICROS,
        "margin_used": Decimal(margin.initial) / MICROS,
        "exposure": Decimal(margin.exposure) / MICROS,
        "unrealized_pnl": Decimal(margin.equity - margin.balance) / MICROS,
    }


def told_figures(snapshot: AccountSnapshot) -> dict[str, Decimal]:
    names = ("equity", "wallet_balance", "margin_used", "exposure", "unrealized_pnl")
    return {name: Decimal(getattr(snapshot, name)) for name in names}


async def test_figures_and_positions_are_the_venues_to_the_last_digit(stage: Stage) -> None:
    async with stage.life() as context:
        stage.fill_rate(40)
        await context.until(lambda: len(stage.told()) > 40, "fills")
        stage.fill_rate(0)
        stage.server.exchange.pause()
        truth = figures(stage)
        await context.until(
            lambda: told_figures(context.last("account_snapshot")) == truth, f"figures {truth}"
        )
        held = {
            key: Decimal(position.lots)
            for key, position in stage.account.positions.items()
            if position.lots
        }

        def shown() -> dict[str, Position]:
            newest = {each.position_id: each for each in context.said("position")}
            return {key: each for key, each in newest.items() if Decimal(each.quantity)}

        await context.until(lambda: len(shown()) == len(held), "positions")
        notional = sum(Decimal(each.notional or 0) for each in shown().values())
        assert notional == truth["exposure"]


async def test_both_lanes_tell_the_same_figures(stage: Stage) -> None:
    async with stage.life() as context:
        stage.fill_rate(20)
        await context.until(
            lambda: (
                {each.via for each in context.said("account_snapshot")} == {"polling", "websocket"}
            ),
            "both",
        )
        for snapshot in context.said("account_snapshot"):
            said = told_figures(snapshot)
            gained = said["equity"] - said["wallet_balance"]
            assert gained == said["unrealized_pnl"], snapshot
            assert snapshot.settle_usd == "1"


class Signer:
    """Signs as the venue's signer does; as many of the first as are `spoiled` have ended."""

    def __init__(self, stage: Stage) -> None:
        self.index = stage.spec.account_index
        self.slot = stage.spec.api_key_index
        self.key = bytes.fromhex(stage.spec.private_key)
        self.spoiled = 0
        self.count = 0
        self.tokens: SignedTokens | None = None

    def sign(self, deadline_s: int) -> str:
        self.count += 1
        if self.count <= self.spoiled:
            deadline_s = 1
        message = f"{deadline_s}:{self.index}:{self.slot}"
        hashed = lighter_signature.digest_of(message.encode())
        signature = lighter_signature.sign(self.key, hashed, SEED + self.count)
        return f"{message}:{signature.hex()}"

    def made(self, _: Mapping[str, str], base_url: str, now_ns: Callable[[], int]) -> SignedTokens:
        self.tokens = SignedTokens(self.index, self.sign, now_ns)
        return self.tokens


@pytest.fixture
def signer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Signer:
    """The actor's, in place of the venue's own."""
    made = Signer(stage)
    monkeypatch.setattr(access, "credentials", made.made)
    return made


async def test_a_renewed_token_loses_no_fill(stage: Stage, signer: Signer) -> None:
    async with stage.life() as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "stream")
        stage.fill_rate(60)
        for number in range(2, 5):
            assert signer.tokens is not None
            # As the passing of hours does.
            signer.tokens._end_s = 0
            await context.until(lambda n=number: signer.count == n, "another token")
            many = len(stage.told()) + 60
            await context.until(lambda m=many: len(stage.told()) > m, "fills")
        await settled(stage, context)
        assert context.last("connection_state", "websocket").connects == 1
    told = stage.told()
    assert sorted(told) == sorted(set(told)), "none twice"
    assert set(told) >= set(stage.truth())


async def test_a_refused_token_is_replaced_by_one_that_is_taken(
    stage: Stage, signer: Signer
) -> None:
    signer.spoiled = 1
    async with stage.life() as context:
        await context.until(lambda: context.state_of("websocket") == "connected", "stream")
        await context.until(lambda: context.state_of("rest") == "connected", "polling")
        assert signer.count == 2


async def test_tokens_that_are_refused_one_after_the_other_reject_the_key(
    stage: Stage, signer: Signer
) -> None:
    signer.spoiled = 1_000
    context = stage.context()
    with pytest.raises(KeyRejected):
        async with asyncio.timeout(30):
            await account.run(context)
    assert signer.count == 2
    assert not context.said("order")


async def test_a_read_only_token_of_another_account_is_a_mistake_of_the_configuration(
    stage: Stage,
) -> None:
    context = stage.context(account_index=str(stage.spec.account_index + 1))
    with pytest.raises(ConfigFault, match="private"):
        await account.run(context)


async def test_a_token_that_was_never_given_out_is_rejected(stage: Stage) -> None:
    context = stage.context(private=stage.spec.api_key[:-4] + "dead")
    with pytest.raises(KeyRejected) as caught:
        async with asyncio.timeout(30):
            await account.run(context)
    assert stage.spec.api_key[:-4] not in str(caught.value)


async def test_the_public_key_is_compared_before_anything_else(stage: Stage) -> None:
    context = stage.context(public="ab" * 40)
    with pytest.raises(KeyRejected, match="PUBLIC"):
        async with asyncio.timeout(30):
            await account.run(context)
    assert not context.said("account_snapshot")
