"""An ActorContext for tests of one actor: everything that it says is kept, nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import msgspec

from actors.errors import Fault
from actors.messages.account import OPEN_STATUSES, Fill, Funding, Order, Position
from actors.messages.control import FaultReport, Lease, LeaseRequest, Welcome
from actors.messages.kinds import KINDS
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.context import ControlHandler, Progress, QuestionHandler
from actors.runtime.link import CacheLink
from actors.runtime.outbox import BookSource, Outbox

DEADLINE_S = 30.0


async def until(holds: Callable[[], object], pause_s: float = 0.005) -> None:
    """Polls `holds` until it is true; TimeoutError after DEADLINE_S."""
    async with asyncio.timeout(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(pause_s)


class Put(NamedTuple):
    kind: str
    topic: str
    message: Any
    key: str


class KeptOutbox:
    """Keeps all that is put; `full` is set by the test."""

    def __init__(self) -> None:
        self.puts: list[Put] = []
        self.sources: dict[str, BookSource] = {}
        self.full = False
        self.pending = 0
        self.on_room: Callable[[], None] = lambda: None

    def put(self, kind: str, topic: str, message: msgspec.Struct, key: str = "") -> int:
        assert type(message) is KINDS[kind], (kind, message)
        self.puts.append(Put(kind, topic, message, key))
        return len(self.puts)

    def book_source(self, topic: str, source: BookSource) -> None:
        self.sources[topic] = source

    def make_room(self) -> None:
        self.full = False
        self.on_room()


class KeptLink:
    def __init__(self) -> None:
        self.listeners: list[Callable[[Welcome], None]] = []

    def on_welcome(self, listener: Callable[[Welcome], None]) -> None:
        self.listeners.append(listener)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def welcome_again(self) -> None:
        for listener in self.listeners:
            listener(Welcome(stream_id="new"))


class KeptContext:
    """`said` and `last` read what the actor put; `until` waits for it."""

    def __init__(
        self,
        actor_id: str,
        config: Mapping[str, Any],
        *,
        secrets: Mapping[str, str] | None = None,
        welcome: Welcome | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.actor_id = actor_id
        self.epoch = 1
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.stopping = asyncio.Event()
        self.progress = Progress(self.clock)
        self.kept = KeptOutbox()
        self.kept_link = KeptLink()
        self.is_ready = asyncio.Event()
        self.faults: list[Fault | FaultReport] = []
        self.captured: list[BaseException] = []
        self.logged: list[str] = []
        self.controls: dict[str, ControlHandler] = {}
        self.told: list[tuple[str, msgspec.Struct]] = []
        self.leases = True
        self.questions: dict[str, QuestionHandler] = {}
        self._secrets = dict(secrets or {})
        self._welcome = welcome or Welcome(stream_id="s")

    @property
    def outbox(self) -> Outbox:
        return cast("Outbox", self.kept)

    @property
    def link(self) -> CacheLink:
        return cast("CacheLink", self.kept_link)

    def descriptor(self, name: str) -> int:
        raise KeyError(name)

    def secrets(self) -> dict[str, str]:
        return self._secrets

    def ready(self) -> None:
        self.is_ready.set()

    def fault(self, fault: Fault | FaultReport, level: str = "warning") -> None:
        self.faults.append(fault)

    def capture(self, error: BaseException) -> None:
        self.captured.append(error)

    def log(self, level: str, event: str, **fields: str | float | bool | None) -> None:
        self.logged.append(event)

    def tell(self, kind: str, message: msgspec.Struct) -> bool:
        """Whoever asks for a lease gets a generous one at once, until `leases` is False."""
        self.told.append((kind, message))
        if self.leases and isinstance(message, LeaseRequest) and message.wanted_per_s:
            lease = Lease(
                venue=message.venue,
                exit_address=message.exit_address,
                rate_per_s=1_000.0,
                burst=1_000.0,
                opening=1_000.0,
            )
            self.controls["lease"](lease)
        return True

    def on_control(self, kind: str, handler: ControlHandler) -> None:
        before = self.controls.get(kind)

        def both(message: object) -> None:
            if before is not None:
                before(message)
            handler(message)

        self.controls[kind] = both

    def hear(self, kind: str, message: msgspec.Struct) -> None:
        """The supervisor says `message`."""
        self.controls[kind](message)

    def on_question(self, op: str, handler: QuestionHandler) -> None:
        self.questions[op] = handler

    async def welcome(self) -> Welcome:
        return self._welcome

    # what a test reads

    def said(self, kind: str, key: str | None = None) -> list[Any]:
        return [
            put.message for put in self.kept.puts if put.kind == kind and key in (None, put.key)
        ]

    def last(self, kind: str, key: str | None = None) -> Any:
        said = self.said(kind, key)
        return said[-1] if said else None

    def state_of(self, lane: str) -> str:
        state = self.last("connection_state", lane)
        return state.state if state else ""

    async def until(self, holds: Callable[[], object], what: str) -> None:
        """Polls `holds` until it is true; fails by name after DEADLINE_S."""
        try:
            await until(holds)
        except TimeoutError:
            last = {
                put.key: put.message for put in self.kept.puts if put.kind == "connection_state"
            }
            raise AssertionError(f"never: {what}; {last}; faults {self.faults[-3:]}") from None


def welcome_of(*lives: KeptContext, venue: str, account: str) -> Welcome:
    """What a cache that heard these lives would answer to the next one."""
    fills: dict[str, None] = {}
    orders: dict[str, Order] = {}
    positions: dict[str, Position] = {}
    fundings: dict[str, None] = {}
    for life in lives:
        for put in life.kept.puts:
            match put.message:
                case Fill(fill_id=key):
                    fills[key] = None
                case Funding(funding_id=key):
                    fundings[key] = None
                case Order(order_id=key):
                    if key not in orders or put.message.version > orders[key].version:
                        orders[key] = put.message
                case Position(position_id=key):
                    positions[key] = put.message
                case _:
                    pass
    newest = max((each.version for each in orders.values()), default=0)
    return Welcome(
        stream_id="s",
        cursors={f"orders:{venue}:{account}": str(newest)} if orders else {},
        held={
            f"orders:{venue}:{account}": tuple(
                key for key, each in orders.items() if each.status in OPEN_STATUSES
            ),
            f"positions:{venue}:{account}": tuple(
                key for key, each in positions.items() if each.quantity != "0"
            ),
        },
        fills={f"fills:{venue}:{account}": tuple(fills)[-500:]},
        fundings={f"fundings:{venue}:{account}": tuple(fundings)[-200:]},
    )
