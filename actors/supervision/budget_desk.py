"""Hears what children want to ask of venues, tells them their leases, and shows the budgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pykka

from actors.messages.control import LeaseRequest
from actors.runtime.clock import Clock
from actors.supervision.budgets import Budget, Budgets, Deadline, Told
from actors.supervision.children import Children
from actors.supervision.control_server import Operation

JOURNAL_OPEN_S: Final = 30.0


def kept_deadlines(journal: pykka.ActorRef[Any]) -> tuple[Deadline, ...]:
    """Those of earlier runs; blocks until the journal has been read."""
    found: tuple[Deadline, ...]
    found = journal.ask("deadlines", block=True, timeout=JOURNAL_OPEN_S)
    return found


class BudgetDesk:
    """Lives on the watcher's loop; `journal` keeps each not-before before anybody can die of it."""

    def __init__(
        self,
        *,
        children: Children,
        journal: pykka.ActorRef[Any],
        clock: Clock,
        deadlines: Iterable[Deadline],
    ) -> None:
        self._children = children
        self._journal = journal
        self._clock = clock
        self._budgets = Budgets(clock.monotonic_ns(), clock.wall_ns(), deadlines)
        children.hears("lease_request", LeaseRequest, self._hear)
        children.mourns(self._mourn)

    def operations(self) -> dict[str, Operation]:
        return {"budgets": Operation(answer=self._show)}

    def _hear(self, actor: str, epoch: int, request: LeaseRequest) -> None:
        now_ns = self._clock.monotonic_ns()
        told = self._budgets.ask(actor, epoch, request, now_ns)
        if request.limited_s > 0:
            key = request.venue, request.exit_address
            deadline = self._budgets.deadline(key, now_ns, self._clock.wall_ns())
            if deadline is not None:
                self._journal.tell(deadline)
        self._tell(told)

    def _mourn(self, actor: str, epoch: int) -> None:
        self._tell(self._budgets.forget(actor, epoch, self._clock.monotonic_ns()))

    def _tell(self, told: Iterable[Told]) -> None:
        for actor, lease in told:
            self._children.forward(actor, "lease", lease)

    async def _show(self, _: Mapping[str, Any]) -> dict[str, Any]:
        now_ns = self._clock.monotonic_ns()
        wall_ns = self._clock.wall_ns()
        return {"budgets": [_shown(budget, now_ns, wall_ns) for budget in self._budgets]}


def _shown(budget: Budget, now_ns: int, wall_ns: int) -> dict[str, Any]:
    budget.settle(now_ns)
    left_ns = budget.not_before_ns - now_ns
    return {
        "venue": budget.venue,
        "exit_address": budget.exit_address,
        "limit": {"count": budget.count, "period_s": budget.period_s},
        "rate_per_s": budget.rate_per_s,
        "leased_per_s": budget.leased_per_s,
        "burst": budget.burst,
        "pool": budget.pool,
        "not_before_us": (wall_ns + left_ns) // 1_000 if left_ns > 0 else None,
        "leases": {
            actor: {
                "wanted_per_s": holder.wanted_per_s,
                "rate_per_s": holder.lease.rate_per_s,
                "burst": holder.lease.burst,
            }
            for actor, holder in budget.holders.items()
        },
    }
