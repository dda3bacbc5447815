"""Extended's REST calls: the requests to make, and what their answers say.

Reads need the API key only, no signature. Source: Extended API Documentation, "REST API".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeVar

import msgspec

from actors.messages.account import (
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Points,
    Position,
    Standing,
)
from actors.messages.market import BookSnapshot, InstrumentList
from actors.venues.contract import AccountInfo, Answer, AssetBalances, Page
from actors.venues.decoding import decode
from actors.venues.extended import answers, parse, rewards, wire
from actors.venues.extended.session import USER_AGENT
from actors.venues.http_request import HttpRequest

VIA: Final = "polling"
PAGE_LIMIT: Final = 100
"""Rows a page; the venue allows up to 10,000."""

DataT = TypeVar("DataT")
RowT = TypeVar("RowT")

_balance = msgspec.json.Decoder(wire.Balance)
_spot_balances = msgspec.json.Decoder(list[wire.SpotBalance])
_positions = msgspec.json.Decoder(list[wire.Position])
_order = msgspec.json.Decoder(wire.Order)
_orders = msgspec.json.Decoder(list[wire.Order])
_fills = msgspec.json.Decoder(list[wire.Fill])
_payments = msgspec.json.Decoder(list[wire.FundingPayment])
_info = msgspec.json.Decoder(wire.AccountInfo)
_rewards = msgspec.json.Decoder(
    Annotated[list[wire.SeasonRewards], msgspec.Meta(max_length=wire.SEASONS_MAX)]
)
_standing = msgspec.json.Decoder(wire.RewardStanding)
_market_heads = msgspec.json.Decoder(list[wire.MarketHead])
_markets = msgspec.json.Decoder(list[msgspec.Raw])
_market = msgspec.json.Decoder(wire.Market)
_book = msgspec.json.Decoder(wire.RestBook)


class Requests:
    """The calls of one account, or public ones only where `api_key` is empty."""

    def __init__(self, base_url: str, account: str = "", api_key: str = "") -> None:
        self._base_url = base_url.rstrip("/")
        self._account = account
        self._api_key = api_key
        self._public_headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        self._private_headers = self._public_headers | ({"X-Api-Key": api_key} if api_key else {})

    @property
    def owner(self) -> str:
        """Only addresses count here."""
        return ""

    def groundwork(self) -> HttpRequest | None:
        """Markets go by their names: nothing has to be known first."""
        return None

    def read_groundwork(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> None:
        """Never asked for."""

    # account

    def balance(self) -> HttpRequest:
        return self._private("balance", "/user/balance")

    def read_balance(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> AccountSnapshot:
        """The venue answers 404 where the balance is zero (a stranger's 404 page is no answer)."""
        if status == 404 and answers.is_envelope(body):
            return parse.zero_account(self._account, received_ns, via)
        row = self._data(_balance, Answer(status, headers, body, received_ns))
        return parse.account_snapshot(row, self._account, received_ns, via)

    def spot_balances(self) -> HttpRequest:
        return self._private("spot_balances", "/user/spot/balances")

    def read_spot_balances(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AssetBalances:
        """All assets beside the collateral; 404 means none, as with the balance."""
        rows: list[wire.SpotBalance] = []
        if status != 404 or not answers.is_envelope(body):
            rows = self._data(_spot_balances, Answer(status, headers, body, received_ns))
        return parse.asset_balances(rows, self._account, received_ns)

    def positions(self) -> HttpRequest:
        return self._private("positions", "/user/positions")

    def read_positions(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> list[Position]:
        rows = self._data(_positions, Answer(status, headers, body, received_ns))
        return [parse.position(row, self._account, received_ns, via) for row in rows]

    def orders(self) -> HttpRequest:
        return self._private("orders", "/user/orders")

    def read_orders(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> list[Order]:
        rows = self._data(_orders, Answer(status, headers, body, received_ns))
        return [parse.order(row, self._account, received_ns, via) for row in rows]

    def order(self, order_id: str) -> HttpRequest:
        return self._private("order", f"/user/orders/{order_id}")

    def read_order(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> Order | None:
        """None where the venue knows of no such order (a stranger's 404 page says nothing)."""
        if status == 404 and answers.is_envelope(body):
            return None
        row = self._data(_order, Answer(status, headers, body, received_ns))
        return parse.order(row, self._account, received_ns, via)

    def orders_history(self, cursor: str | None = None) -> HttpRequest:
        """By last change: an old order that ended just now stands in front."""
        query = (("sort", "UPDATED_AT"), *_paging(cursor))
        return self._private("orders_history", "/user/orders/history", query)

    def read_orders_history(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
        *,
        via: str = VIA,
    ) -> Page[Order]:
        page = self._page(_orders, Answer(status, headers, body, received_ns), cursor)
        items = [parse.order(row, self._account, received_ns, via) for row in page.items]
        return Page(items, page.cursor)

    def fills(self, cursor: str | None = None) -> HttpRequest:
        return self._private("fills", "/user/trades", _paging(cursor))

    def read_fills(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
        *,
        via: str = VIA,
    ) -> Page[Fill]:
        page = self._page(_fills, Answer(status, headers, body, received_ns), cursor)
        items = [parse.fill(row, self._account, received_ns, via) for row in page.items]
        return Page(items, page.cursor)

    def funding(self, cursor: str | None = None) -> HttpRequest:
        """All there ever was: the venue asks for a time from which on."""
        query = (("fromTime", "0"), *_paging(cursor))
        return self._private("funding", "/user/funding/history", query)

    def read_funding(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        cursor: str | None = None,
        *,
        via: str = VIA,
    ) -> Page[Funding]:
        page = self._page(_payments, Answer(status, headers, body, received_ns), cursor)
        items = [parse.funding(row, self._account, received_ns, via) for row in page.items]
        return Page(items, page.cursor)

    def account_info(self) -> HttpRequest:
        return self._private("account_info", "/user/account/info")

    def read_account_info(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AccountInfo:
        row = self._data(_info, Answer(status, headers, body, received_ns))
        return AccountInfo(
            account_id=str(row.accountId),
            description=row.description or "",
            status=(row.status or "").lower(),
        )

    def points(self) -> HttpRequest:
        return self._private("points", "/user/rewards/earned")

    def read_points(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Points:
        """Of all seasons; a client without points may get 404 or an empty list."""
        if status == 404:
            return rewards.none(self._account, received_ns)
        seasons = self._data(_rewards, Answer(status, headers, body, received_ns))
        return rewards.points(seasons, self._account, received_ns)

    def standing(self) -> HttpRequest:
        return self._private("standing", "/user/rewards/leaderboard/stats")

    def read_standing(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Standing:
        if status == 404 and answers.is_envelope(body):
            return Standing()
        row = self._data(_standing, Answer(status, headers, body, received_ns))
        return rewards.standing(row)

    # markets

    def markets(self, symbols: Sequence[str] = ()) -> HttpRequest:
        """All markets, or these: the parameter is repeated."""
        query = tuple(("market", symbol) for symbol in symbols)
        return self._public("markets", "/info/markets", query)

    def read_markets(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> InstrumentList:
        """The perpetuals; spot markets, whose trading was retired, are not among them."""
        envelope = self._envelope(Answer(status, headers, body, received_ns))
        heads = decode(_market_heads, envelope.data, "data")
        rows = decode(_markets, envelope.data, "data")
        markets = [
            decode(_market, row, f"data[{at}]")
            for at, (head, row) in enumerate(zip(heads, rows, strict=True))
            if (head.type or "PERPETUAL") == "PERPETUAL"
        ]
        return InstrumentList(
            venue=parse.VENUE,
            items=parse.instruments(markets),
            received_ns=received_ns,
        )

    def market_orderbook(self, symbol: str) -> HttpRequest:
        return self._public("market_orderbook", f"/info/markets/{symbol}/orderbook")

    def read_market_orderbook(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> BookSnapshot:
        """It has neither sequence nor time, and cannot be stitched to a stream."""
        row = self._data(_book, Answer(status, headers, body, received_ns))
        return BookSnapshot(
            venue=parse.VENUE,
            product=parse.PRODUCT,
            symbol=row.market,
            bids=tuple((level.price, level.qty) for level in row.bid),
            asks=tuple((level.price, level.qty) for level in row.ask),
            sequence=0,
            verified=False,
            received_ns=received_ns,
        )

    def _public(self, name: str, path: str, query: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
        return HttpRequest(
            name=name,
            base_url=self._base_url,
            path=path,
            query=query,
            headers=self._public_headers,
        )

    def _private(
        self, name: str, path: str, query: tuple[tuple[str, str], ...] = ()
    ) -> HttpRequest:
        return HttpRequest(
            name=name,
            base_url=self._base_url,
            path=path,
            query=query,
            headers=self._private_headers,
        )

    def _envelope(self, answer: Answer) -> wire.Envelope:
        return answers.read_envelope(*answer, secret=self._api_key)

    def _data(self, decoder: msgspec.json.Decoder[DataT], answer: Answer) -> DataT:
        return decode(decoder, self._envelope(answer).data, "data")

    def _page(
        self, decoder: msgspec.json.Decoder[list[RowT]], answer: Answer, cursor: str | None
    ) -> Page[RowT]:
        """Newest first; the end is an empty or short page, or a cursor that stands still."""
        envelope = self._envelope(answer)
        rows = decode(decoder, envelope.data, "data")
        paging = envelope.pagination
        following = None
        if rows and paging is not None and paging.cursor is not None:
            count = len(rows) if paging.count is None else paging.count
            if count >= PAGE_LIMIT and str(paging.cursor) != cursor:
                following = str(paging.cursor)
        return Page(rows, following)


def _paging(cursor: str | None) -> tuple[tuple[str, str], ...]:
    limit = (("limit", str(PAGE_LIMIT)),)
    return limit if cursor is None else (*limit, ("cursor", cursor))
