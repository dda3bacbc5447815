"""A tiny venue account as the truth, and what its stream and its REST say of it; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.venues.contract import Event

VENUE, ACCOUNT, PRODUCT = "extended", "1", "linear"
FIRST_FILL_ID = 2_104_498_657_029_001_217
MS = 1_000_000


def snapshot(equity: str, at_ms: int, via: str = "polling") -> AccountSnapshot:
    return AccountSnapshot(
        venue=VENUE,
        account=ACCOUNT,
        equity=equity,
        wallet_balance=equity,
        venue_time_ns=at_ms * MS,
        received_ns=at_ms * MS,
        via=via,
    )


def position(quantity: str, at_ms: int, key: str = "p1", via: str = "polling") -> Position:
    return Position(
        venue=VENUE,
        account=ACCOUNT,
        position_id=key,
        symbol="BTC-USD",
        product=PRODUCT,
        side="long",
        quantity=quantity,
        venue_time_ns=at_ms * MS,
        received_ns=at_ms * MS,
        via=via,
    )


def order(key: str, status: str, version: int, via: str = "polling") -> Order:
    return Order(
        venue=VENUE,
        account=ACCOUNT,
        order_id=key,
        symbol="BTC-USD",
        product=PRODUCT,
        side="buy",
        type="limit",
        status=status,
        quantity="1",
        version=version,
        venue_time_ns=version * MS,
        received_ns=version * MS,
        via=via,
    )


def fill(number: int, at_ms: int = 0, via: str = "polling", order_id: str = "o1") -> Fill:
    """Ids above 2^53, as the venue's are."""
    return Fill(
        venue=VENUE,
        account=ACCOUNT,
        fill_id=str(FIRST_FILL_ID + number),
        order_id=order_id,
        symbol="BTC-USD",
        product=PRODUCT,
        side="buy",
        price="1",
        quantity="1",
        liquidity="maker",
        venue_time_ns=at_ms * MS,
        received_ns=at_ms * MS,
        via=via,
    )


def number(message: Fill) -> int:
    return int(message.fill_id) - FIRST_FILL_ID


@dataclass
class World:
    """The account at the venue. Each change has its own millisecond."""

    now_ms: int = 1_000_000
    fills: list[Fill] = field(default_factory=list)
    open: dict[str, Order] = field(default_factory=dict)
    ended: list[Order] = field(default_factory=list)
    held: Decimal = Decimal(0)
    held_at_ms: int = 0

    def place(self) -> list[Event]:
        self.now_ms += 1
        placed = order(f"o{self.now_ms}", "open", self.now_ms, "websocket")
        self.open[placed.order_id] = placed
        return [placed]

    def execute(self, key: str) -> list[Event]:
        """A fill of one order, which ends it, and the position that follows."""
        self.now_ms += 1
        done = fill(len(self.fills), self.now_ms, "websocket", key)
        self.fills.append(done)
        self.held += 1
        self.held_at_ms = self.now_ms
        return [self._end(key, "filled"), done, self.position("websocket"), self.balance()]

    def cancel(self, key: str) -> list[Event]:
        self.now_ms += 1
        return [self._end(key, "canceled")]

    def flatten(self) -> list[Event]:
        self.now_ms += 1
        self.held, self.held_at_ms = Decimal(0), self.now_ms
        return [self.position("websocket")]

    def position(self, via: str) -> Position:
        return position(str(self.held), self.held_at_ms, via=via)

    def positions(self) -> list[Position]:
        return [self.position("polling")] if self.held else []

    def balance(self, via: str = "websocket") -> AccountSnapshot:
        return snapshot(str(1_000 + len(self.fills)), self.held_at_ms, via)

    def _end(self, key: str, status: str) -> Order:
        del self.open[key]
        gone = order(key, status, self.now_ms, "websocket")
        self.ended.append(gone)
        return gone
