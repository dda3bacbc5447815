"""Sees to it that what was handed over stays: in the store, or in the spool until it is back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from actors.errors import StoreAway
from actors.messages.control import FaultReport
from actors.runtime.context import ActorContext
from actors.sinks.contract import HistoryWriter, Position, Row, StorageStatus
from actors.sinks.schema import ACCOUNTS
from actors.sinks.spool import Spool

RETRY_NS: Final = 1_000_000_000
"""A store or a disk that failed is tried again so often."""
DAMAGES_TOLD_MAX: Final = 10


class Trouble:
    """One thing that may fail: said once when it does, and once when it is well again."""

    def __init__(self, context: ActorContext, kind: str, what: str) -> None:
        self._context = context
        self._kind = kind
        self._what = what
        self._retry_mono_ns = 0
        self.reason = ""
        """Why it fails; empty where it does not."""

    def began(self, reason: str) -> None:
        context = self._context
        self._retry_mono_ns = context.clock.monotonic_ns() + RETRY_NS
        if not self.reason:
            report = FaultReport(
                actor=context.actor_id,
                kind=self._kind,
                message=reason,
                level="error",
                at_ns=context.clock.wall_ns(),
            )
            context.fault(report, level="error")
        self.reason = reason

    def ended(self) -> None:
        if self.reason:
            self.reason = ""
            self._context.log("info", f"{self._what} written again")

    @property
    def may_try(self) -> bool:
        return not self.reason or self._context.clock.monotonic_ns() >= self._retry_mono_ns


class Keeper:
    """Store first; while it is away, or what it missed is not written yet, the spool."""

    def __init__(self, context: ActorContext, writer: HistoryWriter, spool: Spool) -> None:
        self._context = context
        self._clock = context.clock
        self._writer = writer
        self._spool = spool
        self._store_trouble = Trouble(context, "HistoryStoreAway", "history store")
        self._spool_trouble = Trouble(context, "HistorySpoolFailed", "history spool")
        self._opened = False
        self._since_us = self._clock.wall_ns() // 1000
        self._last_write_us: int | None = None
        self._last_error = ""
        self._last_error_us: int | None = None
        self._rows_written = 0
        self._damages_told = 0
        self._owners: dict[tuple[Any, ...], Row] = {}
        """Of all accounts that were ever handed over."""

    async def open(self, stream_id: str) -> Position | None:
        """How far this stream is kept, in spool or store; None where neither knows.

        Raises ConfigFault for a store that this release cannot write.
        """
        try:
            self._spool.open()
        except OSError as error:
            self._spool_failed(error)
        self._tell_damages()
        spooled = self._spool.position
        if spooled is not None and spooled.stream_id == stream_id:
            return spooled
        try:
            await self._writer.open()
            self._opened = True
            seq = await self._writer.position(stream_id)
        except StoreAway as away:
            self._store_failed(away)
            return None
        return None if seq is None else Position(stream_id, seq)

    async def keep(self, rows: Sequence[Row], position: Position | None) -> bool:
        """Whether it is kept; else it is to be handed over again, before anything later."""
        self._owners.update((row.values, row) for row in rows if row.table == ACCOUNTS.name)
        if self._spool.empty and self._store_trouble.may_try and await self._store(rows, position):
            # Nothing is left that the spool would be needed for.
            self._spool_trouble.ended()
            return True
        if not self._spool_trouble.may_try:
            return False
        try:
            self._spool.append(rows, position)
        except OSError as error:
            self._spool_failed(error)
            return False
        self._spool_trouble.ended()
        return True

    async def drain(self) -> bool:
        """Writes the oldest piece of the spool to the store; whether more is due at once."""
        spool = self._spool
        if spool.empty or not (self._store_trouble.may_try and self._spool_trouble.may_try):
            return False
        try:
            batches = spool.oldest()
            self._tell_damages()
            rows = [row for batch in batches for row in batch.rows]
            positions = [batch.position for batch in batches if batch.position is not None]
            position = positions[-1] if positions else None
            if (rows or position) and not await self._store(rows, position):
                return False
            spool.drop_oldest(batches)
        except OSError as error:
            self._spool_failed(error)
            return False
        self._spool_trouble.ended()
        return not spool.empty

    async def trim(self, table: str, before_us: int, limit: int) -> int:
        """As the writer's; nothing while the store is away."""
        if self._store_trouble.reason or not self._opened:
            return 0
        try:
            return await self._writer.trim(table, before_us, limit)
        except StoreAway as away:
            self._store_failed(away)
            return 0

    async def close(self) -> None:
        self._spool.close()
        await self._writer.close()

    def status(self, waiting: int, gaps: int, refused: int) -> StorageStatus:
        """`waiting` rows are not handed over yet."""
        return StorageStatus(
            kind=self._writer.name,
            connected=self._opened and not self._store_trouble.reason,
            last_write_us=self._last_write_us,
            rows_written=self._rows_written,
            queue_length=waiting + self._spool.rows,
            spool_bytes=self._spool.bytes,
            spool_bytes_max=self._spool.bytes_max,
            spool_failing=bool(self._spool_trouble.reason),
            thinned=self._spool.thinned,
            gaps=gaps,
            refused=refused,
            last_error=self._last_error,
            last_error_us=self._last_error_us,
            since_us=self._since_us,
        )

    @property
    def spooled(self) -> int:
        return self._spool.rows

    async def _store(self, rows: Sequence[Row], position: Position | None) -> bool:
        try:
            if not self._opened:
                await self._writer.open()
                self._opened = True
                # Another one may stand there now, which knows of nobody.
                rows = [*self._owners.values(), *rows]
            await self._writer.write(rows, position)
        except StoreAway as away:
            self._store_failed(away)
            return False
        self._store_trouble.ended()
        self._rows_written += len(rows)
        self._last_write_us = self._clock.wall_ns() // 1000
        return True

    def _store_failed(self, away: StoreAway) -> None:
        # Another server may stand there when it answers again: its schema is looked at anew.
        self._opened = False
        self._note(str(away))
        self._store_trouble.began(str(away))

    def _spool_failed(self, error: OSError) -> None:
        reason = f"{error.strerror or error}"
        self._note(reason)
        self._spool_trouble.began(reason)

    def _note(self, reason: str) -> None:
        self._last_error = reason
        self._last_error_us = self._clock.wall_ns() // 1000

    def _tell_damages(self) -> None:
        damages = self._spool.damages[self._damages_told : DAMAGES_TOLD_MAX]
        self._damages_told += len(damages)
        for damage in damages:
            self._tell_damage(damage)

    def _tell_damage(self, damage: str) -> None:
        report = FaultReport(
            actor=self._context.actor_id,
            kind="HistorySpoolDamaged",
            message=damage,
            level="error",
            at_ns=self._clock.wall_ns(),
        )
        self._context.fault(report, level="error")
