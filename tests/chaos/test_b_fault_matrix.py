"""(b) After each fault of the venue books and accounts equal its truth, and all was told.

One service watches a simulator that misbehaves on request. Each case strikes one book stream or
one account; everything else must stay connected and fresh, and no process is restarted, save where
a stream that is up but mute demands it. Health, errors and metrics tell the same story. The limits
of silence are the operator's (3 s), not the venue's (45 and 90 s).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from fault_stage import Sight, Stage, Story
from full_service import running, until

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

SEED = 21
MARKETS = "BTC-USD,ETH-USD,SOL-USD,DOGE-USD"
KEYS = {name: f"test-key-{name}" for name in "123"}
FILLS_PER_SECOND = 3
NEWS_SECONDS_MAX = 6.0
SETTINGS = {
    "EXTENDED_MARKETS": MARKETS,
    "STREAM_SILENCE_LIMIT": "3",
    "STREAM_MUTE_LIMIT": "3",
    "RESET_AFTER_STREAM": "0",
    "RESET_AFTER_ACCOUNT": "0",
    "QUARANTINE_FIRST": "2",
}
BOOK, ACCOUNT = "orderbook", "account"
SLOW_S = 0.7
"""How long the next handshake takes, so that what an outage looks like can be seen."""


@dataclass(frozen=True)
class Case:
    """One fault, and what has to be seen of it.

    `order` is the simulator's; `on` where it strikes (`{}` is the market or account), `road` what
    else is put in the way first. `rose`: counters and by how much they rise at least. `waits`: the
    schedule makes it wait for so long that the operator asks for the next attempt. `shared`: the
    venue's word counts for all who share the address.
    """

    name: str
    what: str
    order: Mapping[str, Any]
    on: str
    lane: str = "websocket"
    road: tuple[Mapping[str, Any], ...] = ()
    rose: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    stale: str = ""
    state: str = ""
    waits: bool = False
    restarts: int = 0
    shared: bool = False
    seen: Callable[[Story], bool] = lambda _: True


def book(name: str, kind: str, **more: Any) -> Case:
    """A fault that ends a book's connection; the next handshake is slow."""
    order = {"kind": kind, **more.pop("order", {})}
    road = more.pop("road", ({"kind": "slow", "on": "ws:book:{}", "delay_s": SLOW_S},))
    return Case(name, BOOK, order, "book:{}", road=road, **more)


def handshake(what: str, kind: str, error: str, **more: Any) -> Case:
    """The connection breaks, and the venue refuses the next one: the schedule's first minute."""
    topic = {BOOK: "book:{}", ACCOUNT: "account:{}"}[what]
    refusal = {"kind": kind, "on": f"ws:{topic}", **more.pop("order", {})}
    return Case(
        f"{what}-handshake-{kind}",
        what,
        {"kind": "disconnect"},
        f"ws:{topic}",
        road=(refusal,),
        rose={"failures": 2, **more.pop("rose", {})},
        error=error,
        waits=True,
        stale=error if what == BOOK else "",
        shared=kind in OVERLOADS,
        **{"state": "backoff", **more},
    )


def malformed(variant: str) -> Case:
    """Skipped and counted: the connection goes on."""
    return Case(
        f"book-malformed-{variant}",
        BOOK,
        {"kind": "malformed", "variant": variant},
        "book:{}",
        rose={"malformed": 1, "connects": 0},
        error="MalformedFrame",
    )


def rest(name: str, kind: str, error: str, **more: Any) -> Case:
    """A fault of an account's REST requests."""
    order = {"kind": kind, **more.pop("order", {})}
    return Case(name, ACCOUNT, order, "rest:account:{}", lane="rest", error=error, **more)


def stream(name: str, kind: str, error: str, **more: Any) -> Case:
    """A fault of an account's private stream."""
    order = {"kind": kind, **more.pop("order", {})}
    return Case(name, ACCOUNT, order, "ws:account:{}", error=error, **more)


def malformed_account(variant: str) -> Case:
    """Skipped, counted, and made up for over REST."""
    return stream(
        f"account-malformed-{variant}",
        "malformed",
        "MalformedFrame",
        order={"variant": variant},
        rose={"malformed": 1, "connects": 0},
    )


OVERLOADS = ("418", "429")
RETRY_AFTER_S = 1.5
MARGIN_S = 0.7
OVERLOADED = {"retry_after_s": RETRY_AFTER_S}
ONCE_MORE = {"connects": 1}
GAP = {**ONCE_MORE, "gaps": 1, "resyncs": 1}

CASES = (
    book("book-gap", "gap", rose=GAP, error="SequenceGap", stale="SequenceGap"),
    book("book-duplicate", "duplicate", rose=GAP, error="SequenceGap", stale="SequenceGap"),
    book("book-reorder", "reorder", rose=GAP, error="SequenceGap", stale="SequenceGap"),
    book(
        "book-mismatch",
        "mismatch",
        rose={**ONCE_MORE, "checksum_failures": 1, "resyncs": 1},
        error="BookMismatch",
        stale="BookMismatch",
    ),
    book(
        "book-crossed",
        "crossed",
        rose={**ONCE_MORE, "crossed": 1, "resyncs": 1},
        error="CrossedBook",
        stale="CrossedBook",
    ),
    book(
        "book-disconnect",
        "disconnect",
        rose={**ONCE_MORE, "gaps": 0, "resyncs": 1},
        error="Disconnected",
        stale="Disconnected",
    ),
    book(
        "book-stall",
        "stall",
        rose={**ONCE_MORE, "resyncs": 1},
        error="Mute: connected, but no data for",
        stale="Mute",
    ),
    book(
        "book-stall-that-goes-on",
        "stall",
        order={"seconds": 9},
        road=(),
        error="Mute",
        stale="Mute",
        restarts=1,
    ),
    book(
        "book-half-open",
        "half-open",
        rose={**ONCE_MORE, "resyncs": 1},
        error="no sign of life",
        stale="no sign of life",
    ),
    # Legal: the size after a change may be left out.
    book("book-no-size", "no_size", road=(), rose={"updates": 3, "connects": 0, "failures": 0}),
    *(malformed(variant) for variant in ("truncated", "not_json", "wrong_type", "array")),
    handshake(BOOK, "401", "KeyRejected", state="rejected"),
    *(
        handshake(what, kind, "RateLimited", order=OVERLOADED, rose={"rate_limited": 1})
        for what in (BOOK, ACCOUNT)
        for kind in OVERLOADS
    ),
    handshake(BOOK, "502", "VenueUnavailable"),
    handshake(BOOK, "maintenance", "VenueUnavailable"),
    handshake(ACCOUNT, "401", "KeyRejected", state="rejected"),
    handshake(ACCOUNT, "5xx", "VenueUnavailable"),
    handshake(ACCOUNT, "maintenance", "VenueUnavailable"),
    stream("account-gap", "gap", "SequenceGap", rose=ONCE_MORE),
    stream("account-duplicate", "duplicate", "SequenceGap", rose=ONCE_MORE),
    stream("account-reorder", "reorder", "SequenceGap", rose=ONCE_MORE),
    *(malformed_account(variant) for variant in ("truncated", "not_json", "wrong_type", "array")),
    stream("account-disconnect", "disconnect", "Disconnected", rose=ONCE_MORE),
    stream("account-half-open", "half-open", "no sign of life", rose=ONCE_MORE),
    # Once is no verdict on a key: at once tried again.
    rest("rest-401", "401", "KeyRejected", rose={"failures": 1, **ONCE_MORE}),
    *(
        rest(
            f"rest-{kind}",
            kind,
            f"retry after {RETRY_AFTER_S}",
            order=OVERLOADED,
            rose={"rate_limited": 1},
            shared=True,
        )
        for kind in OVERLOADS
    ),
    rest("rest-5xx", "5xx", "VenueUnavailable", rose={"failures": 1, "connects": 0}),
    rest("rest-502-page", "502", "VenueUnavailable", rose={"failures": 1, "connects": 0}),
    rest("rest-maintenance", "maintenance", "maintenance", rose={"failures": 1}),
    # Down after three rounds; from then on the stream is what confirms.
    rest(
        "rest-5xx-that-go-on",
        "503",
        "VenueUnavailable",
        order={"seconds": 60},
        rose={"failures": 3},
        state="backoff",
        waits=True,
        seen=lambda story: "websocket" in story.via and not story.last.stale(story.actor),
    ),
    rest(
        "rest-slow",
        "slow",
        "",
        order={"delay_s": 1.5, "count": 8},
        rose={"failures": 0},
        seen=lambda story: (
            story.interval_ms_max
            > story.before.lanes[story.actor, "rest"]["interval_effective_ms"] + 50
        ),
    ),
)


def steps() -> Iterator[tuple[Case, ...]]:
    """A book's case beside an account's; alone where the whole address has to wait."""
    books, accounts = (
        [case for case in CASES if case.what == what and not case.shared]
        for what in (BOOK, ACCOUNT)
    )
    for pair in zip_longest(books, accounts):
        yield tuple(case for case in pair if case is not None)
    yield from ((case,) for case in CASES if case.shared)


STEPS = tuple(steps())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    print(f"seed {SEED}")
    folder = tmp_path_factory.mktemp("faults")
    options = ("--seed", str(SEED), "--markets", MARKETS)
    async with (
        running(folder, KEYS, *options, **SETTINGS) as (venue, service),
        aiohttp.ClientSession() as session,
    ):
        flow = {"account": "*", "rate_per_s": FILLS_PER_SECOND}
        await venue.call("POST", "/fills", json=flow)
        yield Stage(venue, service, folder, session)


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def whole_again(stage: Stage) -> AsyncIterator[None]:
    """What a failed test left broken must not fail the next one."""
    yield
    await stage.mend()


async def strike(stage: Stage, case: Case, actor: str) -> None:
    name = actor.rpartition(":")[2]
    for order in (*case.road, {**case.order, "on": case.on}):
        options = {key: value for key, value in order.items() if key not in ("kind", "on")}
        await stage.fault(order["kind"], str(order["on"]).format(name), **options)


def told(case: Case, story: Story) -> bool:
    """Whether everything that the case demands was seen."""
    return (
        all(story.rose(name) >= by for name, by in case.rose.items())
        and any(case.error in error for error in story.errors)
        and (not case.state or case.state in story.states)
        and (not case.waits or (1, 1, True) in story.retries)
        and (not case.stale or any(case.stale in reason for reason in story.stale_reasons))
        and story.last.children[story.actor]["restarts"]
        >= story.before.children[story.actor]["restarts"] + case.restarts
        and case.seen(story)
    )


@dataclass(frozen=True)
class Trial:
    """One case on one actor, and what was seen of it."""

    case: Case
    story: Story

    @property
    def actor(self) -> str:
        return self.story.actor

    async def written_down(self, stage: Stage, after: Sight) -> None:
        """Errors and metrics agree, and what was not to happen did not."""
        case, story = self.case, self.story
        await stage.in_errors(story, case.error)
        await stage.in_metrics(story, up=True)
        for name in (name for name, by in case.rose.items() if by == 0):
            assert Story(self.actor, case.lane, story.before, after).rose(name) == 0, name


@pytest.mark.parametrize("cases", STEPS, ids=lambda cases: "+".join(one.name for one in cases))
async def test_b_after_a_fault(stage: Stage, cases: tuple[Case, ...]) -> None:
    """A book and an account are struck together; neither is the other's concern."""
    actors = [await stage.steady(case.what, case.lane) for case in cases]
    before = await stage.look()
    trials = [
        Trial(case, Story(actor, case.lane, before, before))
        for case, actor in zip(cases, actors, strict=True)
    ]
    shared = any(case.shared for case in cases)
    async with stage.others_undisturbed(actors, shared=shared):
        for trial in trials:
            await strike(stage, trial.case, trial.actor)
        await stage.shown(*((one.story, partial(told, one.case)) for one in trials))
        await stage.clear()
        waiting = [one for one in trials if one.case.waits]
        for one in waiting:
            await stage.in_metrics(one.story, up=False)
        if shared:
            # The venue's word holds, whatever the operator wishes.
            ends_us = trials[0].story.began_us + (RETRY_AFTER_S + MARGIN_S) * 1e6
            await until(lambda: time.time_ns() / 1e3 > ends_us, 5, "the venue's word is kept")
            everybody = {*before.books, *before.accounts}
            await stage.restored(sorted(everybody - set(actors)))
        await stage.reconnect(*(one.actor for one in waiting))
        await stage.restored(actors)
    after = await stage.look()
    for one in trials:
        await one.written_down(stage, after)
    restarts = {one.actor: one.case.restarts for one in trials}
    assert epochs(after) == {
        name: epoch + restarts.get(name, 0) for name, epoch in epochs(before).items()
    }
    await stage.equal(actors)


async def test_b_what_a_stalled_stream_holds_back_is_told_by_rest_and_not_told_twice(
    stage: Stage,
) -> None:
    actor = await stage.steady(ACCOUNT)
    topic = f"account:{actor.rpartition(':')[2]}"

    async def held_back() -> int:
        state = await stage.venue.call("GET", "/state")
        return sum(one["queued"] for one in state["connections"] if one["topic"] == topic)

    before = await stage.look()
    async with stage.others_undisturbed([actor]):
        await stage.fault("stall", f"ws:{topic}", seconds=4)
        await until(held_back, 10, "frames are held back")
        await stage.equal([actor])
        assert await held_back()

        async def released() -> bool:
            return not await held_back()

        await until(released, 10, "the frames come")
        await stage.equal([actor])
    after = await stage.look()
    assert epochs(after) == epochs(before)
    assert not Story(actor, "websocket", before, after).rose("connects")


async def test_b_a_key_rejected_thrice_waits_and_comes_back(stage: Stage) -> None:
    actor = await stage.steady(ACCOUNT)
    name = actor.rpartition(":")[2]
    before = await stage.look()
    story = Story(actor, "rest", before, before)
    async with stage.others_undisturbed([actor]):
        await stage.fault("401", f"account:{name}", seconds=60)
        await stage.fault("disconnect", f"ws:account:{name}")
        await stage.shown((story, lambda story: "quarantined" in story.child_states))
        child = story.last.children[actor]
        assert (child["last_exit"]["cause"], child["last_exit"]["exit_code"]) == ("key", 77)
        assert story.last.stale(actor)
        await stage.in_errors(story, "KeyRejected")
        await stage.clear()
        await stage.restored([actor])
    after = await stage.look()
    assert epochs(after) == {
        other: epoch + (other == actor) for other, epoch in epochs(before).items()
    }
    await stage.equal([actor])


async def test_b_a_venue_that_is_down_and_comes_back(stage: Stage) -> None:
    await stage.steady(BOOK)
    await stage.steady(ACCOUNT)
    before = await stage.look()
    actors = [*before.books, *before.accounts]
    lanes = [key for key in before.lanes if key[0] in actors]
    stories = [Story(actor, lane, before, before) for actor, lane in lanes]
    await stage.fault("down", "all", seconds=60)

    def waits(story: Story) -> bool:
        """Down by the schedule, and nothing of it passed for fresh."""
        return (
            "backoff" in story.states
            and (1, 1, True) in story.retries
            and any("Disconnected" in reason for reason in story.stale_reasons)
        )

    await stage.shown(*((story, waits) for story in stories))
    for story in stories:
        await stage.in_metrics(story, up=False)
    await stage.clear()
    await stage.reconnect(*actors)
    await stage.restored(actors)
    for story in stories:
        await stage.in_errors(story, "Disconnected")
        await stage.in_metrics(story, up=True)
    assert epochs(await stage.look()) == epochs(before)
    await stage.equal(actors)


async def test_b_a_venues_clock_that_is_set_back_and_mended(stage: Stage) -> None:
    actors = [await stage.steady(BOOK), await stage.steady(ACCOUNT)]
    before = await stage.look()
    everybody = [*before.books, *before.accounts]
    await stage.restored(everybody)
    stories = [Story(actor, "websocket", before, before) for actor in actors]
    async with stage.others_undisturbed([]):
        await stage.fault("skew", "all", offset_s=-3_600)
        await fresh_news(stage, everybody)
        await stage.equal(actors)
        await stage.clear()
        await fresh_news(stage, everybody)
        await stage.equal(actors)
    for story in stories:
        await stage.in_errors(story, "")
        await stage.in_metrics(story, up=True)
    assert epochs(await stage.look()) == epochs(before)


async def fresh_news(stage: Stage, actors: list[str]) -> None:
    """Each has heard more over its stream by now, and each account shows other figures.

    Also where the venue dates it before what is held: the next answer after its clock was set
    back is believed, not only one that insists for ten seconds.
    """
    before = await stage.look()

    async def heard() -> bool:
        now = await stage.look()
        keys = [(actor, "websocket") for actor in actors]
        return all(
            now.lanes[key]["messages"] > before.lanes[key]["messages"] + 3 for key in keys
        ) and all(
            account["wallet_balance"] != before.accounts[actor]["wallet_balance"]
            for actor, account in now.accounts.items()
        )

    await until(heard, NEWS_SECONDS_MAX, "news of all", every=0.1)


def epochs(sight: Sight) -> dict[str, int]:
    return {name: child["epoch"] for name, child in sight.children.items()}
