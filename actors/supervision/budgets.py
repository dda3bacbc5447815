"""Divides what a venue allows one exit address among all who leave by it; pure.

The promise: in no period of the venue's limit do more than HEADROOM of it leave by one address,
whoever is born or dies meanwhile. Of these, BURST_SHARE may go at once; the rest is a rate, of
which each holder gets what it wants or, where that is too much, as much as every other (max-min).

Why a death brings no fresh burst: what a holder may save up is never more than its share of the
burst, and each begins with nothing saved but what it gets out of the address's pool. Into the pool
flows the rate that nobody holds. So the dead spent at most rate times lifetime and what was saved
before, and the newborn earns anew. A supervisor that starts knows nothing of the minute before:
its pools begin empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from actors.messages.control import Lease, LeaseRequest

HEADROOM: Final = 0.95
"""Roads are not equally long, and windows may be fixed or sliding: no limit is used to the end."""

BURST_SHARE: Final = 1 / 16
BUDGETS_MAX: Final = 4_096
"""Addresses in use; of idle ones, the one that was touched longest ago is forgotten first."""

SAME_RATE: Final = 0.01
SAME_BURST: Final = 0.1
"""A holder is not told of changes that are smaller than these parts."""


NOTHING: Final = Lease(venue="", rate_per_s=0.0, burst=0.0)


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's Retry-After, kept over restarts: `not_before_ns` is wall time, and `wait_ns` the
    whole wait that ends there, which caps what is left of it after a step of the wall clock."""

    venue: str
    exit_address: str
    not_before_ns: int
    wait_ns: int


class Told(NamedTuple):
    """What one actor must be told."""

    actor: str
    lease: Lease


@dataclass(slots=True)
class Holder:
    """One incarnation and its share."""

    epoch: int
    wanted_per_s: float
    lease: Lease


@dataclass(slots=True)
class Budget:
    """One address at one venue. `pool` is what nobody holds, as it was at `pool_ns`."""

    venue: str
    exit_address: str
    count: int
    period_s: float
    pool: float
    pool_ns: int
    not_before_ns: int = 0
    holders: dict[str, Holder] = field(default_factory=dict)

    @property
    def burst(self) -> float:
        """What may go at once, by all holders together."""
        return max(1.0, self.count * HEADROOM * BURST_SHARE)

    @property
    def rate_per_s(self) -> float:
        usable = self.count * HEADROOM
        return max(usable - self.burst, usable / 2) / self.period_s

    @property
    def leased_per_s(self) -> float:
        return sum(holder.lease.rate_per_s for holder in self.holders.values())

    def settle(self, now_ns: int) -> None:
        """Brings the pool up to `now_ns`: the rate that nobody holds flows into it."""
        idle_per_s = max(0.0, self.rate_per_s - self.leased_per_s)
        self.pool += idle_per_s * (now_ns - self.pool_ns) / 1e9
        self.pool_ns = now_ns
        self.clip()

    def clip(self) -> None:
        """Whatever holders may save up themselves is not the pool's."""
        saved = sum(holder.lease.burst for holder in self.holders.values())
        self.pool = max(0.0, min(self.pool, self.burst - saved))

    def divide(self) -> dict[str, Lease]:
        """What each holder's lease should be now."""
        wanted = {actor: holder.wanted_per_s for actor, holder in self.holders.items()}
        total_per_s = self.rate_per_s
        # One whole request for each: who may never save that up could never send one.
        more = max(0.0, self.burst - len(wanted))
        return {
            actor: Lease(
                venue=self.venue,
                exit_address=self.exit_address,
                rate_per_s=rate_per_s,
                burst=1 + more * rate_per_s / total_per_s,
                not_before_mono_ns=self.not_before_ns,
            )
            for actor, rate_per_s in shares(total_per_s, wanted).items()
        }


def shares(total: float, wanted: Mapping[str, float]) -> dict[str, float]:
    """Max-min: who wants less than an equal part gets it, the others share the rest alike."""
    found: dict[str, float] = {}
    left, waiting = total, len(wanted)
    for name, amount in sorted(wanted.items(), key=lambda each: each[1]):
        found[name] = min(amount, left / waiting)
        left -= found[name]
        waiting -= 1
    return found


Key = tuple[str, str]


class Budgets:
    """All addresses of all venues. Times are CLOCK_MONOTONIC but for those of a Deadline."""

    def __init__(self, now_ns: int, wall_ns: int, deadlines: Iterable[Deadline] = ()) -> None:
        self._born_ns = now_ns
        self._budgets: dict[Key, Budget] = {}
        self._kept: dict[Key, int] = {}
        """Deadlines of addresses that nobody has asked for yet."""
        for each in deadlines:
            left_ns = min(each.not_before_ns - wall_ns, each.wait_ns)
            if left_ns > 0:
                self._kept[each.venue, each.exit_address] = now_ns + left_ns

    def ask(self, actor: str, epoch: int, request: LeaseRequest, now_ns: int) -> list[Told]:
        """Who must be told what; those first whose share became smaller."""
        budget = self._budget(request, now_ns)
        held = budget.holders.get(actor)
        if held is not None and held.epoch > epoch:
            return []
        if request.limited_s > 0:
            until_ns = now_ns + round(request.limited_s * 1e9)
            budget.not_before_ns = max(budget.not_before_ns, until_ns)
            # Who was turned away comes back gently.
            budget.pool = 0.0
        if request.wanted_per_s <= 0:
            budget.holders.pop(actor, None)
            return _tell(budget)
        lease = held.lease if held is not None and held.epoch == epoch else NOTHING
        budget.holders[actor] = Holder(epoch, request.wanted_per_s, lease)
        return _tell(budget, actor, request.opening)

    def forget(self, actor: str, epoch: int, now_ns: int) -> list[Told]:
        """An incarnation is gone; what it held is free for the others."""
        told: list[Told] = []
        for budget in self._budgets.values():
            holder = budget.holders.get(actor)
            if holder is not None and holder.epoch == epoch:
                budget.settle(now_ns)
                del budget.holders[actor]
                told += _tell(budget)
        return told

    def deadline(self, key: Key, now_ns: int, wall_ns: int) -> Deadline | None:
        """The not-before of this address, to be kept; None where none is ahead."""
        budget = self._budgets.get(key)
        if budget is None or budget.not_before_ns <= now_ns:
            return None
        wait_ns = budget.not_before_ns - now_ns
        return Deadline(
            venue=budget.venue,
            exit_address=budget.exit_address,
            not_before_ns=wall_ns + wait_ns,
            wait_ns=wait_ns,
        )

    def __iter__(self) -> Iterator[Budget]:
        return iter(self._budgets.values())

    def _budget(self, request: LeaseRequest, now_ns: int) -> Budget:
        """The address's budget, by the newest word on the venue's limit, moved to the end."""
        key = request.venue, request.exit_address
        budget = self._budgets.pop(key, None)
        if budget is None:
            self._make_room(now_ns)
            budget = Budget(*key, request.count, request.period_s, 0.0, self._born_ns)
            budget.not_before_ns = self._kept.pop(key, 0)
        budget.count, budget.period_s = request.count, request.period_s
        budget.settle(now_ns)
        self._budgets[key] = budget
        return budget

    def _make_room(self, now_ns: int) -> None:
        """What comes back after so many others begins with a full pool: it was long idle."""
        if len(self._budgets) < BUDGETS_MAX:
            return
        for key, budget in self._budgets.items():
            if not budget.holders and budget.not_before_ns <= now_ns:
                del self._budgets[key]
                return


def _tell(budget: Budget, asker: str = "", opening: float = 0.0) -> list[Told]:
    """Divides anew. The asker is told in any case; its first requests come out of the pool."""
    told: list[tuple[float, Told]] = []
    for actor, lease in budget.divide().items():
        holder = budget.holders[actor]
        before_per_s = holder.lease.rate_per_s
        if actor != asker and _alike(holder.lease, lease):
            continue
        holder.lease = lease
        said = lease
        if actor == asker:
            given = min(opening, lease.burst, budget.pool)
            budget.pool -= given
            said = msgspec.structs.replace(lease, opening=given)
        told.append((lease.rate_per_s - before_per_s, Told(actor, said)))
    budget.clip()
    told.sort(key=lambda each: each[0])
    return [each for _, each in told]


def _alike(one: Lease, other: Lease) -> bool:
    return (
        abs(one.rate_per_s - other.rate_per_s) <= SAME_RATE * one.rate_per_s
        and abs(one.burst - other.burst) <= SAME_BURST * one.burst
        and one.not_before_mono_ns == other.not_before_mono_ns
    )
