"""Lighter's REST calls of one account: the requests to make, and what their answers say.

Each bears the token, the public one too: the venue then counts it to the account's owner, not to
the address. Source: PROTOCOL, sections 2.2 to 2.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn, TypeVar

import msgspec

from actors.errors import KeyRejected, MalformedFrame, VenueRejected
from actors.messages.account import (
    AccountSnapshot,
    Fill,
    Funding,
    Order,
    Points,
    Position,
    Standing,
)
from actors.venues.contract import AccountInfo, Answer, AssetBalances, Page
from actors.venues.http_request import HttpRequest
from actors.venues.lighter import answers, parse_account, points, wire, wire_account
from actors.venues.lighter.account_session import check_owner
from actors.venues.lighter.credentials import Credentials, plain_hex
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.public_requests import PublicRequests

VIA: Final = "polling"
PAGE_LIMIT: Final = 100
"""Rows a page; the venue allows no more."""

RELEARN_NS: Final = 60_000_000_000
"""A market that no list shows has the list read again no more often than this."""
WEIGHT_OF_ONE: Final = 400
"""The standard tier has 60 requests a minute, but 24,000 of weight: a heavy one counts as more."""
WEIGHTS: Final = {"fills": 600, "points": 3_000}
_ALL_KEYS: Final = 255

AnswerT = TypeVar("AnswerT", bound=wire.Envelope)
_accounts = msgspec.json.Decoder(wire_account.Accounts)
_orders = msgspec.json.Decoder(wire_account.Orders)
_trades = msgspec.json.Decoder(wire_account.Trades)
_payments = msgspec.json.Decoder(wire_account.FundingPayments)
_keys = msgspec.json.Decoder(wire_account.Keys)
_limits = msgspec.json.Decoder(wire_account.Limits)
_points = msgspec.json.Decoder(wire_account.ReferralPoints)


class Requests(PublicRequests):
    """The calls of one account; without credentials only the public ones will be answered.

    `account` is our name of it, `account_index` the venue's. `public_key` (slot and key) is
    compared with what the venue holds, once, before anything else is asked.
    """

    def __init__(
        self,
        base_url: str,
        account: str = "",
        account_index: int = 0,
        markets: Markets | None = None,
        credentials: Credentials | None = None,
        *,
        figures: AccountFigures | None = None,
        public_key: tuple[int, str] | None = None,
    ) -> None:
        super().__init__(base_url, markets)
        self.owner = ""
        self._account = account
        self._index = account_index
        self._credentials = credentials
        self._figures = AccountFigures(account) if figures is None else figures
        self._public_key = public_key
        self._learned_ns: int | None = None
        self._answered_ns = 0
        self._groundwork = ""
        self._tokens: dict[str, str] = {}

    # groundwork

    def groundwork(self) -> HttpRequest | None:
        """The list of markets, where it is missing or old, and the key that is to be compared."""
        if self.markets_known.lacking and not self._learned_lately():
            self._groundwork = "markets"
            return self.markets()
        if self._public_key is not None:
            self._groundwork = "keys"
            query = (("account_index", str(self._index)), ("api_key_index", str(_ALL_KEYS)))
            return self._get("keys", "apikeys", query)
        return None

    def read_groundwork(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> None:
        """Raises KeyRejected where the public key is not the one that the venue holds."""
        if self._groundwork == "markets":
            self.read_markets(status, headers, body, received_ns)
            self._learned_ns = received_ns
            return
        answer = answers.read_envelope(status, headers, body, received_ns, _keys)
        self._compare(answer.api_keys or [])

    def _learned_lately(self) -> bool:
        if self._learned_ns is None:
            return False
        return 0 <= self._answered_ns - self._learned_ns < RELEARN_NS

    def _compare(self, keys: list[wire_account.Key]) -> None:
        if self._public_key is None:
            return
        slot, told = self._public_key
        held = [each.public_key for each in keys if int(each.api_key_index) == slot]
        if not held:
            raise KeyRejected(f"the account has no key in slot {slot} (API_KEY_Index)")
        if plain_hex(held[0]) != told:
            raise KeyRejected(f"slot {slot} holds another public key than PUBLIC says")
        self._public_key = None

    # account

    def balance(self) -> HttpRequest:
        """Positions too: one answer holds both."""
        query = (("by", "index"), ("value", str(self._index)), ("active_only", "true"))
        return self._private("account", "account", query)

    positions = balance

    def read_balance(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> AccountSnapshot:
        row = self._row(Answer(status, headers, body, received_ns))
        self.owner = row.l1_address
        return self._figures.told(row, received_ns, via)

    def read_positions(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> list[Position]:
        """Flat rows of markets that were once traded are left out."""
        row = self._row(Answer(status, headers, body, received_ns))
        return [
            parse_account.position(each, self._account, self.markets_known, received_ns, via)
            for each in wire_account.rows(row.positions)
            if parse_account.is_open(each) and parse_account.is_watched(int(each.market_id), None)
        ]

    def _row(self, answer: Answer) -> wire_account.Account:
        """Of this account: an answer may hold others."""
        found = self._read("account", _accounts, answer, proves=False).accounts or []
        for each in found:
            if int(each.index) == self._index:
                return each
        raise MalformedFrame("body.accounts", f"account {self._index}", f"{len(found)} others")

    def orders(self) -> HttpRequest:
        return self._private("orders", "accountActiveOrders", self._of_account())

    def read_orders(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        received_ns: int,
        *,
        via: str = VIA,
    ) -> list[Order]:
        answer = self._read("orders", _orders, Answer(status, headers, body, received_ns))
        return self._orders(answer, received_ns, via)

    def order(self, order_id: str) -> None:
        """The venue finds single orders by the client's ids only."""

    def read_order(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> NoReturn:
        """Never asked for."""
        del headers, body, received_ns
        raise VenueRejected(status, "", "orders are not asked for by their ids")

    def orders_history(self, cursor: str | None = None) -> HttpRequest:
        query = self._of_account() + _paging(cursor)
        return self._private("orders_history", "accountInactiveOrders", query)

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
        answer = self._read("orders_history", _orders, Answer(status, headers, body, received_ns))
        items = self._orders(answer, received_ns, via)
        is_end = not any(True for _ in wire_account.rows(answer.orders))
        return Page(items, None if is_end else _following(answer.next_cursor, cursor))

    def fills(self, cursor: str | None = None) -> HttpRequest:
        query = (*self._of_account(), ("sort_by", "trade_id"), ("sort_dir", "desc"))
        return self._private("fills", "trades", query + _paging(cursor))

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
        answer = self._read("fills", _trades, Answer(status, headers, body, received_ns))
        rows = list(wire_account.rows(answer.trades))
        items = [
            fill
            for row in rows
            if parse_account.is_watched(row.market_id, row.market_kind)
            for fill in parse_account.fills(
                row,
                self._account,
                self._index,
                self.markets_known,
                received_ns=received_ns,
                via=via,
            )
        ]
        return Page(items, _following(answer.next_cursor, cursor) if rows else None)

    def funding(self, cursor: str | None = None) -> HttpRequest:
        query = self._of_account() + _paging(cursor)
        return self._private("funding", "positionFunding", query)

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
        answer = self._read("funding", _payments, Answer(status, headers, body, received_ns))
        rows = list(wire_account.rows(answer.position_fundings))
        items = [
            parse_account.funding(row, self._account, self.markets_known, received_ns, via)
            for row in rows
            if parse_account.is_watched(int(row.market_id), None)
        ]
        return Page(items, _following(answer.next_cursor, cursor) if rows else None)

    def account_info(self) -> HttpRequest:
        return self._private("account_info", "accountLimits", self._of_account())

    def read_account_info(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AccountInfo:
        """The description is the owner's tier, which says how many requests the venue answers."""
        answer = self._read("account_info", _limits, Answer(status, headers, body, received_ns))
        return AccountInfo(account_id=str(self._index), description=answer.user_tier or "")

    def spot_balances(self) -> None:
        """Told with the balance."""

    def read_spot_balances(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> AssetBalances:
        """Never asked for."""
        del status, headers, body
        return AssetBalances(account=self._account, items=(), received_ns=received_ns)

    def points(self) -> HttpRequest:
        return self._private("points", "referral/points", self._of_account())

    def read_points(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Points:
        """A refusal of the question, not of the token, says that there are none to be told."""
        try:
            answer = self._read("points", _points, Answer(status, headers, body, received_ns))
        except VenueRejected as fault:
            return points.none(str(fault), self._account, received_ns)
        return points.points(answer, self._account, received_ns)

    def standing(self) -> None:
        """The venue's board asks for the owner's address and a kind that no document names."""

    def read_standing(
        self, status: int, headers: Mapping[str, str], body: bytes, received_ns: int
    ) -> Standing:
        """Never asked for."""
        del status, headers, body, received_ns
        return Standing()

    # shared

    def _of_account(self) -> tuple[tuple[str, str], ...]:
        return (("account_index", str(self._index)),)

    def _private(self, name: str, path: str, query: tuple[tuple[str, str], ...]) -> HttpRequest:
        request = self._get(name, path, query)
        headers = dict(request.headers)
        if self._credentials is not None:
            headers["authorization"] = self._tokens[name] = self._credentials.token()
        return HttpRequest(
            name=name,
            base_url=request.base_url,
            path=request.path,
            query=query,
            headers=headers,
            weight=max(1.0, WEIGHTS.get(name, 0) / WEIGHT_OF_ONE),
        )

    def _read(
        self,
        name: str,
        decoder: msgspec.json.Decoder[AnswerT],
        answer: Answer,
        *,
        proves: bool = True,
    ) -> AnswerT:
        """The answer to what was last asked by this name; `proves`: not without a good token."""
        self._answered_ns = answer.received_ns
        token = self._tokens.get(name, "")
        try:
            read = answers.read_envelope(*answer, decoder, secret=token)
        except answers.TokenRefused as fault:
            if self._credentials is None:
                raise
            raise self._credentials.refused(token, fault) from fault
        if proves and self._credentials is not None:
            self._credentials.accepted(token)
        return read

    def _orders(self, answer: wire_account.Orders, received_ns: int, via: str) -> list[Order]:
        told = []
        for row in wire_account.rows(answer.orders):
            check_owner(row, self._index)
            if parse_account.is_watched(row.market_index, row.market_kind):
                told.append(
                    parse_account.order(row, self._account, self.markets_known, received_ns, via)
                )
        return told


def _paging(cursor: str | None) -> tuple[tuple[str, str], ...]:
    limit = (("limit", str(PAGE_LIMIT)),)
    return limit if cursor is None else (*limit, ("cursor", cursor))


def _following(told: str | None, asked: str | None) -> str | None:
    """The cursor of the next page; none, or one that stands still, is the end."""
    return told if told and told != asked else None
