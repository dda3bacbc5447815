"""Whatever children and supervisors do, no period holds more requests than the venue allows."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from greedy_spender import Spender
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.messages.control import LeaseRequest
from actors.runtime.clock import FakeClock
from actors.supervision.budgets import Budgets, Deadline, Told, shares

PERIOD_S = 60.0
ACTORS = [f"account:v:{number}" for number in range(8)]
ADDRESSES = ["", "10.0.0.9:3128"]


class Fleet(RuleBasedStateMachine):
    """Eight children of one venue on two addresses; births, deaths, wishes, bans, restarts."""

    @initialize(count=st.sampled_from([100, 300, 1_000]))
    def begin(self, count: int) -> None:
        self.count = count
        self.clock = FakeClock()
        self.journal: dict[str, Deadline] = {}
        self.epochs = 0
        self.spenders: dict[tuple[str, str], Spender] = {}
        self.sent: dict[str, deque[tuple[int, int]]] = {each: deque() for each in ADDRESSES}
        self.held_until: dict[str, int] = {}
        self.boot()

    def boot(self) -> None:
        now_ns = self.clock.monotonic_ns()
        self.budgets = Budgets(now_ns, self.clock.wall_ns(), self.journal.values())
        self.spenders.clear()

    def tell(self, address: str, told: list[Told]) -> None:
        for actor, lease in told:
            assert lease.exit_address == address
            assert 0 < lease.rate_per_s < self.count / PERIOD_S
            self.spenders[actor, address].hear(lease, self.clock.monotonic_ns())

    def request(self, address: str, wanted: float, **more: float) -> LeaseRequest:
        return LeaseRequest(
            venue="v",
            exit_address=address,
            count=self.count,
            period_s=PERIOD_S,
            wanted_per_s=wanted,
            **more,
        )

    @rule(
        actor=st.sampled_from(ACTORS),
        address=st.sampled_from(ADDRESSES),
        wanted=st.sampled_from([0.05, 1.0, 5.0, 50.0]),
        opening=st.sampled_from([0.0, 1.0, 8.0, 500.0]),
    )
    def asks(self, actor: str, address: str, wanted: float, opening: float) -> None:
        """A new incarnation, or the old one with another wish."""
        now_ns = self.clock.monotonic_ns()
        if (actor, address) not in self.spenders:
            self.epochs += 1
            self.spenders[actor, address] = Spender(self.epochs, now_ns)
        epoch = self.spenders[actor, address].epoch
        told = self.budgets.ask(
            actor, epoch, self.request(address, wanted, opening=opening), now_ns
        )
        assert actor in {each.actor for each in told}, "who asks is answered"
        self.tell(address, told)

    @rule(actor=st.sampled_from(ACTORS), address=st.sampled_from(ADDRESSES))
    def gives_back(self, actor: str, address: str) -> None:
        spender = self.spenders.pop((actor, address), None)
        if spender is not None:
            now_ns = self.clock.monotonic_ns()
            self.tell(
                address, self.budgets.ask(actor, spender.epoch, self.request(address, 0), now_ns)
            )

    @rule(actor=st.sampled_from(ACTORS))
    def is_killed(self, actor: str) -> None:
        for address in ADDRESSES:
            spender = self.spenders.pop((actor, address), None)
            if spender is not None:
                told = self.budgets.forget(actor, spender.epoch, self.clock.monotonic_ns())
                self.tell(address, told)

    @rule()
    def all_are_killed(self) -> None:
        self.boot()

    @rule(seconds=st.sampled_from([0.01, 0.5, 4.0, 30.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(actor=st.sampled_from(ACTORS))
    def spends(self, actor: str) -> None:
        now_ns = self.clock.monotonic_ns()
        for address in ADDRESSES:
            spender = self.spenders.get((actor, address))
            sent = spender.spend(now_ns) if spender is not None else 0
            if sent:
                assert now_ns >= self.held_until.get(address, 0), "asked before the deadline"
                self.sent[address].append((now_ns, sent))

    @rule()
    def all_spend(self) -> None:
        for actor in ACTORS:
            self.spends(actor)

    @precondition(lambda self: self.spenders)
    @rule(data=st.data(), wait_s=st.sampled_from([0.5, 8.0, 100.0]))
    def is_turned_away(self, data: st.DataObject, wait_s: float) -> None:
        """A 429: nobody of that address asks before its end, after a restart neither."""
        actor, address = data.draw(st.sampled_from(sorted(self.spenders)))
        now_ns = self.clock.monotonic_ns()
        spender = self.spenders[actor, address]
        request = self.request(address, 1.0, limited_s=wait_s)
        self.tell(address, self.budgets.ask(actor, spender.epoch, request, now_ns))
        until_ns = now_ns + round(wait_s * 1e9)
        self.held_until[address] = max(self.held_until.get(address, 0), until_ns)
        found = self.budgets.deadline(("v", address), now_ns, self.clock.wall_ns())
        assert found is not None
        assert found.not_before_ns - self.clock.wall_ns() == self.held_until[address] - now_ns
        self.journal[address] = found

    @invariant()
    def no_period_is_overfull(self) -> None:
        now_ns = self.clock.monotonic_ns()
        for sent in self.sent.values():
            while sent and sent[0][0] <= now_ns - PERIOD_S * 1e9:
                sent.popleft()
            assert sum(count for _, count in sent) <= self.count

    @invariant()
    def nobody_starves(self) -> None:
        """Equal wishes get equal parts, and nobody less than an equal part of it all."""
        for budget in self.budgets:
            rates = {
                holder.wanted_per_s: holder.lease.rate_per_s for holder in budget.holders.values()
            }
            for wanted, rate in rates.items():
                fair = min(wanted, budget.rate_per_s / len(budget.holders))
                assert rate >= fair * 0.98
            assert budget.leased_per_s <= budget.rate_per_s * 1.02
            assert budget.pool >= 0


TestFleet = Fleet.TestCase


@given(
    total=st.floats(0.1, 100),
    wanted=st.dictionaries(st.text(max_size=3), st.floats(0.001, 100), max_size=20),
)
@example(total=1.0, wanted={})
def test_shares_are_max_min_fair(total: float, wanted: dict[str, float]) -> None:
    found = shares(total, wanted)
    assert found.keys() == wanted.keys()
    assert sum(found.values()) <= total * (1 + 1e-9)
    if sum(wanted.values()) <= total:
        assert all(abs(found[name] - wanted[name]) <= 1e-9 * wanted[name] for name in wanted)
    else:
        assert sum(found.values()) >= total * (1 - 1e-9), "nothing is left while somebody wants"
    # Who wants more never gets less; who got less than wanted got as much as the best served.
    ordered = sorted(wanted, key=lambda name: wanted[name])
    for less, more in pairwise(ordered):
        assert found[less] <= found[more] * (1 + 1e-9)
    short = [found[name] for name in wanted if found[name] < wanted[name] * (1 - 1e-9)]
    assert not short or min(short) >= max(found.values()) * (1 - 1e-9)
