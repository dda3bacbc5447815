"""The simulator's own controls over HTTP: the ledger, the truth of books, load, pause, faults.

Nothing of this is the venue's; no client of the product may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final, TypeVar

import msgspec
from aiohttp import web

from actors.simulator.accounts import Account
from actors.simulator.connection import Connection
from actors.simulator.faults import FaultRefused
from actors.simulator.market import Market
from actors.simulator.venue import SimulatedVenue

ADMIN_BASE: Final = "/_simulator"
REQUESTS_LIMIT: Final = 1_000
REQUESTS_LIMIT_MAX: Final = 50_000
_PARTS: Final = ("fills", "orders", "changes", "funding")


class FillFlow(msgspec.Struct, forbid_unknown_fields=True):
    """`account` is a name or `*`; `script` switches what the account does by itself."""

    account: str
    rate_per_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    markets: list[str] = []
    script: bool | None = None


class BookRate(msgspec.Struct, forbid_unknown_fields=True):
    updates_per_s: Annotated[float, msgspec.Meta(gt=0)]
    market: str = "*"


class RateLimit(msgspec.Struct, forbid_unknown_fields=True):
    per_minute: Annotated[int, msgspec.Meta(ge=1)] | None


_Body = TypeVar("_Body")


class AdminRefused(Exception):
    """A request that the controls cannot carry out; the text says what was expected."""


class Admin:
    """Routes below `/_simulator`."""

    def __init__(self, venue: SimulatedVenue) -> None:
        self._venue = venue
        self._exchange = venue.exchange

    def install(self, app: web.Application) -> None:
        for method, path, answer in (
            ("GET", "state", self.state),
            ("GET", "ledger", self.ledger),
            ("GET", "book", self.book),
            ("GET", "requests", self.requests),
            ("GET", "topics", self.topics),
            ("POST", "fills", self.fills),
            ("POST", "pay_funding", self.pay_funding),
            ("POST", "rate", self.rate),
            ("POST", "rate_limit", self.rate_limit),
            ("POST", "pause", self.pause),
            ("POST", "resume", self.resume),
            ("POST", "fault", self.fault),
            ("DELETE", "fault", self.clear_faults),
        ):
            app.router.add_route(method, f"{ADMIN_BASE}/{path}", _answered(answer))

    def state(self, _: web.Request, __: bytes) -> Any:
        exchange = self._exchange
        return {
            "venue": self._venue.dialect.venue,
            "simulated": True,
            "seed": exchange.seed,
            "time_ms": exchange.now_ms,
            "wall_ms": self._venue.wall_ms(),
            "paused": exchange.paused,
            "markets": {
                name: {"frame": market.feed.last.number, "updates_per_s": market.rate_per_s}
                for name, market in exchange.markets.items()
            },
            "accounts": [self._account_state(one) for one in exchange.accounts.values()],
            "connections": self._connections(None),
            "topics": self._venue.attendances.summary(),
            "requests": self._venue.visits.summary(),
            "faults": [
                {"kind": one.kind, "target": one.target, "left": one.left}
                for one in self._venue.desk.active(self._venue.mono_ns())
            ],
            "rate_limit_per_min": self._venue.throttle.per_min,
        }

    def ledger(self, request: web.Request, _: bytes) -> Any:
        """All that one account was ever told, oldest first; `since` a fill id, `parts` a list."""
        account = self._account(request.query.get("account", ""))
        since = _whole(request, "since") or 0
        parts = [word for word in request.query.get("parts", ",".join(_PARTS)).split(",") if word]
        if not set(parts) <= set(_PARTS):
            raise AdminRefused(f"parts: expected some of {', '.join(_PARTS)}, found {parts}")
        book = self._exchange.ledger.accounts[account.account_id]
        markets, dialect = self._exchange.markets, self._venue.dialect
        answer: dict[str, Any] = self._account_state(account)
        if "fills" in parts:
            answer["fills"] = [
                dialect.fill_row(one, markets[one.market].spec)
                for one in book.fills
                if one.fill_id > since
            ]
        if "orders" in parts:
            answer["orders"] = [
                dialect.order_row(one, markets[one.market].spec) for one in book.orders.values()
            ]
        if "changes" in parts:
            answer["changes"] = [one._asdict() for one in book.changes]
        if "funding" in parts:
            answer["funding"] = [asdict(one) for one in book.funding]
        return answer

    def book(self, request: web.Request, _: bytes) -> Any:
        """The published book after a frame: `frame`, `nonce` where the venue's frames bear one,
        or `seq` of `connection` (or of the only one).

        Without any the newest, with the nonce that clients hold then.
        """
        market = self._market(request.query.get("market", ""))
        frame = self._frame(request, market)
        nonce = self._venue.dialect.newest_nonce(market.name)
        truth = market.feed.truth(frame)
        if truth is None:
            raise AdminRefused("frame: no longer (or not yet) known")
        spec, dialect = market.spec, self._venue.dialect
        sides = {
            word: [
                [dialect.price_text(spec, price), dialect.size_text(spec, lots)]
                for price, lots in levels
            ]
            for word, levels in (("bids", truth.bids), ("asks", truth.asks))
        }
        return {
            "market": market.name,
            "frame": truth.number,
            "ts": truth.ts_ms,
            "nonce": nonce if frame is None else _whole(request, "nonce"),
            **sides,
            "connections": self._connections(f"book:{market.name}"),
        }

    def requests(self, request: web.Request, _: bytes) -> Any:
        """Requests and handshakes, newest first; `account` and `address` narrow them down.

        Times are those of the wall clock, whatever a fault did to the venue's.
        """
        limit = _whole(request, "limit")
        if limit is not None and not 1 <= limit <= REQUESTS_LIMIT_MAX:
            raise AdminRefused(f"limit: expected 1 to {REQUESTS_LIMIT_MAX}, found {limit}")
        account = request.query.get("account", "")
        visits = self._venue.visits.newest(
            _whole(request, "since_ms") or 0,
            self._account(account).name if account else "",
            request.query.get("address", ""),
            limit or REQUESTS_LIMIT,
        )
        return {
            "wall_ms": self._venue.wall_ms(),
            "requests": [
                {
                    "at_ms": one.at_ms,
                    "address": one.address,
                    "account": one.account,
                    "method": one.method,
                    "path": one.path,
                    "status": one.status,
                }
                for one in visits
            ],
        }

    def topics(self, request: web.Request, _: bytes) -> Any:
        """When connections of topics that begin with `topic` opened and closed."""
        return {
            "wall_ms": self._venue.wall_ms(),
            "topics": self._venue.attendances.history(request.query.get("topic", "")),
        }

    def fills(self, _: web.Request, body: bytes) -> Any:
        order = _decoded(body, FillFlow)
        for name in order.markets:
            self._market(name)
        accounts = (
            list(self._exchange.accounts.values())
            if order.account == "*"
            else [self._account(order.account)]
        )
        for account in accounts:
            self._exchange.set_fill_rate(account, order.rate_per_s, order.markets)
            if order.script is not None:
                self._exchange.set_script(account, running=order.script)
        return {"accounts": [one.name for one in accounts], "rate_per_s": order.rate_per_s}

    def pay_funding(self, _: web.Request, __: bytes) -> Any:
        """At once, whatever the hour."""
        self._exchange.pay_funding()
        return {"time_ms": self._exchange.now_ms}

    def rate(self, _: web.Request, body: bytes) -> Any:
        order = _decoded(body, BookRate)
        names = (
            list(self._exchange.markets)
            if order.market == "*"
            else [self._market(order.market).name]
        )
        for name in names:
            self._exchange.set_book_rate(name, order.updates_per_s)
        return {"markets": names, "updates_per_s": order.updates_per_s}

    def rate_limit(self, _: web.Request, body: bytes) -> Any:
        self._venue.throttle.per_min = _decoded(body, RateLimit).per_minute
        return {"per_minute": self._venue.throttle.per_min}

    def pause(self, _: web.Request, __: bytes) -> Any:
        self._exchange.pause()
        return {"paused": True, "time_ms": self._exchange.now_ms}

    def resume(self, _: web.Request, __: bytes) -> Any:
        self._exchange.resume()
        return {"paused": False, "time_ms": self._exchange.now_ms}

    def fault(self, _: web.Request, body: bytes) -> Any:
        order = _decoded(body, dict[str, Any])
        return {"struck": self._venue.put_fault(order), **order}

    def clear_faults(self, _: web.Request, __: bytes) -> Any:
        """Ends the faults that wait; what open connections suffer stays with them."""
        self._venue.clear_faults()
        return {"faults": []}

    def _account_state(self, account: Account) -> dict[str, Any]:
        book = self._exchange.ledger.accounts[account.account_id]
        margin = self._exchange.trading.margin(account)
        return {
            "account": account.name,
            "account_id": account.account_id,
            "scripted": self._exchange.is_scripted(account),
            "fill_count": len(book.fills) + book.forgotten,
            "forgotten": book.forgotten,
            "last_fill_id": book.fills[-1].fill_id if book.fills else 0,
            "open_orders": sorted(account.orders),
            "open_positions": {
                one.spec.name: self._venue.dialect.size_text(one.spec, one.lots)
                for one in account.positions.values()
            },
            "balance": margin.balance,
            "equity": margin.equity,
        }

    def _connections(self, topic: str | None) -> list[dict[str, Any]]:
        """One row for each stream, and one for each connection without any."""
        rows = [
            {
                **_link(one.connection),
                "topic": one.topic,
                "seq": one.seq,
                "first_frame": one.first_frame,
            }
            for one in self._venue.hub
            if topic in {None, one.topic}
        ]
        if topic is not None:
            return rows
        idle = (one for one in self._venue.connections.values() if not one.subscriptions)
        return rows + [{**_link(one), "topic": "", "seq": 0, "first_frame": None} for one in idle]

    def _frame(self, request: web.Request, market: Market) -> int | None:
        nonce, seq = _whole(request, "nonce"), _whole(request, "seq")
        if nonce is not None:
            frame = self._venue.dialect.frame_of_nonce(nonce)
            if frame is None:
                raise AdminRefused(f"nonce: expected one that a frame bears, found {nonce}")
            return frame
        if seq is None:
            return _whole(request, "frame")
        number = _whole(request, "connection")
        members = [
            one
            for one in self._venue.hub.members(f"book:{market.name}")
            if number in {None, one.number}
        ]
        if len(members) != 1:
            raise AdminRefused(f"connection: expected to name one of {len(members)} connections")
        if members[0].first_frame is None:
            raise AdminRefused("seq: expected nonce or frame, frames of this book are not numbered")
        return members[0].first_frame + seq - 1

    def _account(self, name: str) -> Account:
        account = self._exchange.account_by_name(name)
        if account is None:
            known = ", ".join(one.name for one in self._exchange.accounts.values())
            raise AdminRefused(f"account: expected one of {known}, found {name!r}")
        return account

    def _market(self, name: str) -> Market:
        market = self._exchange.markets.get(name)
        if market is None:
            known = ", ".join(self._exchange.markets)
            raise AdminRefused(f"market: expected one of {known}, found {name!r}")
        return market


def _link(connection: Connection) -> dict[str, Any]:
    return {
        "connection": connection.number,
        "address": connection.address,
        "queued": connection.queued,
        "half_open": connection.half_open,
    }


def _answered(
    answer: Callable[[web.Request, bytes], Any],
) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read() if request.can_read_body else b""
        try:
            status, document = 200, answer(request, body)
        except (AdminRefused, FaultRefused, ValueError) as error:
            status, document = 400, {"error": str(error)}
        return web.Response(
            status=status, body=msgspec.json.encode(document), content_type="application/json"
        )

    return handle


def _decoded(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise AdminRefused(str(error)) from error


def _whole(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 20:
        raise AdminRefused(f"{name}: expected a whole number, found {text!r}")
    return int(text)
