"""docs/streams.md against the web server: what it shows has the fields of what is sent."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from typing import Any

import aiohttp
import pytest
import websockets
from full_service import ROOT
from web_world import BTC, World, serving, until

from actors.messages.control import StreamEnded
from actors.messages.market import Candle

PAGE = ROOT / "docs" / "streams.md"
README = ROOT / "README.md"
EXAMPLES = [
    json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
]
ASKED = [example for example in EXAMPLES if "op" in example]
TOLD = [example for example in EXAMPLES if "type" in example]
HEARD_SECONDS_MAX = 5.0
CANDLES = "candles:extended:linear:BTC-USD:1m"


def candle(world: World, *, closed: bool = False) -> Candle:
    return Candle(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        timeframe="1m",
        start_us=1795252440000000,
        open="84108",
        high="84115",
        low="84101",
        close="84112",
        volume="1.25",
        closed=closed,
        received_ns=world.now_ns(),
    )


def shape(value: Any) -> Any:
    """The names in a message, and whether each holds an object, a list or something plain."""
    if isinstance(value, dict):
        return {name: shape(held) for name, held in value.items()}
    return "list" if isinstance(value, list) else "plain"


class Listener:
    """Hears a WebSocket until what is wanted has come."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def until(self, kind: str, topic: str | None = None) -> Any:
        async with asyncio.timeout(HEARD_SECONDS_MAX):
            while True:
                message = json.loads(await self._socket.recv())
                if message["type"] == kind and topic in (None, message.get("topic")):
                    return message

    async def ask(self, **message: Any) -> None:
        await self._socket.send(json.dumps(message))


async def everything_told() -> dict[tuple[str, str], Any]:
    """One real message of each kind that the page shows."""
    world = World()
    world.full()
    heard = []
    async with (
        serving(world) as served,
        websockets.connect(served.ws, proxy=None) as socket,
    ):
        listener = Listener(socket)
        heard.append(await listener.until("welcome"))
        await listener.ask(op="subscribe", topics=["account:*", "fills:*", BTC])
        heard.append(await listener.until("subscribed"))
        heard.append(await listener.until("snapshot", BTC))
        world.delta()
        heard.append(await listener.until("update", BTC))
        world.fill(2)
        heard.append(await listener.until("update", "fills:extended:1"))
        await listener.ask(op="subscribe", topics=["candles:*"])
        world.link(CANDLES)
        world.replica.feed("candle", CANDLES, CANDLES, candle(world))
        await listener.until("snapshot", CANDLES)
        world.replica.feed("candle", CANDLES, CANDLES, candle(world, closed=True))
        heard.append(await listener.until("update", CANDLES))
        world.replica.feed("stream_ended", "supervisor", CANDLES, StreamEnded(actor=CANDLES))
        heard.append(await listener.until("update", CANDLES))
        await listener.ask(op="subscribe", topics=["supervision"], since="another-12")
        heard.append(await listener.until("reset", "supervision"))
        await listener.ask(op="subscribe", topics=[])
        heard.append(await listener.until("error"))
        await listener.ask(op="ping")
        heard.append(await listener.until("pong"))
        # The verdict before is known once freshness has been looked at.
        world.feed.tick()
        world.replica.disconnect()
        heard.append(await listener.until("freshness", "account:extended:1"))
        await listener.ask(op="unsubscribe", topics=["fills:*"])
        heard.append(await listener.until("unsubscribed"))
        await served.stop()
        heard.append(await listener.until("closing"))
    return {(message["type"], message.get("kind", "")): message for message in heard}


async def test_every_documented_message_has_the_fields_of_a_real_one() -> None:
    real = await everything_told()
    documented = {(example["type"], example.get("kind", "")): example for example in TOLD}
    assert documented.keys() == real.keys()
    assert all({"type", "id", "prev", "at_us"} <= message.keys() for message in real.values())
    for key, example in documented.items():
        assert shape(example) == shape(real[key]), key


@pytest.mark.parametrize("example", ASKED, ids=lambda it: f"{it['op']}-{len(it)}")
async def test_every_documented_request_is_understood(example: dict[str, Any]) -> None:
    world = World()
    world.full()
    async with (
        serving(world) as served,
        websockets.connect(served.ws, proxy=None) as socket,
    ):
        listener = Listener(socket)
        await listener.until("welcome")
        await listener.ask(**example)
        answer = {"ping": "pong"}.get(example["op"], f"{example['op']}d")
        await listener.until(answer)


async def test_every_documented_address_streams() -> None:
    commands = re.findall(r"^curl -N (.*)$", PAGE.read_text() + README.read_text(), re.MULTILINE)
    assert len(commands) >= 2
    world = World()
    world.full()
    async with serving(world) as served, aiohttp.ClientSession() as http:
        for command in commands:
            (address,) = shlex.split(command)
            url = address.replace("http://127.0.0.1:5000", served.url)
            async with http.get(url) as answer, asyncio.timeout(HEARD_SECONDS_MAX):
                assert answer.status == 200, command
                assert answer.content_type == "text/event-stream"
                assert await answer.content.readline() == b"retry: 1000\n"
        await until(lambda: world.feed.count == 0, "the streams are forgotten")
