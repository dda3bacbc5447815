"""Request budgets on a fake clock: the worst that children do, and who gets what."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import pytest
from greedy_spender import Spender

from actors.messages.control import LeaseRequest
from actors.runtime.clock import FakeClock
from actors.supervision.budgets import BUDGETS_MAX, HEADROOM, Budgets, Deadline, Told

COUNT, PERIOD_S = 1_000, 60.0
STEP_S = 0.25


def request(
    wanted: float, opening: float = 0, limited_s: float = 0, address: str = ""
) -> LeaseRequest:
    return LeaseRequest(
        venue="v",
        exit_address=address,
        count=COUNT,
        period_s=PERIOD_S,
        wanted_per_s=wanted,
        opening=opening,
        limited_s=limited_s,
    )


def rates(told: Iterable[Told]) -> dict[str, float]:
    return {each.actor: round(each.lease.rate_per_s, 3) for each in told}


class Street:
    """All who leave by one address, greedy; `busiest` is the fullest period that ever was."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.spenders: dict[str, Spender] = {}
        self.sent: deque[tuple[int, int]] = deque()
        self.busiest = self.total = self.epochs = 0
        self.boot()

    @property
    def now_ns(self) -> int:
        return self.clock.monotonic_ns()

    def boot(self) -> None:
        self.budgets = Budgets(self.now_ns, self.clock.wall_ns())
        self.spenders.clear()

    def born(self, actor: str, wanted: float, opening: float = 8) -> None:
        self.epochs += 1
        self.spenders[actor] = Spender(self.epochs, self.now_ns)
        self.hear(self.budgets.ask(actor, self.epochs, request(wanted, opening), self.now_ns))

    def killed(self, actor: str) -> None:
        epoch = self.spenders.pop(actor).epoch
        self.hear(self.budgets.forget(actor, epoch, self.now_ns))

    def hear(self, told: list[Told]) -> None:
        for actor, lease in told:
            self.spenders[actor].hear(lease, self.now_ns)

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.clock.advance(STEP_S)
            self.spend()

    def spend(self) -> None:
        sent = sum(one.spend(self.now_ns) for one in self.spenders.values())
        self.total += sent
        self.sent.append((self.now_ns, sent))
        while self.sent[0][0] <= self.now_ns - PERIOD_S * 1e9:
            self.sent.popleft()
        self.busiest = max(self.busiest, sum(count for _, count in self.sent))


def test_eight_who_want_too_much_use_the_limit_but_for_the_headroom() -> None:
    street = Street()
    for number in range(8):
        street.born(f"a{number}", wanted=6)
    street.run(300)
    assert street.busiest <= COUNT * HEADROOM
    assert street.total >= 5 * COUNT * 0.85, "nor is it wasted"


def test_a_crash_loop_gets_no_fresh_burst_each_time() -> None:
    street = Street()
    for number in range(8):
        street.born(f"a{number}", wanted=6)
    street.run(70)
    for turn in range(600):
        actor = f"a{turn % 8}"
        street.killed(actor)
        street.born(actor, wanted=6, opening=50)
        street.spend()
        street.run(STEP_S)
    assert street.busiest <= COUNT * HEADROOM


def test_one_alone_that_dies_again_and_again_gets_what_is_saved_once() -> None:
    street = Street()
    street.born("a", wanted=6)
    street.run(70)
    for _ in range(1_000):
        street.killed("a")
        street.born("a", wanted=6, opening=50)
        street.spend()
        street.run(STEP_S)
    assert street.busiest <= COUNT * HEADROOM


def test_a_service_that_is_killed_again_and_again_stays_within_the_limit() -> None:
    street = Street()
    for _ in range(100):
        street.boot()
        for number in range(20):
            street.born(f"a{number}", wanted=6, opening=50)
        street.spend()
        street.run(3)
    assert street.busiest <= COUNT * HEADROOM


def test_a_hundred_come_up_paced_and_none_waits_for_ever() -> None:
    street = Street()
    for number in range(100):
        street.born(f"a{number}", wanted=6)
    street.run(120)
    assert street.busiest <= COUNT
    assert street.total >= 2 * COUNT * 0.85
    assert len({round(one.saved, 6) for one in street.spenders.values()}) <= 2, "all alike"


def test_an_address_that_was_quiet_lets_a_newcomer_catch_up_at_once() -> None:
    street = Street()
    street.clock.advance(10)
    told = street.budgets.ask("a", 1, request(6, opening=8), street.now_ns)
    assert [each.lease.opening for each in told] == [8]
    assert street.budgets.ask("b", 1, request(6, opening=500), street.now_ns)[-1].lease.opening < 60


def test_who_wants_little_gets_it_and_the_rest_is_shared_alike() -> None:
    street = Street()
    ask = street.budgets.ask
    assert rates(ask("little", 1, request(0.5), 0)) == {"little": 0.5}
    assert rates(ask("big", 1, request(10), 0)) == {"big": 10}
    assert rates(ask("bigger", 1, request(100), 0)) == {"big": 7.172, "bigger": 7.172}
    assert [each.actor for each in ask("next", 1, request(100), 0)][-1] == "next", (
        "others step back before a newcomer is let in"
    )
    assert rates(street.budgets.forget("next", 1, 0)) == {"big": 7.172, "bigger": 7.172}
    assert street.budgets.forget("next", 1, 0) == []
    assert rates(ask("bigger", 1, request(0), 0)) == {"big": 10}, "given back"
    assert rates(ask("big", 1, request(2), 0)) == {"big": 2}


def test_an_older_incarnation_has_no_say() -> None:
    street = Street()
    street.budgets.ask("a", 2, request(5), 0)
    assert street.budgets.ask("a", 1, request(50), 0) == []
    assert street.budgets.forget("a", 1, 0) == []
    assert rates(street.budgets.forget("a", 2, 0)) == {}


def test_a_retry_after_holds_all_of_the_address_and_nobody_else() -> None:
    street = Street()
    ask = street.budgets.ask
    ask("a", 1, request(1), 0)
    ask("b", 1, request(1), 0)
    ask("c", 1, request(1, address="10.0.0.9:3128"), 0)
    told = ask("a", 1, request(1, limited_s=30), 0)
    assert {each.actor: each.lease.not_before_mono_ns for each in told} == {
        "a": 30_000_000_000,
        "b": 30_000_000_000,
    }
    shorter = ask("b", 1, request(1, limited_s=1), 0)
    assert shorter[0].lease.not_before_mono_ns == 30_000_000_000
    assert ask("d", 1, request(1), 29_000_000_000)[-1].lease.not_before_mono_ns == 30_000_000_000


@pytest.mark.parametrize(
    ("wall_step_s", "left_s"),
    [(0, 22), (3_600, None), (-3_600, 30), (-10, 30)],
    ids=["as it was", "wall clock ahead", "wall clock back", "a little back"],
)
def test_a_deadline_outlives_the_supervisor(wall_step_s: float, left_s: float | None) -> None:
    """Eight seconds later; a wall clock that was set back lengthens no wait."""
    before = FakeClock()
    first = Budgets(before.monotonic_ns(), before.wall_ns())
    first.ask("a", 1, request(1, limited_s=30), before.monotonic_ns())
    kept = first.deadline(("v", ""), before.monotonic_ns(), before.wall_ns())
    assert kept is not None
    after_ns = 77_000_000_000
    wall_ns = before.wall_ns() + round((8 + wall_step_s) * 1e9)
    second = Budgets(after_ns, wall_ns, [kept])
    lease = second.ask("a", 1, request(1), after_ns)[0].lease
    expected = 0 if left_s is None else after_ns + round(left_s * 1e9)
    assert lease.not_before_mono_ns == expected
    again = second.deadline(("v", ""), after_ns, wall_ns)
    assert (again is None) == (left_s is None)


def test_addresses_that_nobody_uses_are_forgotten() -> None:
    budgets = Budgets(0, 0, [Deadline(venue="v", exit_address="x", not_before_ns=1, wait_ns=1)])
    budgets.ask("held", 1, request(1, address="held"), 0)
    for number in range(BUDGETS_MAX + 10):
        budgets.ask("a", number, request(1, address=str(number)), 0)
        budgets.ask("a", number, request(0, address=str(number)), 0)
    kept = [budget.exit_address for budget in budgets]
    assert len(kept) == BUDGETS_MAX
    assert "held" in kept
