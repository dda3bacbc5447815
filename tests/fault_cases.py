"""Faults of a venue as data, and what follows each of them: the same story at every venue.

A table of cases belongs to its venue; how a case is played, and what everything has to agree on
afterwards, does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Any

from fault_stage import Sight, Stage, Story
from full_service import until

BOOK, ACCOUNT = "orderbook", "account"
NEWS_SECONDS_MAX = 6.0
RETRY_AFTER_S = 1.5
MARGIN_S = 0.7
OVERLOADED = {"retry_after_s": RETRY_AFTER_S}
SLOW_S = 0.7
"""How long the next handshake takes, so that what an outage looks like can be seen."""


@dataclass(frozen=True)
class Case:
    """One fault, and what has to be seen of it.

    `order` is the simulator's; `on` where it strikes (`{}` is the market or account), `road` what
    else is put in the way first. `rose`: counters and by how much they rise at least. `waits`: the
    schedule makes it wait for so long that the operator asks for the next attempt. `shared`: the
    venue's word counts for all who share the address. `alone`: what is put in the way would strike
    whoever comes next.
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
    alone: bool = False
    seen: Callable[[Story], bool] = lambda _: True


def rest(name: str, kind: str, error: str, **more: Any) -> Case:
    """A fault of an account's REST requests."""
    order = {"kind": kind, **more.pop("order", {})}
    return Case(name, ACCOUNT, order, "rest:account:{}", lane="rest", error=error, **more)


def stream(name: str, kind: str, error: str, **more: Any) -> Case:
    """A fault of an account's private stream."""
    order = {"kind": kind, **more.pop("order", {})}
    return Case(name, ACCOUNT, order, "ws:account:{}", error=error, **more)


def steps(cases: Iterable[Case]) -> tuple[tuple[Case, ...], ...]:
    """A book's case beside an account's; alone where the whole address has to wait."""
    single = [case for case in cases if case.shared or case.alone]
    books, accounts = (
        [case for case in cases if case.what == what and case not in single]
        for what in (BOOK, ACCOUNT)
    )
    pairs = (
        tuple(case for case in pair if case is not None) for pair in zip_longest(books, accounts)
    )
    return (*pairs, *((case,) for case in single))


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
            rose = Story(self.actor, case.lane, story.before, after).rose(name)
            assert rose == 0, (self.actor, name, after.lanes[self.actor, case.lane]["last_error"])


async def play(stage: Stage, cases: tuple[Case, ...]) -> None:
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


async def play_a_stall(stage: Stage, seconds: float) -> None:
    """What a stalled stream holds back is told by REST, and not told twice."""
    actor = await stage.steady(ACCOUNT)
    topic = f"account:{actor.rpartition(':')[2]}"

    async def held_back() -> int:
        state = await stage.venue.call("GET", "/state")
        return sum(one["queued"] for one in state["connections"] if one["topic"].startswith(topic))

    before = await stage.look()
    async with stage.others_undisturbed([actor]):
        await stage.fault("stall", f"ws:{topic}", seconds=seconds)
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


async def play_rejections(stage: Stage) -> None:
    """A key that is rejected thrice waits, and comes back."""
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


async def play_an_outage(stage: Stage) -> None:
    """The whole venue is down, and comes back."""
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


async def play_a_wrong_clock(stage: Stage) -> None:
    """The venue's clock is set back, and mended."""
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
