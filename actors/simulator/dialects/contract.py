"""What a dialect of the simulator is: how one venue spells the world, on REST and on WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from actors.simulator.accounts import Account
from actors.simulator.connection import Connection
from actors.simulator.faults import Fault
from actors.simulator.listener import Listener
from actors.simulator.markets import MarketSpec
from actors.simulator.orders import Fill, Order
from actors.simulator.refused import Refused
from actors.simulator.spoiling import FrameForm
from actors.simulator.subscription import Subscription

PublicAnswer = Callable[[web.Request], web.Response]
PrivateAnswer = Callable[[Account, web.Request, bytes], web.Response]
"""The account of the request's credential, the request, and its body."""


class SessionTimes(NamedTuple):
    """How long a connection may live and be silent, in seconds.

    A ping goes out each `ping_interval_s`; without an answer for `pong_timeout_s`, or any frame of
    the client for `silence_s`, or after `lifetime_s` in all, the connection ends.
    """

    ping_interval_s: float
    pong_timeout_s: float
    silence_s: float
    lifetime_s: float


class Charge(NamedTuple):
    """Whose budget a request is of, and how many requests it counts as."""

    owner: str
    weight: float


class Door(Protocol):
    """Where a session asks for streams, and learns the time and what goes wrong."""

    def mono_ns(self) -> int:
        """The host's own clock, which no fault sets."""

    def greet(self, connection: Connection) -> None:
        """The connection suffers the faults that wait for every newcomer, whatever it asks for."""

    def refusals(self, names: Collection[str], topic: str) -> list[Fault]:
        """The faults that a request for a stream meets; each counts one."""

    def open(self, connection: Connection, topic: str) -> Subscription:
        """A new stream, its first frames queued before any later one."""

    def shut(self, subscription: Subscription) -> None:
        """Ends one stream of a connection; one that has ended stays so."""


class Session(Protocol):
    """The talk on one connection besides its streams."""

    def began(self) -> None:
        """The connection is open; nothing has been sent."""

    def heard(self, text: str) -> None:
        """A text frame of the client."""

    def stirred(self, *, pong: bool) -> None:
        """Any frame of the client; `pong` where it is WebSocket's own."""

    async def live(self) -> None:
        """Pings and watches the client; ends the connection when it breaks the venue's rules."""

    async def farewell(self) -> None:
        """The venue stops: what it says before it closes, and how long it then waits."""


class Streams(Listener, Protocol):
    """The dialect's frames: what the exchange tells, to whoever follows it."""

    def welcome(self, subscription: Subscription) -> None:
        """Offers what a stream begins with."""


class Dialect(Protocol):
    """One venue's wire. Requests are refused by `Refused`, which `refused` puts into words."""

    venue: str
    base_path: str
    """Below the host: what the base URL that clients are configured with ends with."""

    api_base: str
    """What a fault's `rest:/path` leaves out."""

    stream_path: str
    stream_route: str
    """Where WebSockets are: without parameters, and as a pattern of aiohttp."""

    topic_words: frozenset[str]
    deep_words: frozenset[str]
    """First parts of topics; those of topics with more than two parts."""

    overload_statuses: frozenset[int]
    """Answers that say that too much was asked."""

    @property
    def form(self) -> FrameForm: ...

    @property
    def streams(self) -> Streams: ...

    def public_routes(self) -> Sequence[tuple[str, str, PublicAnswer]]: ...

    def private_routes(self) -> Sequence[tuple[str, str, PrivateAnswer]]: ...

    def account(self, request: web.Request) -> Account | None:
        """The account of the request's credential; Refused where there is one and it is wrong."""

    def subject(self, request: web.Request, account: Account | None) -> Account | None:
        """The account that a request is about; `account` is that of its credential."""

    def is_private(self, request: web.Request) -> bool: ...

    def charge(self, request: web.Request, account: Account | None) -> Charge: ...

    def anonymous(self) -> Refused:
        """A request without a credential where one is needed."""

    def refused(self, rejection: Refused) -> web.Response: ...

    def not_served(self, error: web.HTTPException) -> web.Response:
        """No such path or method."""

    def too_many(self, retry_after_s: float | None) -> web.Response: ...

    def faulty(self, fault: Fault) -> web.Response | None:
        """The answer that a fault asks for, in its words; None where it only delays."""

    def stream_topic(self, request: web.Request) -> str:
        """The topic that a handshake asks for; empty where streams are asked for afterwards."""

    def session(
        self, connection: Connection, topic: str, door: Door, times: SessionTimes
    ) -> Session: ...

    def fill_row(self, fill: Fill, spec: MarketSpec) -> dict[str, Any]: ...

    def order_row(self, order: Order, spec: MarketSpec) -> dict[str, Any]: ...

    def price_text(self, spec: MarketSpec, ticks: int) -> str: ...

    def size_text(self, spec: MarketSpec, lots: int) -> str: ...

    def newest_nonce(self, market: str) -> int | None:
        """The number that the newest frame of a book bears; None where frames bear none."""

    def frame_of_nonce(self, nonce: int) -> int | None:
        """The number of the feed's frame that bears a nonce; None where none can."""
