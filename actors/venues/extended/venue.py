"""Extended (perpetuals on Starknet): addresses, published limits, intervals and factories.

Source: Extended API Documentation, "Mainnet", "Rate limits", "Websocket API".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from actors.errors import ConfigFault
from actors.messages.market import Instrument, InstrumentList
from actors.venues.contract import Access, RestLimit
from actors.venues.extended.account_session import AccountSession
from actors.venues.extended.book_session import BookSession
from actors.venues.extended.capture import Capture
from actors.venues.extended.parse import PRODUCT, VENUE
from actors.venues.extended.requests import Requests
from actors.venues.symbols import Symbols

REST_LIMIT: Final = RestLimit(count=1_000, period_s=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """One API key belongs to one sub-account; reads need nothing else.

    `rest_limit` is published: per address, over all endpoints and all accounts behind it.
    """

    name: str = VENUE
    products: tuple[str, ...] = (PRODUCT,)
    base_url: str = "https://api.starknet.extended.exchange/api/v1"
    ws_url: str = "wss://api.starknet.extended.exchange/stream.extended.exchange/v1"
    connection_policy: str = "phased"
    rest_limit: RestLimit = REST_LIMIT
    poll_interval_s: float = 0.5
    orders_interval_s: float = 2.0
    points_interval_s: float = 600.0
    handshake_limit: RestLimit | None = None
    numbers_markets: bool = False
    joint_figures: bool = False

    def access(
        self,
        account: str,
        secrets: Mapping[str, str],
        *,
        base_url: str,
        ws_url: str,
        now_ns: Callable[[], int],
    ) -> Access:
        """The key does not expire: `now_ns` is not asked."""
        del now_ns
        api_key = secrets.get("api_key", "")
        if not api_key:
            raise ConfigFault("api_key", "nothing", "the API key of the account")
        return Access(
            session=AccountSession(ws_url, api_key, account),
            requests=Requests(base_url, account, api_key),
        )

    def book_session(
        self, ws_url: str, product: str, symbol: str, venue_id: str = ""
    ) -> BookSession:
        del venue_id
        self.check_product(product)
        return BookSession(ws_url, symbol)

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


EXTENDED: Final = Extended()
