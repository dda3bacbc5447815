"""What two lanes say of one account becomes one story: each event once, in order. Pure.

REST answers and stream events come in, what is news goes out. `*_ns` are CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from actors.account_figures import Figures
from actors.account_recency import Recency
from actors.account_sections import Fills, Orders, Positions, in_order
from actors.messages.account import AccountSnapshot, Fill, Funding, Order, Position
from actors.messages.control import Welcome
from actors.messages.ids import account_topic
from actors.venues.contract import AssetBalances, Event

AccountEvent: TypeAlias = AccountSnapshot | Position | Order | Fill | Funding


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Events of the stream, and when they came."""

    events: list[Event]
    at_ns: int


@dataclass(slots=True, kw_only=True)
class CatchUp:
    """All that REST says of an account, asked after the stream was open.

    `asked_ns` is the moment of the first request. `history` and `fills` reach what was known
    (`deep_enough`) or the venue's end; orders that were asked for by id are in `history` too, or
    in `nowhere` where the venue knows of none.
    """

    asked_ns: int
    received_ns: int
    figures: AccountSnapshot
    positions: list[Position]
    orders: list[Order]
    history: list[Order] = field(default_factory=list)
    nowhere: Collection[str] = ()
    fills: list[Fill] = field(default_factory=list)


class Reconciler:
    """One account, told from two sides. Every method returns what is news, to be told in order."""

    def __init__(self, venue: str, account: str, product: str) -> None:
        self.recency = Recency()
        self.figures = Figures(self.recency)
        self.positions = Positions(self.recency)
        self.orders = Orders()
        self.fills = Fills()
        self._venue = venue
        self._account = account
        self._product = product

    def adopt(self, welcome: Welcome) -> None:
        """What the cache holds of this account from earlier lives."""
        fills = account_topic("fills", self._venue, self._account)
        orders = account_topic("orders", self._venue, self._account)
        positions = account_topic("positions", self._venue, self._account)
        self.fills.adopt(welcome.fills.get(fills, ()))
        newest = welcome.cursors.get(orders, "")
        self.orders.adopt(welcome.held.get(orders, ()), int(newest) if newest.isdigit() else 0)
        self.positions.adopt(welcome.held.get(positions, ()))

    def lacks(self, welcome: Welcome) -> bool:
        """Whether the cache that says this misses something that we told.

        A journal that was lost or could not be written, or merely events that are still on their
        way to it: `start_over` is right for both, as the cache takes nothing twice.
        """
        fills = account_topic("fills", self._venue, self._account)
        orders = account_topic("orders", self._venue, self._account)
        positions = account_topic("positions", self._venue, self._account)
        newest = welcome.cursors.get(orders, "")
        return (
            self.fills.lacks(welcome.fills.get(fills, ()))
            or self.orders.lacks(
                welcome.held.get(orders, ()), int(newest) if newest.isdigit() else 0
            )
            or self.positions.lacks(welcome.held.get(positions, ()))
        )

    def start_over(self, welcome: Welcome) -> None:
        """Knows again what the cache knows, as a new life would; a catch-up must follow.

        What is open by our own word stays so until REST says otherwise: it was told as `present`.
        """
        orders, positions = self.orders, self.positions
        self.positions = Positions(self.recency)
        self.orders = Orders()
        self.fills = Fills()
        self.adopt(welcome)
        self.positions.hold(positions)
        self.orders.hold(orders)

    def heard(self, heard: Iterable[Heard]) -> list[AccountEvent]:
        """What the stream said; its fills go out last, in order of their ids."""
        news: list[AccountEvent] = []
        executions: list[Fill] = []
        for part in heard:
            for event in part.events:
                match event:
                    case AccountSnapshot():
                        news += self.figures.news(event, part.at_ns)
                    case AssetBalances():
                        news += self.figures.assets(event, part.at_ns)
                    case Position():
                        news += self.positions.news([event], part.at_ns)
                    case Order():
                        news += self.orders.news([event], part.at_ns)
                    case Fill():
                        executions.append(event)
                    case _:
                        pass
        return [*news, *self.fills.news(executions)]

    def balance(self, row: AccountSnapshot, asked_ns: int) -> list[AccountSnapshot]:
        return self.figures.news(row, asked_ns)

    def assets(self, row: AssetBalances, asked_ns: int) -> list[AccountSnapshot]:
        return self.figures.assets(row, asked_ns)

    def open_positions(
        self, rows: list[Position], asked_ns: int, received_ns: int
    ) -> list[Position]:
        return self.positions.confirmed(rows, asked_ns, self._unknown_position(received_ns))

    def holdings(self) -> tuple[str, dict[str, str]]:
        """What only executions and payments change: the wallet, and the size of each position."""
        figures = self.figures.current
        wallet = "" if figures is None else figures.wallet_balance
        return wallet, {key: row.quantity for key, row in self.positions.open.items()}

    def open_orders(self, rows: list[Order], asked_ns: int) -> list[Order]:
        return self.orders.confirmed(rows, asked_ns)

    def ended_orders(
        self, rows: list[Order], nowhere: Collection[str], asked_ns: int, received_ns: int
    ) -> list[Order]:
        """A history that is deep enough, or whole, and what was asked for by id."""
        return self.orders.read_down(rows, nowhere, asked_ns, self._unknown_order(received_ns))

    def past_fills(self, rows: list[Fill]) -> list[Fill]:
        """A list that is deep enough, or whole."""
        return self.fills.read_down(rows)

    def caught_up(self, rest: CatchUp, buffered: list[Heard]) -> list[AccountEvent]:
        """REST's present and past, then what the stream said meanwhile; fills of both as one."""
        asked_ns, received_ns = rest.asked_ns, rest.received_ns
        news: list[AccountEvent] = []
        news += self.balance(rest.figures, asked_ns)
        news += self.open_positions(rest.positions, asked_ns, received_ns)
        # What ended comes first: it is older than what is still open.
        opened = self.open_orders(rest.orders, asked_ns)
        news += self.ended_orders(rest.history, rest.nowhere, asked_ns, received_ns)
        news += opened
        past = self.past_fills(rest.fills)
        live = self.heard(buffered)
        fills = [event for event in live if isinstance(event, Fill)]
        news += [event for event in live if not isinstance(event, Fill)]
        return [*news, *in_order([*past, *fills])]

    def present(self) -> list[AccountEvent]:
        """All that is current, for a cache that may hold nothing."""
        figures = [self.figures.current] if self.figures.current is not None else []
        return [*figures, *self.positions.open.values(), *self.orders.open.values()]

    def _unknown_position(self, received_ns: int) -> Position:
        return Position(
            venue=self._venue,
            account=self._account,
            position_id="",
            symbol="",
            product=self._product,
            side="long",
            quantity="0",
            received_ns=received_ns,
            via="polling",
        )

    def _unknown_order(self, received_ns: int) -> Order:
        return Order(
            venue=self._venue,
            account=self._account,
            order_id="",
            symbol="",
            product=self._product,
            side="buy",
            type="unknown",
            status="canceled",
            quantity="0",
            version=0,
            received_ns=received_ns,
            via="polling",
        )
