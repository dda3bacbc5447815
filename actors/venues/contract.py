"""What a venue must offer: sessions (streams), requests (REST) and the facts that drive them.

Everything here is sans-I/O: bytes come in, messages go out, what shall be sent goes out as values.
Times are arguments: `now_ns` and `received_ns` are our wall clock when the data arrived, and end
up in the messages' `received_ns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from actors.errors import UsageFault, VenueFault
from actors.messages.account import (
    AccountSnapshot,
    Balance,
    Fill,
    Order,
    Points,
    Position,
    Standing,
)
from actors.messages.market import (
    BookDelta,
    BookSnapshot,
    BookStatus,
    Candle,
    FundingRate,
    Instrument,
    InstrumentList,
    MarkPrice,
    Ticker,
    Trade,
)
from actors.venues.orderbook import OrderBook


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The stream delivers: the venue acknowledged, or its first good frame came."""

    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBalances:
    """All assets of an account beside its collateral, which an AccountSnapshot does not repeat."""

    account: str
    items: tuple[Balance, ...]
    venue_time_ns: int = 0
    received_ns: int


Event: TypeAlias = (
    Subscribed
    | AssetBalances
    | AccountSnapshot
    | Position
    | Order
    | Fill
    | BookSnapshot
    | BookDelta
    | Trade
    | MarkPrice
    | FundingRate
    | Candle
    | Ticker
)
"""What a session makes of a frame."""


class Session(Protocol):
    """One WebSocket stream, usable for one connection after the other.

    `headers` hold all that the handshake needs, User-Agent included, and may hold the key.
    `silence_max_s`: no frame of any kind, Ping included, for so long = dead peer. `mute_max_s`: no
    data frame for so long = mute (None where silence is legal). `ping_interval_s`: a protocol Ping
    of ours each so many seconds.
    """

    url: str
    headers: Mapping[str, str]
    silence_max_s: float
    mute_max_s: float | None
    ping_interval_s: float

    def connected(self, now_ns: int) -> list[bytes | str]:
        """A new connection is open: forget the last one's sequence; returns what to send."""
        ...

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        """One data frame.

        Raises MalformedFrame (that frame is lost, the connection goes on; an account then asks
        REST for what it may have missed) and other VenueFaults, after which the connection must be
        replaced.
        """
        ...

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueFault:
        """What it means that the handshake was answered with this HTTP status."""
        ...


class BookSession(Session, Protocol):
    """A stream that keeps a verified order book.

    `verified` is False until the first snapshot of a connection and after each fault; `book` is
    then not to be served as good.
    """

    verified: bool
    book: OrderBook

    def disconnected(self, reason: str) -> None:
        """The connection is gone: the book is not verified until the next one's snapshot."""
        ...

    def snapshot(self, now_ns: int) -> BookSnapshot | None:
        """The book as it is now, None while it is not verified."""
        ...

    def status(self, now_ns: int, longest_outage_ms: float = 0.0) -> BookStatus:
        """Counts since the session was made; outages are timed by whoever has a clock."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One REST request. `weight` counts against the venue's budget.

    `headers` are kept out of the repr: they carry the key.
    """

    name: str
    base_url: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "GET"
    weight: int = 1
    idempotent: bool = True

    @property
    def url(self) -> str:
        """The whole address, already encoded; a parameter may occur more than once."""
        path = quote(self.path, safe="/-_.~")
        return self.base_url + path + ("?" + urlencode(self.query) if self.query else "")


ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Part of a list, newest first; `cursor` asks for the next part, None = that was all."""

    items: list[ItemT]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountInfo:
    """Whose key it is, as the venue says; never the keys that it lists."""

    account_id: str
    description: str = ""
    status: str = ""


class Answer(NamedTuple):
    """What each `read_…` takes, in this order: `requests.read_balance(*answer)`."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_ns: int


class Requests(Protocol):
    """REST of one account (or of nobody: public calls only).

    Each `read_…` takes `(status, headers, body, received_ns)` and raises RateLimited,
    VenueUnavailable, VenueRejected, KeyRejected or MalformedFrame.
    """

    def balance(self) -> HttpRequest: ...

    def read_balance(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AccountSnapshot: ...

    def positions(self) -> HttpRequest: ...

    def read_positions(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> list[Position]:
        """All open positions: what is not among them is closed."""
        ...

    def orders(self) -> HttpRequest: ...

    def read_orders(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> list[Order]:
        """All open orders: what is not among them has ended (see `orders_history`)."""
        ...

    def order(self, order_id: str) -> HttpRequest: ...

    def read_order(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Order | None:
        """One order in whatever state; None where the venue says that it knows of none."""
        ...

    def orders_history(self, cursor: str | None = None) -> HttpRequest: ...

    def read_orders_history(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
    ) -> Page[Order]:
        """Ended orders, last changed first; `cursor` is the one that was asked with."""
        ...

    def fills(self, cursor: str | None = None) -> HttpRequest: ...

    def read_fills(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
    ) -> Page[Fill]:
        """Fills, newest first; `cursor` is the one that was asked with."""
        ...

    def account_info(self) -> HttpRequest: ...

    def read_account_info(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AccountInfo: ...

    def spot_balances(self) -> HttpRequest: ...

    def read_spot_balances(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AssetBalances: ...

    def points(self) -> HttpRequest: ...

    def read_points(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Points:
        """Of all seasons; a venue that knows of none is an answer too (`available` False)."""
        ...

    def standing(self) -> HttpRequest: ...

    def read_standing(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Standing: ...

    def markets(self, symbols: Sequence[str] = ()) -> HttpRequest: ...

    def read_markets(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> InstrumentList:
        """All instruments (or those asked for), with the clock offset where it can be told."""
        ...

    def market_orderbook(self, symbol: str) -> HttpRequest: ...

    def read_market_orderbook(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> BookSnapshot:
        """A book without a sequence, hence not verified."""
        ...

    def clock_offset_ms(self, headers: Mapping[str, str], received_ns: int) -> float | None:
        """Venue clock minus ours, None where the answer does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class RestLimit:
    """`count` requests (weight) in `period_s`, shared by all who use one exit address."""

    count: int
    period_s: float


class Venue(Protocol):
    """The facts of one venue and its factories.

    `connection_policy` names the schedule of reconnects (`phased`, `exponential`). Intervals are
    seconds. `fields` are the secrets that an account needs.
    """

    @property
    def name(self) -> str: ...

    @property
    def products(self) -> tuple[str, ...]: ...

    @property
    def base_url(self) -> str: ...

    @property
    def ws_url(self) -> str: ...

    @property
    def connection_policy(self) -> str: ...

    @property
    def rest_limit(self) -> RestLimit: ...

    @property
    def poll_interval_s(self) -> float: ...

    @property
    def orders_interval_s(self) -> float: ...

    @property
    def points_interval_s(self) -> float: ...

    @property
    def fields(self) -> tuple[str, ...]: ...

    def account_session(self, ws_url: str, api_key: str, account: str) -> Session: ...

    def book_session(self, ws_url: str, product: str, symbol: str) -> BookSession: ...

    def requests(
        self, base_url: str, account: str = "", secrets: Mapping[str, str] | None = None
    ) -> Requests:
        """Without secrets only the public calls (`markets`, `market_orderbook`) will answer."""
        ...

    def resolve(self, instruments: InstrumentList, symbols: Iterable[str]) -> list[Instrument]:
        """Native names, aliases, unified symbols or `*`; raises UnknownSymbol, AmbiguousSymbol."""
        ...


class UnknownSymbol(UsageFault):
    """No such market; `nearest` are names that look like it."""

    def __init__(self, symbol: str, nearest: Sequence[str]) -> None:
        self.symbol = symbol
        self.nearest = tuple(nearest)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__(f"unknown market {symbol[:80]!r}{hint}")


class AmbiguousSymbol(UsageFault):
    """A name that more than one market answers to; use one of `candidates`."""

    def __init__(self, symbol: str, candidates: Sequence[str]) -> None:
        self.symbol = symbol
        self.candidates = tuple(candidates)
        super().__init__(f"market {symbol[:80]!r} may be any of {', '.join(candidates)}")
