"""(j) After each fault of Lighter books and accounts equal its truth, and all was told.

As (b) of Extended, by another protocol: a book that has a hole is subscribed anew, on the same
connection; of an account's frames none is numbered, so what one was to tell REST tells; and the
handshake is everybody's, so what is refused there says nothing of a topic.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from fault_cases import (
    ACCOUNT,
    BOOK,
    OVERLOADED,
    RETRY_AFTER_S,
    SLOW_S,
    Case,
    play,
    play_a_stall,
    play_a_wrong_clock,
    play_an_outage,
    play_rejections,
    rest,
    steps,
    stream,
)
from fault_stage import Stage, Story
from full_service import running
from watched_venue import LIGHTER

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]

SEED = 22
MARKETS = ("BTC", "ETH", "SOL", "DOGE")
KEYS = {name: f"test-key-{name}" for name in "123"}
FILLS_PER_SECOND = 3
SETTINGS = {
    **LIGHTER.follows(*MARKETS),
    "STREAM_SILENCE_LIMIT": "3",
    # More than a refused subscription waits until it is asked for again.
    "STREAM_MUTE_LIMIT": "8",
    "RESET_AFTER_STREAM": "0",
    "RESET_AFTER_ACCOUNT": "0",
    "QUARANTINE_FIRST": "2",
}
STALL_S = 5.0
"""Longer would be mute, which is not legal here."""

FRAMES_HEARD = 40
"""So many frames of an account are some of each of its channels."""

TOPICS = {BOOK: "book:{}", ACCOUNT: "account:{}"}
OVERLOADS = ("405", "418", "429")
CONNECTED = {"connects": 0, "resyncs": 1}
HEALED = {"failures": 0, **CONNECTED}
SLOW_HANDSHAKE = ({"kind": "slow", "on": "ws", "delay_s": SLOW_S},)


def healed(name: str, kind: str, counter: str, **more: Any) -> Case:
    """A book that is no longer to be trusted: subscribed anew, and nobody was disconnected."""
    order = {"kind": kind, **more.pop("order", {})}
    rose = {**more.pop("rose", HEALED), counter: 1}
    return Case(name, BOOK, order, "book:{}", rose=rose, **more)


def healed_late(name: str, kind: str, counter: str, stale: str) -> Case:
    """The same, and the venue refuses the subscription for a while: what it looks like then."""
    road = ({"kind": "5xx", "on": "ws:book:{}"},)
    return healed(name, kind, counter, road=road, stale=stale)


def replaced(name: str, kind: str, error: str, **more: Any) -> Case:
    """A book's connection ends; the next handshake, whoever's it is, is slow."""
    order = {"kind": kind, **more.pop("order", {})}
    rose = {"connects": 1, "resyncs": 1}
    road = more.pop("road", SLOW_HANDSHAKE)
    more = {"rose": rose, "stale": error, "alone": True, **more}
    return Case(name, BOOK, order, "ws:book:{}", road=road, error=error, **more)


def handshake(what: str, kind: str, error: str, **more: Any) -> Case:
    """The connection breaks, and the venue refuses the next one: the schedule's first minute."""
    refusal = {"kind": kind, "on": "ws", **more.pop("order", {})}
    return Case(
        f"{what}-handshake-{kind}",
        what,
        {"kind": "disconnect"},
        f"ws:{TOPICS[what]}",
        road=(refusal,),
        rose={"failures": 2, **more.pop("rose", {})},
        error=error,
        waits=True,
        stale=error if what == BOOK else "",
        shared=kind in OVERLOADS,
        alone=True,
        **{"state": "backoff", **more},
    )


def subscription(kind: str, **more: Any) -> Case:
    """The connection breaks, and the next one's subscription is refused for now: asked again."""
    refusal = {"kind": kind, "on": "ws:account:{}"}
    return Case(
        f"account-subscription-{kind}",
        ACCOUNT,
        {"kind": "disconnect"},
        "ws:account:{}",
        road=(refusal,),
        **{"rose": {"connects": 1, "failures": 1}, "error": "Disconnected", **more},
    )


def heard_more(story: Story) -> bool:
    """The fault has struck each channel of the account."""
    key = story.actor, story.lane
    before, now = story.before.lanes[key]["messages"], story.last.lanes[key]["messages"]
    return bool(now >= before + FRAMES_HEARD)


def unnoticed(kind: str) -> Case:
    """Nothing tells that a frame is missing, or came twice or late: REST and identities do."""
    return stream(
        f"account-{kind}",
        kind,
        "",
        rose={"connects": 0, "failures": 0, "malformed": 0},
        seen=heard_more,
    )


def malformed_book(variant: str, **more: int) -> Case:
    """Skipped and counted: the connection goes on."""
    return Case(
        f"book-malformed-{variant}",
        BOOK,
        {"kind": "malformed", "variant": variant},
        "book:{}",
        rose={"malformed": 1, "connects": 0, **more},
        error="MalformedFrame",
    )


def malformed_account(variant: str) -> Case:
    """Skipped, counted, and made up for over REST."""
    return stream(
        f"account-malformed-{variant}",
        "malformed",
        "MalformedFrame",
        order={"variant": variant},
        rose={"malformed": 1, "connects": 0},
    )


CASES = (
    healed("book-gap", "gap", "gaps"),
    healed_late("book-gap-healed-late", "gap", "gaps", "SequenceGap"),
    healed("book-duplicate", "duplicate", "gaps"),
    healed("book-reorder", "reorder", "gaps"),
    # Sizes are absolute: what contradicts itself here is the nonce.
    healed("book-mismatch", "mismatch", "gaps"),
    healed("book-crossed", "crossed", "crossed"),
    healed_late("book-crossed-healed-late", "crossed", "crossed", "CrossedBook"),
    # Here a size is never left out.
    healed("book-no-size", "no_size", "malformed", rose=CONNECTED, error="MalformedFrame"),
    *(malformed_book(variant, resyncs=0) for variant in ("truncated", "not_json", "array")),
    # It says which book it is of: whatever it was to change is unknown from here on.
    malformed_book("wrong_type", resyncs=1),
    replaced("book-disconnect", "disconnect", "Disconnected"),
    replaced("book-stall", "stall", "Mute"),
    # Greeted each time, but that is no word of what was asked for.
    replaced(
        "book-stall-that-goes-on",
        "stall",
        "Mute",
        order={"seconds": 20},
        road=(),
        rose={},
        restarts=1,
    ),
    replaced("book-half-open", "half-open", "no sign of life"),
    *(
        handshake(what, kind, "RateLimited", order=OVERLOADED, rose={"rate_limited": 1})
        for what in (BOOK, ACCOUNT)
        for kind in OVERLOADS
    ),
    handshake(BOOK, "401", "TokenRefused", state="rejected"),
    handshake(BOOK, "502", "VenueUnavailable"),
    handshake(BOOK, "maintenance", "VenueUnavailable"),
    handshake(ACCOUNT, "401", "TokenRefused", state="rejected"),
    handshake(ACCOUNT, "5xx", "VenueUnavailable"),
    handshake(ACCOUNT, "maintenance", "VenueUnavailable"),
    subscription(
        "401",
        rose={"failures": 2},
        error="KeyRejected: the read-only token is refused",
        state="rejected",
        waits=True,
    ),
    *(subscription(kind) for kind in ("429", "5xx", "maintenance")),
    *(unnoticed(kind) for kind in ("gap", "duplicate", "reorder")),
    *(malformed_account(variant) for variant in ("truncated", "not_json", "wrong_type", "array")),
    stream("account-disconnect", "disconnect", "Disconnected", rose={"connects": 1}),
    stream("account-half-open", "half-open", "no sign of life", rose={"connects": 1}),
    # Once is no verdict on a token: at once tried again.
    rest("rest-401", "401", "KeyRejected", rose={"failures": 1, "connects": 1}),
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
STEPS = steps(CASES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    print(f"seed {SEED}")
    folder = tmp_path_factory.mktemp("faults")
    options = ("--seed", str(SEED), "--markets", ",".join(MARKETS))
    async with (
        running(folder, KEYS, *options, venue=LIGHTER, **SETTINGS) as (venue, service),
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


@pytest.mark.parametrize("cases", STEPS, ids=lambda cases: "+".join(one.name for one in cases))
async def test_j_after_a_fault(stage: Stage, cases: tuple[Case, ...]) -> None:
    await play(stage, cases)


async def test_j_what_a_stalled_stream_holds_back_is_told_by_rest_and_not_told_twice(
    stage: Stage,
) -> None:
    await play_a_stall(stage, STALL_S)


async def test_j_a_token_rejected_thrice_waits_and_comes_back(stage: Stage) -> None:
    await play_rejections(stage)


async def test_j_a_venue_that_is_down_and_comes_back(stage: Stage) -> None:
    await play_an_outage(stage)


async def test_j_a_venues_clock_that_is_set_back_and_mended(stage: Stage) -> None:
    await play_a_wrong_clock(stage)
