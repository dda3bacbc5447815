"""Lighter as a whole: its REST routes and its one WebSocket over one exchange and one hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from actors.simulator.accounts import Account, AccountSpec
from actors.simulator.connection import Connection
from actors.simulator.dialects.contract import (
    Charge,
    Door,
    PrivateAnswer,
    PublicAnswer,
    SessionTimes,
)
from actors.simulator.dialects.lighter_frames import LighterFrames
from actors.simulator.dialects.lighter_http import API_BASE, plain, refusal, token_of
from actors.simulator.dialects.lighter_ids import frame_of_nonce
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_private import LighterPrivate
from actors.simulator.dialects.lighter_public import LighterPublic
from actors.simulator.dialects.lighter_rows import order_row, own_trade_row, price_text, size_text
from actors.simulator.dialects.lighter_session import LighterSession
from actors.simulator.dialects.lighter_streams import LighterStreams
from actors.simulator.dialects.lighter_tokens import LighterTokens
from actors.simulator.exchange import Exchange
from actors.simulator.faults import Fault, FaultKind
from actors.simulator.hub import Hub
from actors.simulator.markets import MarketSpec
from actors.simulator.orders import Fill, Order
from actors.simulator.refused import Refused
from config.demo import demo_lighter_accounts

VENUE: Final = "lighter"
STREAM_PATH: Final = "/stream"
RATE_LIMIT_PER_MIN: Final = 60
"""Published for the standard tier (PROTOCOL 2.3)."""

BOOK_RATE_PER_S: Final = 20.0
"""Books are published in batches of 50 ms."""

TIMES: Final = SessionTimes(60.0, 1_800.0, 120.0, 86_400.0)
WEIGHT_UNIT: Final = 400
"""So much weight is one of the requests of the standard tier: 24,000 a minute are 60."""

_WEIGHTS: Final = {
    "/publicPools": 50,
    "/accountInactiveOrders": 100,
    "/apikeys": 150,
    "/trades": 600,
    "/recentTrades": 600,
    "/tokens": 3_000,
    "/tokens/revoke": 3_000,
    "/tokens/create": 23_000,
    "/referral/points": 3_000,
}
_WEIGHT: Final = 300
"""Of every other endpoint."""


class Lighter:
    """The dialect: where everything is, who may see it, and how it refuses."""

    venue = VENUE
    base_path = ""
    api_base = API_BASE
    stream_path = STREAM_PATH
    stream_route = STREAM_PATH
    topic_words = frozenset(
        {"account", "book", "top", "trades", "stats", "spot_stats", "candles", "height"}
    )
    deep_words = frozenset({"account", "candles"})
    overload_statuses = frozenset({405, 418, 429})

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self.form = LighterFrames()
        self._markets = LighterMarkets(exchange.markets)
        self.tokens = LighterTokens(exchange, exchange.seed)
        self.streams = LighterStreams(exchange, hub)

    def public_routes(self) -> Sequence[tuple[str, str, PublicAnswer]]:
        return LighterPublic(self._exchange).routes()

    def private_routes(self) -> Sequence[tuple[str, str, PrivateAnswer]]:
        return LighterPrivate(self._exchange, self.tokens).routes()

    # who asks

    def account(self, request: web.Request) -> Account | None:
        token = token_of(request)
        return self.tokens.account(token, self._exchange.now_ms // 1000) if token else None

    def subject(self, request: web.Request, account: Account | None) -> Account | None:
        """Public requests name the account that they are about; without one it is the token's."""
        query = request.query
        index = query.get("account_index") or (
            query.get("value", "") if query.get("by") in {"index", "account_index"} else ""
        )
        if index.isascii() and index.isdigit() and len(index) <= 20:
            return self._exchange.accounts.get(int(index)) or account
        return account

    def is_private(self, request: web.Request) -> bool:
        return bool(token_of(request)) or self.subject(request, None) is not None

    def charge(self, request: web.Request, account: Account | None) -> Charge:
        """Handshakes have limits of their own."""
        if request.path == STREAM_PATH:
            return Charge("", 0)
        weight = _WEIGHTS.get(request.path.removeprefix(API_BASE), _WEIGHT)
        owner = (request.remote or "") if account is None else f"owner of {account.name}"
        return Charge(owner, max(1.0, weight / WEIGHT_UNIT))

    # how it refuses

    def anonymous(self) -> Refused:
        return Refused(400, "20001", "invalid param : auth field is required")

    def refused(self, rejection: Refused) -> web.Response:
        return refusal(rejection.status, rejection.code, rejection.detail)

    def not_served(self, error: web.HTTPException) -> web.Response:
        return refusal(error.status, "29404" if error.status == 404 else "", error.reason)

    def too_many(self, retry_after_s: float | None) -> web.Response:
        return _busy(429, retry_after_s, "")

    def faulty(self, fault: Fault) -> web.Response | None:
        text = fault.text
        match fault.kind:
            case FaultKind.UNAUTHORIZED:
                return refusal(401, "20001", text or "invalid auth")
            case FaultKind.TOO_MANY:
                return _busy(429, fault.retry_after_s, text)
            case FaultKind.BANNED:
                return _busy(fault.status, fault.retry_after_s, text)
            case FaultKind.MAINTENANCE:
                return refusal(503, "29500", text or "exchange is in maintenance")
            case FaultKind.SERVER if fault.status in {502, 504}:
                # Errors of the proxy before the venue are pages, not envelopes.
                body = f"<html><body>{fault.status} {text}</body></html>"
                return web.Response(status=fault.status, text=body, content_type="text/html")
            case FaultKind.SERVER:
                return refusal(fault.status, "29500", text or "internal server error")
            case _:
                return None

    # streams

    def stream_topic(self, _: web.Request) -> str:
        return ""

    def session(
        self, connection: Connection, _: str, door: Door, times: SessionTimes
    ) -> LighterSession:
        return LighterSession(connection, door, times, self._exchange, self.tokens)

    # what the controls show

    def fill_row(self, fill: Fill, spec: MarketSpec) -> dict[str, Any]:
        return own_trade_row(fill, spec, self._markets.id_of(spec.name))

    def order_row(self, order: Order, spec: MarketSpec) -> dict[str, Any]:
        return order_row(order, spec, self._markets.id_of(spec.name))

    def price_text(self, spec: MarketSpec, ticks: int) -> str:
        return price_text(spec, ticks)

    def size_text(self, spec: MarketSpec, lots: int) -> str:
        return size_text(spec, lots)

    def newest_nonce(self, market: str) -> int | None:
        return self.streams.nonce(market)

    def frame_of_nonce(self, nonce: int) -> int | None:
        return frame_of_nonce(nonce)


def _busy(status: int, retry_after_s: float | None, text: str) -> web.Response:
    """Too much was asked; 405 is the word of the firewall before the venue (PROTOCOL 2.1)."""
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    document = {"code": 23000, "message": text or "Too Many Requests!"}
    return plain(document, status, headers)


def demo_specs(seed: int, count: int) -> list[AccountSpec]:
    """The demo's accounts; ValueError for too many."""
    return [
        AccountSpec(
            one.name,
            one.read_only_token,
            account_index=one.account_index,
            api_key_index=one.api_key_index,
            private_key=one.private_key,
            spot_shares=0,
        )
        for one in demo_lighter_accounts(seed, count)
    ]


def credentials(spec: AccountSpec) -> dict[str, Any]:
    """What a client needs to read the account: either the key or the token."""
    return {
        "name": spec.name,
        "account_index": spec.account_index,
        "api_key_index": spec.api_key_index,
        "private_key": spec.private_key,
        "read_only_token": spec.api_key,
    }
