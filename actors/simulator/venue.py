"""One simulated venue without its socket: its world, its clock, who listens, and what goes wrong.

The server puts it on a socket, the controls look into it and steer it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from actors.runtime.clock import Clock
from actors.simulator.attendance import Attendances, Stay
from actors.simulator.connection import Connection
from actors.simulator.dialects.contract import Dialect
from actors.simulator.exchange import Exchange
from actors.simulator.fault_orders import read_fault
from actors.simulator.faults import (
    FRAME_KINDS,
    HTTP_KINDS,
    LINK_KINDS,
    Fault,
    FaultDesk,
    FaultKind,
    FaultRefused,
)
from actors.simulator.hub import Hub
from actors.simulator.subscription import Subscription
from actors.simulator.throttle import Throttle
from actors.simulator.visits import Visits

SKIP_AFTER_NS: Final = 2_000_000_000
"""A longer sleep of the whole process is left out, not lived through in a burst."""

ALL: Final = "*"
"""In the place of a market: the topic of all of them."""


class SimulatedVenue:
    """An exchange with all that stands between it and its clients."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        dialect: Callable[[Exchange, Hub], Dialect],
        *,
        rate_limit_per_min: int | None = None,
    ) -> None:
        self.exchange = exchange
        self.hub = Hub()
        self.throttle = Throttle(rate_limit_per_min)
        self.desk = FaultDesk()
        self.attendances = Attendances()
        self.dialect = dialect(exchange, self.hub)
        self.visits = Visits(overload_statuses=self.dialect.overload_statuses)
        self.connections: dict[int, Connection] = {}
        self._stays: dict[Subscription, Stay] = {}
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

    def came(self, connection: Connection) -> None:
        self.connections[connection.number] = connection

    def gone(self, connection: Connection) -> None:
        """Ends what is left of its streams too."""
        for subscription in list(connection.subscriptions.values()):
            self.shut(subscription)
        del self.connections[connection.number]

    def greet(self, connection: Connection) -> None:
        """Before it asks for any stream: the faults that wait for whoever comes."""
        now_ns = self.mono_ns()
        for fault in self.desk.meet({"ws"}, LINK_KINDS, now_ns, "ws"):
            connection.suffer(fault, now_ns)

    def refusals(self, names: Collection[str], topic: str) -> list[Fault]:
        return self.desk.meet(names, HTTP_KINDS, self.mono_ns(), topic)

    def open(self, connection: Connection, topic: str) -> Subscription:
        """The faults that wait for this newcomer, then what its stream begins with."""
        now_ns = self.mono_ns()
        subscription = Subscription(connection, topic, self.dialect.form)
        for fault in self.desk.meet(subscription.names, LINK_KINDS | FRAME_KINDS, now_ns, topic):
            if fault.kind in LINK_KINDS:
                connection.suffer(fault, now_ns)
            else:
                subscription.suffer(fault)
        connection.subscriptions[topic] = subscription
        # Nothing may be awaited between the two: a frame would be lost or come twice.
        self.dialect.streams.welcome(subscription)
        self.hub.join(subscription)
        self._stays[subscription] = self.attendances.joined(
            topic, connection.number, connection.address, self.wall_ms()
        )
        return subscription

    def shut(self, subscription: Subscription) -> None:
        stay = self._stays.pop(subscription, None)
        if stay is None:
            return
        del subscription.connection.subscriptions[subscription.topic]
        self.hub.leave(subscription)
        self.attendances.left(subscription.topic, stay, self.wall_ms())

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
        if fault.kind in FRAME_KINDS:
            streams = [one for one in self.hub if fault.names(one.names)]
            for stream in streams:
                stream.suffer(fault)
            return len(streams)
        struck = list(self.connections.values())
        if fault.kind is FaultKind.DOWN:
            for one in struck:
                one.abort()
            return len(struck)
        struck = [one for one in struck if fault.names(one.names)][: fault.left]
        for one in struck:
            one.suffer(fault, now_ns)
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
        if word in self.dialect.deep_words:
            name = name.partition(":")[0]
        if word not in self.dialect.topic_words:
            words = ", ".join(sorted(self.dialect.topic_words))
            raise FaultRefused(f"target: expected all, rest, ws, {words}, found {target!r}")
        if name and name not in known:
            raise FaultRefused(
                f"target: expected {word}: and one of {', '.join(sorted(known))}, found {target!r}"
            )

    def clear_faults(self) -> None:
        """Ends the faults that wait; what open connections suffer stays with them."""
        self.desk.clear()
        self._set_clock()
