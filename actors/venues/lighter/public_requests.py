"""Lighter's REST calls about all markets that need no account: the list, and resting orders.

Source: PROTOCOL, section 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.errors import UsageFault
from actors.messages.market import BookSnapshot, InstrumentList
from actors.venues.http_request import HttpRequest
from actors.venues.lighter import answers, parse, wire
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.session import browser_headers

ORDERS_MAX: Final = 250
"""Of each side, which is as many as the venue tells."""

_listing = msgspec.json.Decoder(wire.Listing)
_orders = msgspec.json.Decoder(wire.RestingOrders)


class PublicRequests:
    """Calls without a key; what they tell of markets goes into `markets`."""

    def __init__(self, base_url: str, markets: Markets | None = None) -> None:
        self.markets_known = Markets() if markets is None else markets
        self._base_url = base_url.rstrip("/")
        self._headers = browser_headers(base_url) | {"Accept": "application/json"}
        self._book_of = ""

    def markets(self, symbols: Sequence[str] = ()) -> HttpRequest:
        """All of them, or the one that alone is asked for, where its number is known."""
        numbers = [self.markets_known.number(symbol) for symbol in symbols]
        query: tuple[tuple[str, str], ...] = ()
        if len(numbers) == 1 and numbers[0] is not None:
            query = (("market_id", str(numbers[0])),)
        return self._get("markets", "orderBookDetails", query)

    def read_markets(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> InstrumentList:
        """Perpetuals and spot markets."""
        listing = answers.read_envelope(status, headers, body, received_ns, _listing)
        listed = InstrumentList(
            venue=parse.VENUE,
            items=parse.instruments(parse.market_rows(listing)),
            received_ns=received_ns,
        )
        self.markets_known.learn(listed)
        return listed

    def market_orderbook(self, symbol: str) -> HttpRequest:
        """Of a market that was listed before; UsageFault for another. One question at a time: the
        answer does not say which market it is of."""
        number = self.markets_known.number(symbol)
        if number is None:
            raise UsageFault(f"market_orderbook: {symbol[:80]!r} was not listed before")
        self._book_of = symbol
        query = (("market_id", str(number)), ("limit", str(ORDERS_MAX)))
        return self._get("market_orderbook", "orderBookOrders", query)

    def read_market_orderbook(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> BookSnapshot:
        """Single orders summed by price: without a nonce, hence not verified."""
        orders = answers.read_envelope(status, headers, body, received_ns, _orders)
        number = self.markets_known.number(self._book_of)
        if number is None:
            raise UsageFault("read_market_orderbook: no order book was asked for")
        market = self.markets_known.instrument(number)
        return BookSnapshot(
            venue=parse.VENUE,
            product=market.product,
            symbol=market.symbol,
            bids=parse.resting_levels(orders.bids),
            asks=parse.resting_levels(orders.asks),
            sequence=0,
            verified=False,
            received_ns=received_ns,
        )

    def _get(self, name: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
        return HttpRequest(
            name=name,
            base_url=self._base_url,
            path=f"/api/v1/{path}",
            query=query,
            headers=self._headers,
        )
