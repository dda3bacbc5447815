"""The desk of budgets: who is told, what is kept, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pykka

from actors.messages.control import Lease, LeaseRequest
from actors.runtime.clock import FakeClock
from actors.supervision.budget_desk import BudgetDesk
from actors.supervision.budgets import Deadline
from actors.supervision.children import Children

A, B = "account:extended:1", "account:extended:2"


class Family:
    """Stands where the children are."""

    def __init__(self) -> None:
        self.told: list[tuple[str, msgspec.Struct]] = []

    def hears(self, kind: str, struct: type[msgspec.Struct], ear: Callable[..., None]) -> None:
        assert (kind, struct) == ("lease_request", LeaseRequest)
        self.ear = ear

    def mourns(self, mourner: Callable[[str, int], None]) -> None:
        self.mourner = mourner

    def forward(self, actor: str, kind: str, message: msgspec.Struct) -> bool:
        assert kind == "lease"
        self.told.append((actor, message))
        return True


class Journal:
    def __init__(self) -> None:
        self.kept: list[Deadline] = []

    def tell(self, deadline: Deadline) -> None:
        self.kept.append(deadline)


def request(wanted: float, limited_s: float = 0) -> LeaseRequest:
    return LeaseRequest(
        venue="extended", count=1_000, period_s=60.0, wanted_per_s=wanted, limited_s=limited_s
    )


async def test_leases_deadlines_and_what_is_shown() -> None:
    clock, family, journal = FakeClock(), Family(), Journal()
    desk = BudgetDesk(
        children=cast("Children", family),
        journal=cast("pykka.ActorRef[Any]", journal),
        clock=clock,
        deadlines=(),
    )
    family.ear(A, 1, request(5))
    family.ear(B, 7, request(50))
    assert [actor for actor, _ in family.told] == [A, B]
    assert journal.kept == []

    family.told.clear()
    family.ear(A, 1, request(5, limited_s=30))
    assert {actor for actor, _ in family.told} == {A, B}
    until_ns = clock.monotonic_ns() + 30_000_000_000
    leases = [cast("Lease", lease) for _, lease in family.told]
    assert {lease.not_before_mono_ns for lease in leases} == {until_ns}
    wall_ns = clock.wall_ns() + 30_000_000_000
    assert [each.not_before_ns for each in journal.kept] == [wall_ns]

    shown = await desk.operations()["budgets"].answer({})
    (budget,) = shown["budgets"]
    assert budget["limit"] == {"count": 1_000, "period_s": 60.0}
    assert budget["not_before_us"] == wall_ns // 1_000
    assert budget["leases"][A]["rate_per_s"] == 5
    assert budget["leased_per_s"] == budget["rate_per_s"]

    family.mourner(B, 7)
    clock.advance(30)
    (budget,) = (await desk.operations()["budgets"].answer({}))["budgets"]
    assert set(budget["leases"]) == {A}
    assert budget["not_before_us"] is None
