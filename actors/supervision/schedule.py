"""How long until the next attempt: the restart schedules, pure functions over settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

from actors.errors import ConfigFault
from actors.supervision.spec import ChildKind

SECOND_NS: Final = 10**9
INFRASTRUCTURE: Final = frozenset(
    {ChildKind.CACHE, ChildKind.WEB, ChildKind.SINK, ChildKind.SIMULATOR}
)
_MASK_64: Final = (1 << 64) - 1
_GOLDEN_64: Final = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Every time and bound of supervision, in seconds and bytes.

    All are settings, save three that nobody would tune: `dump_wait_s`, `kill_repeat_s` and
    `memory_calm_s`. Raises ConfigFault that names the field, what was found and what is expected.
    """

    restart_first_delay_s: float = 0.0
    phase1_delay_s: float = 60.0
    phase1_attempts: int = 5
    phase2_delay_s: float = 300.0
    jitter_fraction: float = 0.1
    reset_after_stream_s: float = 60.0
    reset_after_account_s: float = 300.0
    reset_after_infrastructure_s: float = 10.0
    infrastructure_delays_s: tuple[float, ...] = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
    heartbeat_deadline_s: float = 5.0
    starting_deadline_s: float = 20.0
    dump_wait_s: float = 0.2
    stop_grace_s: float = 5.0
    kill_repeat_s: float = 5.0
    shutdown_stage_s: float = 2.0
    shutdown_bound_s: float = 10.0
    quarantine_first_s: float = 1_800.0
    quarantine_max_s: float = 86_400.0
    memory_soft_bytes: int = 1 << 30
    """Memory of its own above which a child is replaced; 0 = no limit."""
    memory_calm_s: float = 600.0
    """One replaced for its memory again, sooner than this, follows the schedule of crashes."""
    memory_by_kind: Mapping[str, int] = field(default_factory=dict)
    """The same limit for the kinds that have one of their own."""

    def __post_init__(self) -> None:
        for each in fields(self):
            found = getattr(self, each.name)
            numbers = found if isinstance(found, tuple) else (found,)
            if isinstance(found, Mapping):
                numbers = tuple(found.values())
            if not all(_is_amount(number) for number in numbers):
                raise ConfigFault(each.name, repr(found), "a finite number ≥ 0")
        for name in ("phase1_attempts", "memory_soft_bytes", "memory_by_kind"):
            found = getattr(self, name)
            whole = tuple(found.values()) if isinstance(found, Mapping) else (found,)
            if not all(isinstance(number, int) for number in whole):
                raise ConfigFault(name, repr(found), "a whole number ≥ 0")
        kinds = {kind.value for kind in ChildKind}
        if unknown := self.memory_by_kind.keys() - kinds:
            expected = f"kinds out of {', '.join(sorted(kinds))}"
            raise ConfigFault("memory_by_kind", ", ".join(sorted(unknown)), expected)
        # A time of zero here would be a verdict on every child at every tick.
        for name in ("heartbeat_deadline_s", "starting_deadline_s", "kill_repeat_s"):
            if getattr(self, name) == 0:
                raise ConfigFault(name, "0", "a time above 0 s")
        if not self.infrastructure_delays_s:
            raise ConfigFault("infrastructure_delays_s", "nothing", "at least one delay in s")
        if self.quarantine_max_s < self.quarantine_first_s:
            raise ConfigFault(
                "quarantine_max_s",
                str(self.quarantine_max_s),
                f"at least quarantine_first_s ({self.quarantine_first_s})",
            )


def _is_amount(number: object) -> bool:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        return False
    return math.isfinite(number) and number >= 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts against a child: crashes since the last reset, and the uncounted restart."""

    attempt: int = 0
    free_used: bool = False


CLEAN: Final = Tally()


def ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)


def next_chance(seed: int) -> tuple[float, int]:
    """A number in [0, 1) and the seed of the next one (splitmix64, so that it can live in a value).

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    """
    seed = (seed + _GOLDEN_64) & _MASK_64
    mixed = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK_64
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK_64
    mixed ^= mixed >> 31
    return (mixed >> 11) / (1 << 53), seed


def after_crash(
    limits: Limits, kind: ChildKind, tally: Tally, been_ready: bool, chance: float
) -> tuple[Tally, int]:
    """The tally after one more crash, and the wait in ns until the next start.

    `been_ready`: the child was READY once; `chance` in [0, 1] scales the jitter.
    """
    if kind not in INFRASTRUCTURE and been_ready and tally == CLEAN:
        return Tally(free_used=True), ns(limits.restart_first_delay_s)
    attempt = tally.attempt + 1
    counted = Tally(attempt, tally.free_used)
    if kind in INFRASTRUCTURE:
        return counted, infrastructure_delay_ns(limits, attempt)
    first_phase = attempt <= limits.phase1_attempts
    delay_s = limits.phase1_delay_s if first_phase else limits.phase2_delay_s
    return counted, ns(delay_s * (1 + limits.jitter_fraction * chance))


def infrastructure_delay_ns(limits: Limits, attempt: int) -> int:
    """The wait before restart `attempt` (from 1) of infrastructure; the last delay repeats."""
    delays = limits.infrastructure_delays_s
    return ns(delays[min(attempt, len(delays)) - 1])


def phase(limits: Limits, kind: ChildKind, attempt: int) -> int:
    """0 with no crash counted; 1 while the first delays last; 2 from then on without end."""
    if attempt == 0:
        return 0
    if kind in INFRASTRUCTURE:
        first = len(limits.infrastructure_delays_s)
    else:
        first = limits.phase1_attempts
    return 1 if attempt <= first else 2


def reset_after_ns(limits: Limits, kind: ChildKind) -> int:
    """For how long a successful child must be READY until its tally is forgotten."""
    if kind in INFRASTRUCTURE:
        return ns(limits.reset_after_infrastructure_s)
    if kind is ChildKind.ACCOUNT:
        return ns(limits.reset_after_account_s)
    return ns(limits.reset_after_stream_s)


def memory_limit_bytes(limits: Limits, kind: ChildKind) -> int:
    """Above what a child is replaced; 0 = no limit."""
    return limits.memory_by_kind.get(kind.value, limits.memory_soft_bytes)


def quarantine_ns(limits: Limits, rejections: int) -> int:
    """The wait after `rejections` (from 1) rejected keys in a row: doubling up to the longest."""
    # 2 ** 64 times anything is above every longest wait, and a float would overflow later.
    doublings = min(rejections - 1, 64)
    return ns(min(limits.quarantine_first_s * 2**doublings, limits.quarantine_max_s))


def longest_wait_ns(limits: Limits, kind: ChildKind, quarantined: bool) -> int:
    """No wait of this child can be longer, whatever a journal or a wall clock says."""
    if quarantined:
        return ns(limits.quarantine_max_s)
    if kind in INFRASTRUCTURE:
        return ns(max(limits.infrastructure_delays_s))
    longest_s = max(limits.phase1_delay_s, limits.phase2_delay_s)
    return max(ns(limits.restart_first_delay_s), ns(longest_s * (1 + limits.jitter_fraction)))
