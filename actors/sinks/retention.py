"""Which rows are too old, by kind: one small step after the other, so that nothing waits; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

STEP_ROWS: Final = 2_000
"""Removed in one transaction."""
EACH_NS: Final = 60 * 10**9
"""Between two looks at a table that had no more to remove."""
DAY_US: Final = 86_400 * 10**6


class Step(NamedTuple):
    table: str
    before_us: int


class Retention:
    """`days` by kind (`snapshots`, …); what is not named stays for ever."""

    def __init__(self, days: Mapping[str, int]) -> None:
        self._days = {f"history_{kind}": number for kind, number in days.items() if number}
        self._due_mono_ns = dict.fromkeys(self._days, 0)

    def next(self, now_mono_ns: int, now_us: int) -> Step | None:
        """The step that has waited longest, if one is due."""
        due = [table for table, at_ns in self._due_mono_ns.items() if at_ns <= now_mono_ns]
        if not due:
            return None
        table = min(due, key=self._due_mono_ns.__getitem__)
        return Step(table, now_us - self._days[table] * DAY_US)

    def done(self, step: Step, removed: int, now_mono_ns: int) -> None:
        """After a full step the next one is due at once, behind those of other tables."""
        wait_ns = 0 if removed >= STEP_ROWS else EACH_NS
        # Put last: of those that are due since the same moment the first one goes.
        del self._due_mono_ns[step.table]
        self._due_mono_ns[step.table] = now_mono_ns + wait_ns
