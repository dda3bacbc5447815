"""The kernel against anything that may happen in any order: what must hold always, holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from actors.messages.control import Heartbeat
from actors.runtime.clock import FakeClock
from actors.supervision.kernel import (
    AddChild,
    Beat,
    BecameReady,
    Boot,
    Command,
    Dumped,
    Effect,
    Exited,
    ExitInfo,
    Instant,
    KernelState,
    Kill,
    Limits,
    Message,
    Publish,
    Quit,
    Record,
    Remember,
    Remembered,
    RemoveChild,
    SendStop,
    Shutdown,
    Spawn,
    Spawned,
    SpawnFailed,
    State,
    SupervisorStalled,
    TakeDump,
    Tick,
    ZygoteLost,
    ZygoteReady,
    new_state,
    next_deadline_ns,
    step,
)
from actors.supervision.schedule import longest_wait_ns
from actors.supervision.spec import ChildKind, ChildSpec
from actors.supervision.states import ALIVE, TRANSITIONS, WAITING

SPECS = (
    ChildSpec(actor="cache", kind=ChildKind.CACHE, entry="zoo:run"),
    ChildSpec(actor="web:1", kind=ChildKind.WEB, entry="zoo:run"),
    ChildSpec(actor="account:x:1", kind=ChildKind.ACCOUNT, entry="zoo:run"),
    ChildSpec(actor="account:x:2", kind=ChildKind.ACCOUNT, entry="zoo:run", quarantined="no key"),
    ChildSpec(actor="orderbook:x:spot:A", kind=ChildKind.STREAM, entry="zoo:run"),
)
ON_DEMAND = ChildSpec(actor="orderbook:x:spot:B", kind=ChildKind.STREAM, entry="zoo:run")
ACTORS = tuple(spec.actor for spec in (*SPECS, ON_DEMAND))
LIMITS = Limits()

actors = st.sampled_from(ACTORS)
seconds = st.one_of(
    st.sampled_from([0.0, 0.2, 1.0, 5.0, 20.0, 60.0, 66.0, 300.0, 1_800.0]),
    st.floats(0.0, 90_000.0, allow_nan=False),
)
ends = st.builds(
    ExitInfo,
    code=st.sampled_from([None, 0, 1, 77, 78, 255]),
    signal=st.sampled_from([None, 9, 11]),
)


@dataclass
class Process:
    """One incarnation in the world outside."""

    pid: int
    answered: bool = False
    killed: bool = False
    told: bool = False


@dataclass
class Outside:
    """Zygote and processes, as the effects made them."""

    living: dict[tuple[str, int], Process] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    memories: dict[str, Remembered] = field(default_factory=dict)
    zygote_up: bool = True
    pids: int = 100


def paths() -> dict[State, frozenset[State]]:
    """From where to where one step may lead: moves of the table, several in a row."""
    reach: dict[State, set[State]] = {state: {state} for state in State}
    for _ in State:
        for state in State:
            for middle in tuple(reach[state]):
                reach[state] |= set(TRANSITIONS[middle].values())
    return {state: frozenset(found) for state, found in reach.items()}


REACH = paths()


class KernelMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.outside = Outside()
        self.state: KernelState = new_state(LIMITS, 0)
        self.closing_since: int | None = None
        self.quits = 0

    # the loop around the kernel

    def tell(self, message: Message) -> None:
        before = self.state
        now = Instant(self.clock.monotonic_ns(), self.clock.wall_ns())
        self.state, effects = step(before, message, now)
        assert (self.state, effects) == step(before, message, now), "not a function"
        for actor, child in self.state.children.items():
            if actor in before.children:
                assert child.state in REACH[before.children[actor].state]
        for effect in effects:
            self.carry_out(effect, effects)

    def carry_out(self, effect: Effect, together: tuple[Effect, ...]) -> None:
        outside = self.outside
        match effect:
            case Spawn(actor, epoch):
                assert outside.zygote_up, "a start that nobody can carry out"
                assert self.closing_since is None, "a start during the shutdown"
                assert epoch > outside.epochs.get(actor, 0), "epochs rise"
                assert not self.state.children[actor].spec.quarantined
                assert outside.memories[actor].last_epoch >= epoch, "remembered before the act"
                # What an earlier start may have left is ended by whoever carries this out.
                for key in [key for key in outside.living if key[0] == actor]:
                    old = outside.living[key]
                    assert old.killed or not old.answered, "two incarnations"
                    del outside.living[key]
                outside.epochs[actor] = epoch
                outside.pids += 1
                outside.living[actor, epoch] = Process(outside.pids)
            case Kill(actor, epoch, pid) | TakeDump(actor, epoch, pid):
                process = outside.living.get((actor, epoch))
                if process is not None:
                    assert process.pid == pid, "the pid of another incarnation"
                    process.killed |= isinstance(effect, Kill)
            case SendStop(actor, epoch):
                assert (actor, epoch) in outside.living
                outside.living[actor, epoch].told = True
            case Remember(actor, memory):
                assert memory.last_epoch >= outside.epochs.get(actor, 0)
                outside.memories[actor] = memory
            case Record(record):
                assert record.uptime_ms >= 0
                assert record.cause in {
                    "exit",
                    "signal",
                    "hung",
                    "memory",
                    "stopped",
                    "config",
                    "key",
                    "lost",
                }
            case Publish(status):
                assert status.state != "exited"
                waiting = status.state in {"backoff", "quarantined"}
                assert waiting or status.next_restart_mono_ns is None
                assert status.state != "backoff" or status.next_restart_mono_ns is not None
            case Quit(code):
                assert code == 0
                self.quits += 1
                assert together.count(effect) == 1

    # what may happen

    @initialize(seed=st.integers(0, 2**64 - 1))
    def boot(self, seed: int) -> None:
        self.state = new_state(LIMITS, seed)
        self.tell(Boot(SPECS))

    def known(self, actor: str) -> tuple[int, Process] | None:
        epoch = self.outside.epochs.get(actor, 0)
        process = self.outside.living.get((actor, epoch))
        return (epoch, process) if process else None

    @rule(actor=actors)
    def answer(self, actor: str) -> None:
        found = self.known(actor)
        if found and not found[1].answered:
            found[1].answered = True
            self.tell(Spawned(actor, found[0], found[1].pid))

    @rule(actor=actors)
    def refuse(self, actor: str) -> None:
        found = self.known(actor)
        if found and not found[1].answered:
            del self.outside.living[actor, found[0]]
            self.tell(SpawnFailed(actor, found[0], "EAGAIN"))

    @rule(actor=actors)
    def ready(self, actor: str) -> None:
        if found := self.known(actor):
            self.tell(BecameReady(actor, found[0]))

    @rule(actor=actors, good=st.integers(0, 2), rss=st.sampled_from([1 << 20, 2 << 30]))
    def beat(self, actor: str, good: int, rss: int) -> None:
        if found := self.known(actor):
            beat = Heartbeat(
                at_mono_ns=self.clock.monotonic_ns(),
                good_events=good,
                rss_bytes=rss,
                private_bytes=rss,
                cpu_ms=5.0,
            )
            self.tell(Beat(actor, found[0], beat))

    @rule(actor=actors, end=ends)
    def die(self, actor: str, end: ExitInfo) -> None:
        found = self.known(actor)
        if found and found[1].answered:
            del self.outside.living[actor, found[0]]
            self.tell(Exited(actor, found[0], end))

    @rule(actor=actors)
    def dumped(self, actor: str) -> None:
        if found := self.known(actor):
            self.tell(Dumped(actor, found[0]))

    @rule(actor=actors, back=st.integers(1, 3), end=ends)
    def say_something_old(self, actor: str, back: int, end: ExitInfo) -> None:
        epoch = self.outside.epochs.get(actor, 0) - back
        before = self.state
        self.tell(Exited(actor, epoch, end))
        self.tell(BecameReady(actor, epoch))
        assert self.state == before

    @rule(
        actor=st.sampled_from((*ACTORS, "account:nobody:9")),
        op=st.sampled_from(["restart", "stop", "start", "reset", "explode"]),
    )
    def order(self, actor: str, op: str) -> None:
        self.tell(Command(op, actor))

    @rule()
    def add(self) -> None:
        self.tell(AddChild(ON_DEMAND))

    @rule()
    def remove(self) -> None:
        self.tell(RemoveChild(ON_DEMAND.actor))

    @rule()
    def lose_zygote(self) -> None:
        self.outside.zygote_up = False
        # The unanswered starts' lifelines are closed before it is said.
        for key in [key for key, process in self.outside.living.items() if not process.answered]:
            del self.outside.living[key]
        self.tell(ZygoteLost())

    @rule()
    def find_zygote(self) -> None:
        self.outside.zygote_up = True
        self.tell(ZygoteReady())

    @rule(wait_s=seconds)
    def stall(self, wait_s: float) -> None:
        self.clock.advance(wait_s)
        self.tell(SupervisorStalled(round(wait_s * 1e9)))

    @rule(step_s=st.floats(-1e7, 1e7, allow_nan=False))
    def step_wall(self, step_s: float) -> None:
        self.clock.step_wall(step_s)

    @rule(wait_s=seconds)
    def wait(self, wait_s: float) -> None:
        """Time passes with a Tick at each deadline; a kernel that never lets it pass would spin."""
        end_ns = self.clock.monotonic_ns() + round(wait_s * 1e9)
        for _ in range(200_000):
            due_ns = next_deadline_ns(self.state)
            if due_ns is None or due_ns > end_ns:
                break
            ahead_ns = max(due_ns - self.clock.monotonic_ns(), 0)
            self.clock.advance(ahead_ns / 1e9)
            before = self.state
            self.tell(Tick())
            assert self.state != before, "a Tick at its deadline changes something"
            # Bounded work: nobody waits for a process that does not answer for a whole day.
            if self.clock.monotonic_ns() - (end_ns - round(wait_s * 1e9)) > 400 * 10**9:
                break
        else:
            raise AssertionError("time stands still")

    @precondition(lambda self: self.closing_since is None)
    @rule()
    def restart_supervisor(self) -> None:
        """It dies (its children with it), and another reads the journal."""
        self.outside.living.clear()
        self.outside.zygote_up = True
        self.state = new_state(LIMITS, self.state.seed)
        self.tell(Boot(SPECS, dict(self.outside.memories)))

    @precondition(lambda self: self.closing_since is None)
    @rule(sure=st.integers(0, 3))
    def shut_down(self, sure: int) -> None:
        if sure == 0:  # else every run would be over soon
            self.closing_since = self.clock.monotonic_ns()
            self.tell(Shutdown())

    # what must hold

    @invariant()
    def one_incarnation_each(self) -> None:
        living = [actor for actor, _ in self.outside.living]
        assert len(living) == len(set(living))

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """Each child is alive, waits for a time, or waits for somebody by a rule that is known."""
        for child in self.state.children.values():
            if child.state in ALIVE:
                assert child.deadline_ns is not None, "a process that nobody watches"
            elif child.state is State.BACKOFF:
                assert child.deadline_ns is not None
            elif child.state is State.NEW:
                assert not self.state.zygote_up or self.closing_since is not None
            elif child.state is State.QUARANTINED and child.deadline_ns is None:
                assert child.spec.quarantined or child.quarantine == "config"
            assert child.state is not State.EXITED

    @invariant()
    def no_wait_is_too_long(self) -> None:
        for child in self.state.children.values():
            if child.state in WAITING and child.deadline_ns is not None:
                longest = longest_wait_ns(LIMITS, child.spec.kind, child.state is State.QUARANTINED)
                assert child.deadline_ns <= self.clock.monotonic_ns() + longest

    @invariant()
    def the_end_comes_in_time(self) -> None:
        assert self.quits <= 1
        if self.closing_since is None:
            assert self.quits == 0
            return
        bound_ns = self.closing_since + round(LIMITS.shutdown_bound_s * 1e9)
        due_ns = next_deadline_ns(self.state)
        assert self.quits == 1 or (due_ns is not None and due_ns <= bound_ns)

    def settle(self) -> None:
        """Every start is answered, every child that should end ends, the others become READY."""
        for _ in range(4):
            for actor, epoch in tuple(self.outside.living):
                child = self.state.children.get(actor)
                self.answer(actor)
                if child is not None and child.state is State.STARTING:
                    self.ready(actor)
                elif child is None or child.state is not State.READY:
                    self.outside.living.pop((actor, epoch), None)
                    self.tell(Exited(actor, epoch, ExitInfo(code=0)))

    def teardown(self) -> None:
        """After any story: with a zygote and honest children, everyone wanted is READY again."""
        if self.closing_since is not None or not self.state.children:
            return
        self.find_zygote()
        for _ in range(12):
            self.settle()
            due = [
                child.deadline_ns
                for child in self.state.children.values()
                if child.state in WAITING and child.deadline_ns is not None
            ]
            if not due:
                break
            self.clock.advance(max(0, max(due) - self.clock.monotonic_ns()) / 1e9 + 1e-6)
            self.tell(SupervisorStalled(0))
            self.tell(Tick())
        for child in self.state.children.values():
            wanted_not = {State.STOPPED, State.QUARANTINED}
            assert child.state is State.READY or child.state in wanted_not, child.state


KernelMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, print_blob=True
)
TestKernelMachine = KernelMachine.TestCase
