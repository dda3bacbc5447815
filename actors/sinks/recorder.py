"""The recorder: follows every account event, and keeps history in the one store that is set."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.cache.datum import Change
from actors.cache.replica import Replica
from actors.errors import Disconnected, Fault, StoreFault
from actors.messages.control import ConnectionState
from actors.runtime.context import ActorContext
from actors.runtime.tasks import run_until_stopped
from actors.runtime.timer import Timer
from actors.sinks.choosing import Choice
from actors.sinks.contract import Position, Row
from actors.sinks.following import Follower, takes, value_of
from actors.sinks.incidents import Incidents
from actors.sinks.keeping import Keeper
from actors.sinks.retention import STEP_ROWS, Retention
from actors.sinks.spool import Batch, Spool
from actors.sinks.writing import open_writer

BATCH_ROWS: Final = 500
"""Of one transaction."""
GATHER_S: Final = 0.1
"""So long what comes is gathered before it is written."""
TICK_S: Final = 1.0
CATCH_UP_RETRY_S: Final = 1.0
ASIDES_MAX: Final = 10_000
"""Incidents that wait to be written; of more, the oldest are lost."""
LAST_WRITE_S: Final = 1.2
"""At the end of the service, within the time that a stage of it has."""
MEGABYTE: Final = 1024 * 1024

_lanes: Final = msgspec.msgpack.Decoder(ConnectionState)


class HistoryGap(StoreFault):
    """Changes that neither the cache's ring nor its journal holds any more."""


class Recorder:
    """Pulls changes out of its replica of the cache; the replica's ring is its only queue.

    What was pulled is handed over in order, and again until it is kept; with its last batch goes
    the position in the stream. So a kill at any moment costs nothing: the next life asks for all
    after the position, and what comes twice is known by its identity.
    """

    def __init__(
        self, context: ActorContext, replica: Replica, keeper: Keeper, timer: Timer
    ) -> None:
        config = context.config["history"]
        self._context = context
        self._clock = context.clock
        self._replica = replica
        self._keeper = keeper
        self._timer = timer
        self._follower = Follower(replica)
        interval_us = round(config["snapshot_interval_s"] * 1e6)
        self._choice = Choice(interval_us, self._refuse)
        self._incidents = Incidents()
        self._retention = Retention(config["days"])
        self._pending: deque[Batch] = deque()
        self._asides: deque[Row] = deque(maxlen=ASIDES_MAX)
        self._wake = asyncio.Event()
        self._gaps = 0
        self._refused = 0
        replica.subscribe(self._on_change)
        replica.on_stream_reset(self._wake.set)
        context.progress.queue_depth = lambda: self.waiting
        context.on_question("storage", self._answer)

    @property
    def waiting(self) -> int:
        """Rows that are not handed over yet, and those of the spool."""
        return self._in_memory + self._keeper.spooled

    async def run(self) -> None:
        """For ever, from where the last life stood."""
        await self._replica.wait_filled()
        self._follower.position = await self._keeper.open(self._replica.stream_id)
        for datum in self._replica.store.connections.values():
            self._on_lane(datum.value)
        self._context.ready()
        while True:
            if not await self.cycle():
                await self._rest()

    async def cycle(self) -> bool:
        """One round: what is due of everything; whether more is due at once."""
        more = await self._keeper.drain()
        if not self._pending:
            await self._gather()
        await self._hand_over()
        await self._trim()
        return more and not self._pending

    async def finish(self) -> None:
        """At the end: what is here by now is handed over once more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITE_S):
                await self.cycle()
        await self._keeper.close()

    # what comes

    def _on_change(self, change: Change) -> None:
        if change.kind == "connection_state":
            self._on_lane(_lanes.decode(change.body))
        self._wake.set()

    def _on_lane(self, state: ConnectionState) -> None:
        now_mono_ns, now_ns = self._clock.monotonic_ns(), self._clock.wall_ns()
        try:
            self._asides.extend(self._incidents.of_lane(state, now_mono_ns, now_ns))
        except Fault as fault:
            self._refuse(fault)

    async def _rest(self) -> None:
        self._wake.clear()
        await self._timer.sleep(TICK_S, self._wake)
        await self._timer.sleep(GATHER_S)

    async def _gather(self) -> None:
        """Makes batches of all that is new."""
        rows = list(self._asides)
        self._asides.clear()
        rows += self._choice.of_state(self._replica.store, self._clock.monotonic_ns())
        changes = self._follower.pull()
        values: list[Any] = []
        if changes is None:
            values = await self._caught_up()
        else:
            values = [value_of(change) for change in changes]
        for value in values:
            rows += self._choice.of_value(value)
        if rows or values:
            self._pending.extend(_batches(rows, self._follower.position))

    async def _caught_up(self) -> list[Any]:
        try:
            found = await self._follower.catch_up()
        except Disconnected:
            # A cache that is away is told of by others; what it has to say is asked for again.
            await self._timer.sleep(CATCH_UP_RETRY_S)
            return []
        if found.gap:
            self._gaps += 1
            gap = f"{found.gap}: changes were lost on the way; what stands now was stored instead"
            self._context.fault(HistoryGap(gap), level="error")
        self._context.log("info", "history caught up", position=found.position.seq)
        return found.values

    # what goes

    async def _hand_over(self) -> None:
        while self._pending:
            batch = self._pending[0]
            if not await self._keeper.keep(batch.rows, batch.position):
                return
            self._pending.popleft()
            self._context.progress.good_event()
            if batch.position is not None:
                self._context.progress.frame(batch.position.seq)

    async def _trim(self) -> None:
        step = self._retention.next(self._clock.monotonic_ns(), self._clock.wall_ns() // 1000)
        if step is not None:
            removed = await self._keeper.trim(step.table, step.before_us, STEP_ROWS)
            self._retention.done(step, removed, self._clock.monotonic_ns())

    # what is told

    @property
    def _in_memory(self) -> int:
        return sum(len(batch.rows) for batch in self._pending) + len(self._asides)

    def _answer(self, _: object) -> dict[str, Any]:
        status = self._keeper.status(self._in_memory, self._gaps, self._refused)
        return msgspec.structs.asdict(status)

    def _refuse(self, fault: Fault) -> None:
        self._refused += 1
        self._context.fault(fault, level="error")


def _batches(rows: list[Row], position: Position | None) -> Iterator[Batch]:
    """The last one carries the position: it is reached once all before it are kept."""
    left = iter(rows)
    batch = tuple(islice(left, BATCH_ROWS))
    while following := tuple(islice(left, BATCH_ROWS)):
        yield Batch(batch, None)
        batch = following
    yield Batch(batch, position)


async def run(context: ActorContext) -> None:
    """Follows the cache until told to stop; config: contracts, section 6."""
    config = context.config["history"]
    writer = open_writer(config, context.secrets())
    replica = Replica(
        context.config["cache_socket"],
        context.actor_id,
        context.epoch,
        context.clock,
        takes=takes,
    )
    spool = Spool(Path(config["spool"]), config["spool_mb"] * MEGABYTE)
    keeper = Keeper(context, writer, spool)
    recorder = Recorder(context, replica, keeper, Timer(context.clock))
    try:
        await run_until_stopped(context, replica.run(), recorder.run())
    finally:
        await recorder.finish()
