"""What a venue must offer: sessions (streams), requests (REST) and the facts that drive them.

Everything here is sans-I/O: bytes come in, messages go out, what shall be sent goes out as values.
Times are arguments: `now_ns` and `received_ns` are our wall clock when the data arrived, and end
up in the messages' `received_ns`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from actors.errors import VenueFault
from actors.messages.account import (
    AccountSnapshot,
    Balance,
    Fill,
    Funding,
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
from actors.venues.http_request import HttpRequest
from actors.venues.orderbook import OrderBook


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The stream delivers: the venue acknowledged, or its first good frame came.

    `late`: not since the handshake, or anew; what passed before may be unheard. Told each time.
    """

    stream: str
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBalances:
    """All assets of an account beside its collateral, which an AccountSnapshot does not repeat."""

    account: str
    items: tuple[Balance, ...]
    venue_time_ns: int = 0
    received_ns: int


_AccountEvent: TypeAlias = AssetBalances | AccountSnapshot | Position | Order | Fill
_MarketEvent: TypeAlias = (
    BookSnapshot | BookDelta | Trade | MarkPrice | FundingRate | Candle | Ticker
)
Event: TypeAlias = Subscribed | _AccountEvent | _MarketEvent
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

    def to_send(self, mono_ns: int) -> Sequence[bytes | str]:
        """What is due by now: answers to what came, pings of the venue's own kind, renewals.

        Asked for after each frame and about once a second; `mono_ns` is CLOCK_MONOTONIC.
        Raises VenueFaults as `receive` does, where the venue leaves something unanswered.
        """
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
    VenueUnavailable, VenueRejected, KeyRejected or MalformedFrame. A request that is None is one
    that the venue does not offer, or does not need.
    """

    @property
    def owner(self) -> str:
        """Whom the venue counts the account's requests to, beside its address; "" while unknown,
        and where addresses alone count."""
        ...

    def groundwork(self) -> HttpRequest | None:
        """What must be answered before account answers and frames can be read (a list of markets
        by number); None where nothing is missing now."""
        ...

    def read_groundwork(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> None: ...

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

    def order(self, order_id: str) -> HttpRequest | None: ...

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

    def funding(self, cursor: str | None = None) -> HttpRequest | None: ...

    def read_funding(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
    ) -> Page[Funding]:
        """Funding payments, newest first; `cursor` is the one that was asked with."""
        ...

    def account_info(self) -> HttpRequest: ...

    def read_account_info(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AccountInfo: ...

    def spot_balances(self) -> HttpRequest | None: ...

    def read_spot_balances(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AssetBalances: ...

    def points(self) -> HttpRequest: ...

    def read_points(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Points:
        """Of all seasons; a venue that knows of none is an answer too (`available` False)."""
        ...

    def standing(self) -> HttpRequest | None: ...

    def read_standing(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Standing: ...

    def markets(self, symbols: Sequence[str] = ()) -> HttpRequest: ...

    def read_markets(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> InstrumentList:
        """All instruments, or those asked for."""
        ...

    def market_orderbook(self, symbol: str) -> HttpRequest: ...

    def read_market_orderbook(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> BookSnapshot:
        """A book without a sequence, hence not verified."""
        ...


@dataclass(frozen=True, slots=True)
class RestLimit:
    """`count` requests (weight) in `period_s`, shared by all who use one exit address."""

    count: int
    period_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One account at a venue: its private stream and its REST calls, over the same credentials."""

    session: Session
    requests: Requests


class Venue(Protocol):
    """The facts of one venue and its factories.

    `connection_policy` names the schedule of reconnects (`phased`, `exponential`). Intervals are
    seconds. `handshake_limit` is the venue's limit of new connections from one address; None where
    a handshake counts as a request. `numbers_markets`: its streams and questions name a market by
    `Instrument.venue_id`. `joint_figures`: `balance` and `positions` are the same request, whose
    answer holds both.
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
    def handshake_limit(self) -> RestLimit | None: ...

    @property
    def numbers_markets(self) -> bool: ...

    @property
    def joint_figures(self) -> bool: ...

    def access(
        self,
        account: str,
        secrets: Mapping[str, str],
        *,
        base_url: str,
        ws_url: str,
        now_ns: Callable[[], int],
    ) -> Access:
        """`now_ns` tells the venue's time, as well as it is known, for tokens that expire.

        Raises ConfigFault for secrets that cannot be used.
        """
        ...

    def book_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> BookSession: ...

    def requests(self, base_url: str) -> Requests:
        """Only the public calls (`markets`, `market_orderbook`) will answer."""
        ...

    def resolve(self, instruments: InstrumentList, symbols: Iterable[str]) -> list[Instrument]:
        """Native names, aliases, unified symbols or `*`; raises UnknownSymbol, AmbiguousSymbol."""
        ...
