"""The shapes of answers and parameters: what `/docs` shows and the tests hold answers to."""

from __future__ import annotations

import msgspec

from actors.messages.account import AccountSnapshot, Fill, Order, Position
from actors.messages.control import ChildStatus, ConnectionState, RestartRecord
from actors.messages.market import Instrument
from web.views import Fresh, view


class Shape(msgspec.Struct, kw_only=True):
    """A JSON object."""


class ProblemDocument(Shape):
    """An error (RFC 9457); further members say what would have been right."""

    type: str
    title: str
    status: int
    detail: str


# service


class CacheHealth(Shape):
    connected: bool
    age_ms: float | None


class ActorCounts(Shape):
    """`unconnected`: configured accounts and streams of which no connection is up at present."""

    ready: int
    total: int
    unconnected: int


class Health(Shape):
    """`status` is ok, degraded, or down (503: no cache, and nothing held)."""

    status: str
    version: str
    uptime_s: float
    cache: CacheHealth
    actors: ActorCounts
    journal: str


class NotReady(Shape):
    actor: str
    state: str
    reason: str


class Readiness(Shape):
    """503 while any configured account or stream is not ready.

    `unconnected`: ready, but none of its connections is up at present.
    """

    ready: bool
    total: int
    not_ready: list[NotReady]
    unconnected: list[NotReady]


class VenueStatus(Shape):
    venue: str
    accounts: int
    streams: int
    messages_per_s: float
    stale: int


class ClientCounts(Shape):
    rest_per_minute: int
    sse: int
    websocket: int
    evicted: int


class ProcessStatus(Shape):
    actor: str
    pid: int | None
    state: str
    rss_bytes: int | None
    cpu_percent: float | None


class Status(Shape):
    """`clients` are those of the web process that answers, `web`."""

    web: str
    mode: str
    simulated: bool
    version: str
    uptime_s: float
    venues: list[VenueStatus]
    clients: ClientCounts
    processes: list[ProcessStatus]


# accounts

_CONNECTION_MORE = msgspec.defstruct(
    "ConnectionMore",
    [
        ("connected", bool),
        ("linked", bool),
        ("last_message_age_ms", float | None),
        ("uptime_ms", float | None),
        ("success_rate_percent", float | None),
    ],
    kw_only=True,
)
Connection = view(ConnectionState, _CONNECTION_MORE, name="Connection")
PositionView = view(Position, Fresh, name="PositionView")
OrderView = view(Order, Fresh, name="OrderView")
FillView = view(Fill, Fresh, name="FillView")
_ACCOUNT_MORE = msgspec.defstruct(
    "AccountMore",
    [
        ("index", str),
        ("label", str),
        ("aliases", list[str]),
        ("actor", str),
        ("state", str),
        ("reason", str),
        ("positions", list[PositionView]),  # type: ignore[valid-type]
        ("orders", list[OrderView]),  # type: ignore[valid-type]
        ("connections", list[Connection]),  # type: ignore[valid-type]
    ],
    kw_only=True,
)
Account = view(
    AccountSnapshot,
    Fresh,
    _ACCOUNT_MORE,
    name="Account",
    # Before anything was received there are no figures; the account is shown all the same.
    optional=("equity", "wallet_balance", "settle"),
)


class Accounts(Shape):
    accounts: list[Account]  # type: ignore[valid-type]


class Identity(Shape):
    """Whose it is, and how its process fares."""

    account: str
    venue: str
    index: str
    label: str
    state: str


class AccountPart(Identity):
    """What one account's actor last said; one list is filled, by the path."""

    connection: Connection | None  # type: ignore[valid-type]


class AccountPositions(AccountPart):
    positions: list[PositionView]  # type: ignore[valid-type]


class AccountOrders(AccountPart):
    orders: list[OrderView]  # type: ignore[valid-type]


class AccountTrades(AccountPart):
    trades: list[FillView]  # type: ignore[valid-type]


class AllPositions(Shape):
    accounts: list[AccountPositions]


class AllOrders(Shape):
    accounts: list[AccountOrders]


class AllTrades(Shape):
    accounts: list[AccountTrades]


class NotTold(Shape):
    actor: str
    reason: str


class Told(Shape):
    """The actors that were told, and those that could not be."""

    actors: list[str]
    not_told: list[NotTold]


# markets


class OrderBookView(Fresh):
    """Bids descending, asks ascending, each `[price, size]` as the venue spells them."""

    venue: str
    product: str
    symbol: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    sequence: int | None
    verified: bool
    reason: str
    venue_time_us: int | None
    received_us: int | None


class OrderBooks(Shape):
    orderbooks: list[OrderBookView]


class OrderBookStatus(Fresh):
    topic: str
    venue: str
    product: str
    symbol: str
    state: str
    connected: bool
    verified: bool
    reason: str
    updates: int
    snapshots: int
    gaps: int
    resyncs: int
    checksum_failures: int
    crossed: int
    malformed: int
    last_gap_us: int | None
    longest_outage_ms: float


class OrderBookStatuses(Shape):
    streams: list[OrderBookStatus]


InstrumentView = view(Instrument, name="InstrumentView")


class VenueMarkets(Fresh):
    """`timeframes` are those of its candles, shortest first; `clock_offset_ms` is the one in
    `/api/latency`, null before it was measured.
    """

    venue: str
    count: int
    timeframes: list[str]
    clock_offset_ms: float | None


class Markets(Shape):
    markets: list[InstrumentView]  # type: ignore[valid-type]
    venues: list[VenueMarkets]


# supervision and connections

Child = view(ChildStatus, name="Child")
Incarnation = view(RestartRecord, name="Incarnation")


class Supervision(Shape):
    """`stale` where the supervisor did not answer and this is what the replica last heard."""

    supervisor_pid: int | None
    started_us: int | None
    children: list[Child]  # type: ignore[valid-type]
    stale: bool
    stale_reason: str | None


class History(Shape):
    """Newest first."""

    actor: str
    incarnations: list[Incarnation]  # type: ignore[valid-type]


class Ordered(Shape):
    """The supervisor has accepted; `note` says where a reset found no whole account in `.env`."""

    actor: str
    state: str
    note: str = ""


class ConnectionsHealth(Shape):
    """`overall` is ok, degraded (a lane is down, or an actor has none), down (none is up) or
    paused (an operator has paused all). `silent` are the configured actors without a lane yet."""

    overall: str
    connected: int
    paused: int
    total: int
    states: dict[str, int]
    connections: list[Connection]  # type: ignore[valid-type]
    silent: list[NotReady]


class Ticket(Shape):
    """Opens one stream, once: `?ticket=`."""

    ticket: str
    expires_us: int
    expires_in_s: int


# parameters


class VenueQuery(Shape):
    venue: str | None = None


class AccountsQuery(VenueQuery):
    """`account_index` as in `/api/accounts/{index}`; without it all."""

    account_index: str | None = None


class CandlesQuery(VenueQuery):
    """`symbol` as the venue spells it, an alias or the unified symbol; `limit` 1 to 1,000."""

    symbol: str = ""
    timeframe: str = "1m"
    limit: int = 500


class CandleItem(Shape):
    """`closed` false is the live one; `volume` in base units."""

    start_us: int
    open: str
    high: str
    low: str
    close: str
    volume: str | None
    closed: bool


class Candles(Fresh):
    """Oldest first."""

    venue: str
    product: str
    symbol: str
    timeframe: str
    items: list[CandleItem]


class OrderBookQuery(VenueQuery):
    depth: int | None = None


class StreamQuery(Shape):
    """`ticket` stands for the token where a header cannot be sent."""

    topics: str | None = None
    last_event_id: str | None = None
    max_hz: float | None = None
    ticket: str | None = None
