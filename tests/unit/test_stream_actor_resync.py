"""A book that its session heals on the connection: never served meanwhile, whatever broke it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from actor_context import KeptContext
from instant_timer import InstantTimer

from actors.errors import MalformedFrame
from actors.messages.market import BookStatus
from actors.runtime.frames import KeptFrame
from actors.stream import StreamActor
from actors.venues.registry import venue

NOW_NS = 1_790_000_000_000_000_000
CHANNEL = "order_book:0"


def book(kind: str, nonce: int, begin: int, size: str = "1.5") -> str:
    row = {
        "bids": [{"price": "10.0", "size": size}], "asks": [], "nonce": nonce, "begin_nonce": begin,
    }  # fmt: skip
    return json.dumps({"type": f"{kind}/order_book", "channel": CHANNEL, "order_book": row})


class World:
    def __init__(self) -> None:
        lighter = venue("lighter")
        config: dict[str, Any] = {
            "venue": "lighter", "kind": "orderbook", "product": "linear", "symbol": "ETH",
            "base_url": lighter.base_url, "ws_url": lighter.ws_url,
        }  # fmt: skip
        self.context = KeptContext("orderbook:lighter:linear:ETH", config)
        self.session = lighter.book_session(lighter.ws_url, "linear", "ETH", "0")
        self.actor = StreamActor(self.context, lighter, self.session, "ETH", timer=InstantTimer())
        self.session.connected(NOW_NS)
        self.hear('{"type":"connected"}')
        self.session.to_send(1)

    def hear(self, frame: str) -> None:
        """As a connection does it."""
        try:
            events = self.session.receive(frame, NOW_NS)
        except MalformedFrame as fault:
            self.actor.malformed(fault, KeptFrame(NOW_NS, frame, str(fault)))
        else:
            self.actor.events(events)

    def status(self) -> BookStatus:
        return next(
            put.message for put in reversed(self.context.kept.puts) if put.kind == "book_status"
        )


@pytest.mark.parametrize(
    "frame",
    [book("update", 30, 20), book("update", 11, 10, size="-1"), book("update", 11, 10, size="x")],
    ids=["gap", "mismatch", "malformed"],
)
async def test_what_breaks_a_book_is_told_in_the_same_moment(frame: str) -> None:
    world = World()
    world.hear(book("subscribed", 10, 0))
    assert world.status().verified
    world.hear(frame)
    assert not world.status().verified
    assert world.status().reason
    assert world.actor._book() is None
    unsubscribe, subscribe = world.session.to_send(2), world.session.to_send(3)
    assert (len(unsubscribe), len(subscribe)) == (1, 0)
    world.hear(json.dumps({"type": "unsubscribed", "channel": CHANNEL}))
    assert len(world.session.to_send(4)) == 1
    world.hear(book("subscribed", 40, 0))
    assert world.status().verified
    assert world.status().resyncs == 1
