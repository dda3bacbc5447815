"""How long the simulated Lighter keeps a connection, and with which words it ends one."""

from __future__ import annotations

import asyncio

import pytest
import websockets
from simulated_lighter import simulated

from actors.simulator.dialects.lighter import TIMES

LONG_S = 600.0


def test_the_venues_own_times() -> None:
    assert TIMES == (60.0, 1_800.0, 120.0, 86_400.0)


async def test_who_answers_the_text_ping_stays() -> None:
    async with (
        simulated(ping_interval_s=0.1, pong_timeout_s=1.5, silence_s=LONG_S) as venue,
        venue.talk() as talk,
    ):
        for _ in range(25):
            assert await talk.next("ping") == {"type": "ping"}
            await talk.say(type="pong")


async def test_who_does_not_is_closed() -> None:
    """Frames of other kinds are no answer, nor is WebSocket's own pong."""
    async with (
        simulated(ping_interval_s=0.1, pong_timeout_s=0.5, silence_s=LONG_S) as venue,
        venue.talk() as talk,
    ):
        await talk.subscribe("height")
        await talk.socket.pong()
        closed = await talk.end()
        assert closed.rcvd is not None
        assert (closed.rcvd.code, closed.rcvd.reason) == (1000, "no pong")
        assert sum(one["type"] == "ping" for one in talk.kept) >= 3


@pytest.mark.parametrize("word", ["nothing", "text", "ping frame"])
async def test_silence_ends_a_connection_and_any_frame_breaks_it(word: str) -> None:
    async with simulated(silence_s=1.5) as venue, venue.talk() as talk:
        if word != "nothing":
            for _ in range(12):
                await asyncio.sleep(0.2)
                if word == "text":
                    await talk.say(type="pong")
                else:
                    await talk.socket.ping()
            assert talk.socket.state is websockets.State.OPEN
        closed = await talk.end()
        assert closed.rcvd is not None
        assert closed.rcvd.reason == "no message from the client"


async def test_no_connection_grows_old() -> None:
    async with simulated(lifetime_s=0.4) as venue, venue.talk() as talk:
        await talk.subscribe("height")
        closed = await talk.end()
        assert closed.rcvd is not None
        assert (closed.rcvd.code, closed.rcvd.reason) == (1001, "connection is too old")


async def test_a_venue_that_stops_says_so_first() -> None:
    async with simulated() as venue, venue.talk() as talk:
        await talk.subscribe("height")
        await talk.next("subscribed/height")
        stopping = asyncio.create_task(venue.server.stop())
        closed = await talk.end()
        assert talk.kept[-1] == {"type": "shutdown", "close_in_ms": 100}
        assert closed.rcvd is not None
        assert closed.rcvd.code == 1001
        await stopping
