"""Lighter (perpetuals and spot on a zk-rollup): addresses, published limits and factories.

Source: PROTOCOL, sections 1, 2.3 and 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from actors.errors import ConfigFault
from actors.messages.market import Instrument, InstrumentList
from actors.venues.contract import Access, RestLimit
from actors.venues.lighter.access import account_access
from actors.venues.lighter.book_session import BookSession
from actors.venues.lighter.capture import Capture
from actors.venues.lighter.parse import LINEAR, SPOT, VENUE
from actors.venues.lighter.requests import Requests
from actors.venues.symbols import Symbols

REST_LIMIT: Final = RestLimit(count=60, period_s=60.0)
"""Of the standard tier."""
HANDSHAKE_LIMIT: Final = RestLimit(count=60, period_s=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighter:
    """One API key slot, or one read-only token, reads one account; markets need neither.

    The limit of requests holds for each address and for each owner of accounts behind it; that of
    connections for each address.
    """

    name: str = VENUE
    products: tuple[str, ...] = (LINEAR, SPOT)
    base_url: str = "https://mainnet.zklighter.elliot.ai"
    ws_url: str = "wss://mainnet.zklighter.elliot.ai/stream"
    connection_policy: str = "phased"
    rest_limit: RestLimit = REST_LIMIT
    poll_interval_s: float = 0.5
    orders_interval_s: float = 2.0
    points_interval_s: float = 600.0
    handshake_limit: RestLimit | None = HANDSHAKE_LIMIT
    numbers_markets: bool = True
    joint_figures: bool = True

    def access(
        self,
        account: str,
        secrets: Mapping[str, str],
        *,
        base_url: str,
        ws_url: str,
        now_ns: Callable[[], int],
    ) -> Access:
        return account_access(account, secrets, base_url=base_url, ws_url=ws_url, now_ns=now_ns)

    def book_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> BookSession:
        self.check_product(product)
        return BookSession(ws_url, product, symbol, market_number(symbol, venue_id))

    def capture(self, product: str, symbol: str = "", stream: str = "") -> Capture:
        self.check_product(product)
        return Capture(self.ws_url, symbol, stream)

    def requests(self, base_url: str) -> Requests:
        return Requests(base_url)

    def resolve(self, instruments: InstrumentList, symbols: Iterable[str]) -> list[Instrument]:
        return Symbols(instruments).resolve_all(symbols)

    def check_product(self, product: str) -> None:
        if product not in self.products:
            raise ConfigFault("product", repr(product), " or ".join(self.products))


def market_number(symbol: str, venue_id: str) -> int:
    """The number by which streams and questions name a market; ConfigFault where there is none."""
    if not venue_id.isascii() or not venue_id.isdecimal():
        raise ConfigFault("market", f"{symbol!r} without a number", "one that the venue lists")
    return int(venue_id)


LIGHTER: Final = Lighter()
