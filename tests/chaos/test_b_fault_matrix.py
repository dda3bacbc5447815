"""(b) After each fault of the venue books and accounts equal its truth, and all was told.

One service watches a simulator that misbehaves on request. Each case strikes one book stream or
one account; everything else must stay connected and fresh, and no process is restarted, save where
a stream that is up but mute demands it. Health, errors and metrics tell the same story. The limits
of silence are the operator's (3 s), not the venue's (45 and 90 s).
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
from fault_stage import Stage
from full_service import running

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
SETTINGS = {
    "EXTENDED_MARKETS": MARKETS,
    "STREAM_SILENCE_LIMIT": "3",
    "STREAM_MUTE_LIMIT": "3",
    "RESET_AFTER_STREAM": "0",
    "RESET_AFTER_ACCOUNT": "0",
    "QUARANTINE_FIRST": "2",
}
STALL_S = 4.0


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

STEPS = steps(CASES)


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


@pytest.mark.parametrize("cases", STEPS, ids=lambda cases: "+".join(one.name for one in cases))
async def test_b_after_a_fault(stage: Stage, cases: tuple[Case, ...]) -> None:
    await play(stage, cases)


async def test_b_what_a_stalled_stream_holds_back_is_told_by_rest_and_not_told_twice(
    stage: Stage,
) -> None:
    await play_a_stall(stage, STALL_S)


async def test_b_a_key_rejected_thrice_waits_and_comes_back(stage: Stage) -> None:
    await play_rejections(stage)


async def test_b_a_venue_that_is_down_and_comes_back(stage: Stage) -> None:
    await play_an_outage(stage)


async def test_b_a_venues_clock_that_is_set_back_and_mended(stage: Stage) -> None:
    await play_a_wrong_clock(stage)
