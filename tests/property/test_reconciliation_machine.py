"""However stream, REST and lives interleave: no account event is lost, doubled or out of order.

The machine drives the real AccountStream and Reconciler against a small world that knows the
truth. "Published" is what a client would get in the end: it outlives the actor's lives, as the
cache's journal does.
"""

from __future__ import annotations

from typing import Any, cast

from account_world import ACCOUNT, PRODUCT, VENUE, World, number
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.account_feed import Feed
from actors.account_stream import AccountStream
from actors.errors import Disconnected, MalformedFrame
from actors.messages.account import OPEN_STATUSES, AccountSnapshot, Fill, Order, Position
from actors.messages.control import Welcome
from actors.reconciliation import AccountEvent, CatchUp, Reconciler
from actors.runtime.clock import FakeClock
from actors.runtime.context import Progress
from actors.runtime.frames import KeptFrame
from actors.venues.contract import Event

PAGE = 60
"""More than one run makes: how deep lists are read is tested beside."""
FILLS_IN_WELCOME = 500


class Published:
    """Stands for the feed and the cache behind it."""

    def __init__(self) -> None:
        self.log: list[AccountEvent] = []
        self.fills: list[Fill] = []
        self.orders: list[Order] = []
        self.positions: dict[str, Position] = {}
        self.figures: AccountSnapshot | None = None

    def publish(self, news: list[AccountEvent]) -> None:
        for message in news:
            self.log.append(message)
            match message:
                case Fill():
                    self.fills.append(message)
                case Order():
                    self.orders.append(message)
                case Position():
                    self.positions[message.position_id] = message
                case AccountSnapshot():
                    self.figures = message

    def forget(self, share: float) -> None:
        """Its journal was cut short: only the first part of what was told is left."""
        kept = self.log[: round(len(self.log) * share)]
        self.__init__()  # type: ignore[misc]
        self.publish(kept)

    def welcome(self) -> Welcome:
        latest = {each.order_id: each for each in self.orders}
        return Welcome(
            stream_id="s",
            cursors={f"orders:{VENUE}:{ACCOUNT}": str(max(each.version for each in self.orders))}
            if self.orders
            else {},
            held={
                f"orders:{VENUE}:{ACCOUNT}": tuple(
                    key for key, each in latest.items() if each.status in OPEN_STATUSES
                ),
                f"positions:{VENUE}:{ACCOUNT}": tuple(
                    key for key, each in self.positions.items() if each.quantity != "0"
                ),
            },
            fills={
                f"fills:{VENUE}:{ACCOUNT}": tuple(
                    each.fill_id for each in self.fills[-FILLS_IN_WELCOME:]
                )
            },
        )


class Reconciliation(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.clock = FakeClock()
        self.world = World()
        self.cache = Published()
        self.asked: CatchUp | None = None
        self.connected = False
        self.ordered = True
        """No catch-up has failed while the stream went on: then even the order is exact."""
        self.live()

    def live(self) -> None:
        """A new life of the actor."""
        self.story = Reconciler(VENUE, ACCOUNT, PRODUCT)
        self.story.adopt(self.cache.welcome())
        feed = cast("Feed", self.cache)
        self.stream = AccountStream(self.story, feed, self.clock, Progress(self.clock))
        self.connected = False
        self.asked = None

    # the world moves

    def say(self, events: list[Event]) -> None:
        if self.connected:
            self.stream.events(events)

    @rule()
    def place(self) -> None:
        self.say(self.world.place())

    @precondition(lambda self: self.world.open)
    @rule(which=st.integers(0, 10), kind=st.sampled_from(["execute", "cancel"]))
    def end_order(self, which: int, kind: str) -> None:
        key = list(self.world.open)[which % len(self.world.open)]
        self.say(self.world.execute(key) if kind == "execute" else self.world.cancel(key))

    @rule()
    def place_and_execute(self) -> None:
        [placed] = self.world.place()
        self.say([placed])
        self.say(self.world.execute(cast("Order", placed).order_id))

    @precondition(lambda self: self.world.held)
    @rule()
    def flatten(self) -> None:
        self.say(self.world.flatten())

    @rule(seconds=st.floats(0.01, 0.35))
    def time_passes(self, seconds: float) -> None:
        """All runs stay below the time after which waiting events go out on their own."""
        self.clock.advance(seconds)

    # the lanes

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        self.connected = True
        self.stream.opened()

    @precondition(lambda self: self.connected)
    @rule()
    def disconnect(self) -> None:
        self.connected = False
        self.stream.lost(Disconnected("by the test"))

    @precondition(lambda self: self.connected)
    @rule(kind=st.sampled_from(["execute", "place"]))
    def malformed(self, kind: str) -> None:
        """A frame arrives that cannot be read: what it said is only known to REST."""
        placed = cast("Order", self.world.place()[0])
        if kind == "execute":
            self.world.execute(placed.order_id)
        frame = KeptFrame(0, "{", "cut")
        self.stream.malformed(MalformedFrame("frame", "JSON", "{"), frame)

    @precondition(lambda self: self.asked is None)
    @rule()
    def ask(self) -> None:
        """The requests go out; the answers say what was true at this moment or later."""
        self.stream.begin()
        self.asked = self.answers()

    @precondition(lambda self: self.asked is not None)
    @rule()
    def answer(self) -> None:
        assert self.asked is not None
        asked, self.asked = self.asked, None
        self.cache.publish(self.story.caught_up(asked, self.stream.end(done=True)))

    @precondition(lambda self: self.asked is not None)
    @rule()
    def fail(self) -> None:
        self.asked = None
        self.ordered = self.ordered and not self.connected
        self.cache.publish(self.story.heard(self.stream.end(done=False)))

    @precondition(lambda self: self.asked is None)
    @rule()
    def poll(self) -> None:
        """A usual round, with the past where the stream leaves something out."""
        now = self.clock.monotonic_ns()
        world, story = self.world, self.story
        self.cache.publish(list(story.balance(world.balance("polling"), now)))
        self.cache.publish(list(story.open_positions(world.positions(), now, 0)))
        news = story.open_orders(list(world.open.values()), now)
        self.cache.publish(list(news))
        if news or story.orders.missing or not self.stream.complete:
            ended, fills = self.pages(now)
            self.cache.publish(list(story.ended_orders(ended, (), now, 0)))
            self.cache.publish(list(story.past_fills(fills)))

    @rule()
    def die(self) -> None:
        self.live()

    @precondition(lambda self: self.asked is None)
    @rule(share=st.floats(0, 1))
    def cache_forgets(self, share: float) -> None:
        """A cache comes back with less than it was told; what it holds it takes only once."""
        self.cache.forget(share)
        welcome = self.cache.welcome()
        self.cache.publish(self.story.present())
        if self.story.lacks(welcome):
            # Before the next catch-up asks, as the REST lane does it.
            self.story.start_over(welcome)
            self.stream.complete = False
            self.ordered = False

    def answers(self) -> CatchUp:
        now = self.clock.monotonic_ns()
        world = self.world
        self.story.orders.look_for_missing(list(world.open.values()), now)
        ended, fills = self.pages(now)
        return CatchUp(
            asked_ns=now,
            received_ns=0,
            figures=world.balance("polling"),
            positions=world.positions(),
            orders=list(world.open.values()),
            history=ended,
            fills=fills,
        )

    def pages(self, _: int) -> tuple[list[Order], list[Fill]]:
        """Newest first, page by page, until it is deep enough."""
        return (
            self.paged(sorted(self.world.ended, key=changed), self.story.orders.deep_enough),
            self.paged(list(self.world.fills), self.story.fills.deep_enough),
        )

    def paged(self, oldest_first: list[Any], deep_enough: Any) -> list[Any]:
        rows: list[Any] = []
        newest_first = oldest_first[::-1]
        for start in range(0, max(1, len(newest_first)), PAGE):
            rows += newest_first[start : start + PAGE]
            if deep_enough(rows):
                break
        return rows

    # what must hold

    @invariant()
    def nothing_is_told_twice(self) -> None:
        told = [number(each) for each in self.cache.fills]
        assert len(told) == len(set(told))
        versions = [(each.order_id, each.version) for each in self.cache.orders]
        # A new life tells open orders again; the cache knows them by (id, version).
        news = dict.fromkeys(versions)
        for key in {key for key, _ in news}:
            rising = [version for each, version in news if each == key]
            assert rising == sorted(rising)

    def teardown(self) -> None:
        """In the end everything is told, whatever happened before."""
        if not hasattr(self, "world"):
            return
        was_ordered = self.ordered
        if not self.connected:
            self.connect()
        for _ in range(2):
            self.clock.advance(2)
            self.ask_anew()
            self.answer()
        told = [number(each) for each in self.cache.fills]
        assert sorted(told) == list(range(len(self.world.fills)))
        if was_ordered:
            assert told == sorted(told)
        latest: dict[str, Order] = {}
        for each in self.cache.orders:
            if each.order_id not in latest or each.version > latest[each.order_id].version:
                latest[each.order_id] = each
        assert {k for k, each in latest.items() if each.status in OPEN_STATUSES} == set(
            self.world.open
        )
        ended = {(each.order_id, each.version, each.status) for each in self.world.ended}
        assert {
            (each.order_id, each.version, each.status)
            for each in latest.values()
            if each.status not in OPEN_STATUSES
        } == ended
        held = self.cache.positions.get("p1")
        assert (held.quantity if held else "0") == str(self.world.held)
        assert self.cache.figures is not None
        assert self.cache.figures.equity == str(1_000 + len(self.world.fills))

    def ask_anew(self) -> None:
        self.asked = None
        self.ask()


def changed(each: Order) -> int:
    """The venue lists by last change."""
    return each.version


TestReconciliation = Reconciliation.TestCase
TestReconciliation.settings = settings(
    max_examples=150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
