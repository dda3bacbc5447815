"""One simulated venue without its socket: its world, its clock, who listens, and what goes wrong.

The server puts it on a socket, the controls look into it and steer it.
"""

from __future__ import annotations

from typing import Any, Final

from actors.runtime.clock import Clock
from actors.simulator.attendance import Attendances, Stay
from actors.simulator.connection import Connection
from actors.simulator.dialects.extended import Extended
from actors.simulator.dialects.extended_streams import ALL
from actors.simulator.exchange import Exchange
from actors.simulator.fault_orders import read_fault
from actors.simulator.faults import (
    FRAME_KINDS,
    HTTP_KINDS,
    LINK_KINDS,
    FaultDesk,
    FaultKind,
    FaultRefused,
)
from actors.simulator.hub import Hub
from actors.simulator.throttle import Throttle
from actors.simulator.visits import Visits

SKIP_AFTER_NS: Final = 2_000_000_000
"""A longer sleep of the whole process is left out, not lived through in a burst."""

_TOPIC_WORDS: Final = (
    "account",
    "book",
    "top",
    "rfq",
    "trades",
    "funding",
    "mark",
    "index",
    "candles",
)


class SimulatedVenue:
    """An exchange with all that stands between it and its clients."""

    def __init__(
        self, exchange: Exchange, clock: Clock, *, rate_limit_per_min: int | None = None
    ) -> None:
        self.exchange = exchange
        self.hub = Hub()
        self.throttle = Throttle(rate_limit_per_min)
        self.desk = FaultDesk()
        self.visits = Visits()
        self.attendances = Attendances()
        self.dialect = Extended(exchange, self.hub)
        exchange.listener = self.dialect.streams
        self._clock = clock
        self._began_mono_ns = self._stepped_mono_ns = clock.monotonic_ns()
        self._began_wall_ns = clock.wall_ns()
        self._skew_ns = 0

    # time

    def mono_ns(self) -> int:
        return self._clock.monotonic_ns()

    def wall_ns(self) -> int:
        """The wall clock at the start, then monotonic; never skewed."""
        return self._began_wall_ns + self.mono_ns() - self._began_mono_ns

    def wall_ms(self) -> int:
        return self.wall_ns() // 1_000_000

    def now_ns(self) -> int:
        """The venue's own clock, which a fault may have set forward or back."""
        return self.wall_ns() + self._skew_ns

    def step(self) -> None:
        """Lives up to now."""
        self._set_clock()
        mono_ns = self.mono_ns()
        if mono_ns - self._stepped_mono_ns > SKIP_AFTER_NS:
            self.exchange.skip(mono_ns - self._stepped_mono_ns)
        self._stepped_mono_ns = mono_ns
        self.exchange.step(self.now_ns())

    def _set_clock(self) -> None:
        """Follows the faults of the clock; the world goes on from wherever it now is in time."""
        skew_ns = self.desk.skew_ns(self.mono_ns())
        if skew_ns != self._skew_ns:
            jump_ns, self._skew_ns = skew_ns - self._skew_ns, skew_ns
            self.exchange.skip(jump_ns)

    # who listens

    def join(self, connection: Connection) -> Stay:
        self.hub.join(connection)
        return self.attendances.joined(
            connection.topic, connection.number, connection.address, self.wall_ms()
        )

    def leave(self, connection: Connection, stay: Stay) -> None:
        self.hub.leave(connection)
        self.attendances.left(connection.topic, stay, self.wall_ms())

    def welcome(self, connection: Connection) -> None:
        """The faults that wait for this newcomer, then what its stream begins with."""
        now_ns = self.mono_ns()
        kinds = LINK_KINDS | FRAME_KINDS
        for fault in self.desk.meet(connection.names, kinds, now_ns, connection.topic):
            connection.suffer(fault, now_ns)
        self.dialect.streams.welcome(connection)

    # what goes wrong

    def put_fault(self, order: dict[str, Any]) -> int:
        """Puts a fault in force; how many open connections it struck. Raises FaultRefused."""
        now_ns = self.mono_ns()
        fault = read_fault(order, now_ns)
        self._check_target(fault.target)
        waits = fault.until_ns is not None or order.get("newcomers", False)
        if waits or fault.kind in HTTP_KINDS or fault.kind is FaultKind.SKEW:
            self.desk.add(fault)
        if fault.kind is FaultKind.SKEW:
            self._set_clock()
        if order.get("newcomers", False) or fault.kind not in {
            *FRAME_KINDS,
            *LINK_KINDS,
            FaultKind.DOWN,
        }:
            return 0
        is_down = fault.kind is FaultKind.DOWN
        struck = [one for one in self.hub if is_down or fault.names(one.names)]
        if fault.left and fault.kind in LINK_KINDS:
            struck = struck[: fault.left]
        for one in struck:
            one.abort() if is_down else one.suffer(fault, now_ns)
        return len(struck)

    def _check_target(self, target: str) -> None:
        """FaultRefused for a name that nothing here can go by: it would never strike."""
        lane, _, rest = target.partition(":")
        if target in {"all", "rest", "ws", "rest:public"} or target.startswith("rest:/"):
            return
        word, _, name = (rest if lane in {"rest", "ws"} else target).partition(":")
        known = set(self.exchange.markets) | {ALL}
        if word == "account":
            known = {one.name for one in self.exchange.accounts.values()}
        elif word == "candles":
            name = name.partition(":")[0]
        if word not in _TOPIC_WORDS:
            raise FaultRefused(
                f"target: expected all, rest, ws, {', '.join(_TOPIC_WORDS)}, found {target!r}"
            )
        if name and name not in known:
            raise FaultRefused(
                f"target: expected {word}: and one of {', '.join(sorted(known))}, found {target!r}"
            )

    def clear_faults(self) -> None:
        """Ends the faults that wait; what open connections suffer stays with them."""
        self.desk.clear()
        self._set_clock()
