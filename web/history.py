"""What a web process has of history: the store's reader, its gate, and what was counted of it."""

from __future__ import annotations

from typing import Final

from actors.runtime.clock import Clock
from actors.sinks.contract import HistoryReader
from web.history_gate import Gate
from web.performance import Performance
from web.periods import Periods
from web.problems import Problem

NO_STORE: Final = "HISTORY is off: this service keeps no history"


class History:
    """Made once per web process.

    `kind` is the store's (`sqlite`, `postgres`, `supabase`); both are None where the service keeps
    no history.
    """

    def __init__(
        self,
        reader: HistoryReader | None,
        kind: str | None,
        clock: Clock,
        gate: Gate | None = None,
    ) -> None:
        self._reader = reader
        self.kind = kind
        self.gate = gate or Gate()
        self._periods = None if reader is None else Periods(Performance(reader, self.gate, clock))

    @property
    def reader(self) -> HistoryReader:
        """The store's reader, or a problem that says that there is none."""
        if self._reader is None:
            raise Problem(503, "no-history", NO_STORE)
        return self._reader

    @property
    def periods(self) -> Periods:
        if self._periods is None:
            raise Problem(503, "no-history", NO_STORE)
        return self._periods

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()
