"""Wishes become orders for the kernel, and a stream that ended is told of once it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime.clock import FakeClock
from actors.supervision import demand_desk
from actors.supervision.demand import LEASE_S, LINGER_S
from actors.supervision.demand_desk import DemandDesk
from actors.supervision.events import AddChild, Message, RemoveChild
from actors.supervision.spec import ChildKind, ChildSpec

A, B, C = (f"ticker:extended:linear:{name}-USD" for name in ("A", "B", "C"))


def make_spec(topic: str) -> ChildSpec | None:
    if not topic.startswith("ticker:"):
        return None
    return ChildSpec(actor=topic, kind=ChildKind.STREAM, entry="x:run", config={})


class World:
    """A kernel that does what it is told, at once or when `dies` says so."""

    def __init__(self, streams_max: int = 2) -> None:
        self.clock = FakeClock()
        self.living: set[str] = set()
        self.orders: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.mourners: list[Callable[[str, int], None]] = []
        self.desk = DemandDesk(
            streams_max=streams_max,
            make_spec=make_spec,
            children=self,
            post=self.post,
            ended=self.ended.append,
            clock=self.clock,
        )

    def post(self, message: Message) -> None:
        match message:
            case AddChild(spec=spec):
                self.orders.append(("add", spec.actor))
                self.living.add(spec.actor)
            case RemoveChild(actor=actor):
                self.orders.append(("remove", actor))
            case other:
                raise AssertionError(f"no order of a desk: {other}")

    def dies(self, actor: str) -> None:
        self.living.discard(actor)
        for mourner in self.mourners:
            mourner(actor, 1)

    def runs(self, actor: str) -> bool:
        return actor in self.living

    def mourns(self, mourner: Callable[[str, int], None]) -> None:
        self.mourners.append(mourner)

    async def want(self, web: str, *topics: str) -> dict[str, Any]:
        operation = self.desk.operations()["demand"]
        assert (operation.must, operation.lists) == ({"web", "topics"}, {"topics"})
        return await operation.answer({"web": web, "topics": list(topics)})

    async def ticks(self, count: int, seconds: float = 0.0) -> None:
        """So many looks of the desk, `seconds` of the clock before each."""
        for _ in range(count):
            self.clock.advance(seconds)
            await asyncio.sleep(demand_desk.TICK_S * 1.5)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demand_desk, "TICK_S", 0.01)


async def test_the_first_wish_starts_and_all_processes_wishes_count() -> None:
    world = World()
    assert await world.want("web:1", A) == {"running": [A], "refused": {}}
    assert await world.want("web:2", A, B) == {"running": [A, B], "refused": {}}
    assert world.orders == [("add", A), ("add", B)]
    await world.want("web:1")
    world.clock.advance(LEASE_S - 1)
    await world.want("web:2", A, B)
    await world.ticks(2)
    assert len(world.orders) == 2


async def test_what_cannot_run_is_refused_with_the_reason() -> None:
    world = World(streams_max=1)
    answer = await world.want("web:1", "klines:x", A, B)
    assert answer["running"] == [A]
    assert answer["refused"] == {
        "klines:x": "expected a market stream that this service can run",
        B: "1 streams run on demand already (STREAMS_MAX)",
    }
    assert world.orders == [("add", A)]


async def test_after_the_last_wish_it_lingers_is_stopped_and_then_forgotten() -> None:
    world = World()
    await world.want("web:1", A)
    await world.want("web:1")
    await world.ticks(3, LINGER_S / 4)
    assert world.orders == [("add", A)]
    await world.ticks(2, LINGER_S / 4)
    assert world.orders == [("add", A), ("remove", A)]
    await world.ticks(4)
    # Its process lives still: what it says last must not come after its end.
    assert world.ended == []
    world.dies(A)
    await world.ticks(4)
    assert world.ended == [A]
    await world.ticks(3)
    assert (world.ended, world.orders) == ([A], [("add", A), ("remove", A)])


async def test_wanted_again_while_it_stops_it_is_started_and_not_forgotten() -> None:
    world = World()
    await world.want("web:1", A)
    await world.want("web:1")
    await world.ticks(1, LINGER_S + 1)
    assert world.orders[-1] == ("remove", A)
    await world.want("web:1", A)
    assert world.orders[-1] == ("add", A)
    world.dies(A)
    await world.ticks(4)
    assert world.ended == []


async def test_an_idle_stream_gives_way_at_once_to_a_wanted_one() -> None:
    world = World(streams_max=1)
    await world.want("web:1", A)
    await world.want("web:1")
    world.clock.advance(1)
    assert (await world.want("web:1", B))["running"] == [B]
    assert world.orders == [("add", A), ("remove", A), ("add", B)]


async def test_a_web_process_that_died_or_fell_silent_wants_nothing() -> None:
    world = World()
    await world.want("web:1", A)
    await world.want("web:2", B)
    world.dies("web:1")
    await world.ticks(1, LINGER_S + 1)
    assert ("remove", A) in world.orders
    # The word of the other ran out meanwhile, and its stream lingers since then.
    assert ("remove", B) not in world.orders
    await world.ticks(1, LEASE_S)
    assert ("remove", B) in world.orders


async def test_nobody_runs_where_none_are_allowed() -> None:
    world = World(streams_max=0)
    answer = await world.want("web:1", A, C)
    assert answer["running"] == []
    assert set(answer["refused"]) == {A, C}
