"""When a connection that ended is tried again; pure.

A policy is a value. `Retries` counts the attempts of one lane and asks the policy.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

JITTER_MAX: Final = 0.1
HEALTHY_AFTER_S: Final = 5.0
"""A connection that authenticated and brought good data must live this long to count as healthy:
one that dies right away each time must not be tried again at once each time."""
SHORT_LIVES_MAX: Final = 3
SHORT_LIVES_WINDOW_S: Final = 60.0
"""A connection that delivered state (a verified book, an account's present) and died before that is
tried again at once all the same, so often in this time: one early gap must not cost a minute."""


class Retry(NamedTuple):
    """`attempt` 0 is the one at once after a healthy connection; `phase` 0 until the first delay.

    `poll_interval_s` is the REST polling rhythm that stands in for the stream meanwhile (None =
    the account's own).
    """

    delay_s: float
    phase: int
    attempt: int
    poll_interval_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPolicy:
    """First each of `first_delays_s` once, then `then_delay_s` without end."""

    name: str
    at_once_after_healthy: bool
    first_delays_s: tuple[float, ...]
    then_delay_s: float
    then_poll_interval_s: float | None = None

    def retry(self, attempt: int) -> Retry:
        """The wait before attempt number `attempt` (1, 2, 3, …)."""
        if attempt <= len(self.first_delays_s):
            return Retry(self.first_delays_s[attempt - 1], 1, attempt)
        return Retry(self.then_delay_s, 2, attempt, self.then_poll_interval_s)


PHASED: Final = ConnectionPolicy(
    name="phased",
    at_once_after_healthy=True,
    first_delays_s=(60.0,) * 5,
    then_delay_s=300.0,
)
EXPONENTIAL: Final = ConnectionPolicy(
    name="exponential",
    at_once_after_healthy=False,
    first_delays_s=(1.0, 2.0, 4.0, 8.0, 16.0),
    then_delay_s=60.0,
    then_poll_interval_s=15.0,
)
CANDLES: Final = ConnectionPolicy(
    name="candles",
    at_once_after_healthy=True,
    first_delays_s=(1.0, 2.0, 4.0, 8.0, 16.0, *PHASED.first_delays_s),
    then_delay_s=300.0,
)
POLICIES: Final = {policy.name: policy for policy in (PHASED, EXPONENTIAL, CANDLES)}


class ShortLives:
    """The connections of one lane that delivered and died young, and were tried again at once."""

    __slots__ = ("_forgiven_ns",)

    def __init__(self) -> None:
        self._forgiven_ns: deque[int] = deque(maxlen=SHORT_LIVES_MAX)

    def forgive(self, now_ns: int) -> bool:
        """Whether this one may be followed at once; counts it if so."""
        forgiven = self._forgiven_ns
        window_ns = SHORT_LIVES_WINDOW_S * 1e9
        if len(forgiven) == SHORT_LIVES_MAX and now_ns - forgiven[0] < window_ns:
            return False
        forgiven.append(now_ns)
        return True


class Retries:
    """How often in a row one lane failed. Jitter of 0 … +10 % keeps many lanes apart."""

    __slots__ = ("_random", "attempt", "phase", "policy")

    def __init__(self, policy: ConnectionPolicy, seed: str) -> None:
        self.policy = policy
        self.attempt = 0
        self.phase = 0
        self._random = random.Random(seed)  # noqa: S311 - spreads load, guards nothing

    def after(self, *, healthy: bool) -> Retry:
        """The connection (or attempt) ended: when to try next."""
        if healthy:
            self.reset()
            if self.policy.at_once_after_healthy:
                return Retry(0.0, 0, 0)
        self.attempt += 1
        retry = self.policy.retry(self.attempt)
        self.phase = retry.phase
        jitter = 1.0 + JITTER_MAX * self._random.random()
        return retry._replace(delay_s=retry.delay_s * jitter)

    def reset(self) -> None:
        """Success, or an operator's wish."""
        self.attempt = 0
        self.phase = 0
