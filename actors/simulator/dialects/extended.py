"""Extended as a whole: its REST routes and its v1 streams over one exchange and one hub."""

from __future__ import annotations

import math
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
from actors.simulator.dialects.extended_frames import ExtendedFrames
from actors.simulator.dialects.extended_http import API_BASE, STREAM_BASE, refusal
from actors.simulator.dialects.extended_private import ExtendedPrivate
from actors.simulator.dialects.extended_public import ExtendedPublic
from actors.simulator.dialects.extended_rows import fill_row, order_row, price_text, size_text
from actors.simulator.dialects.extended_session import ExtendedSession
from actors.simulator.dialects.extended_streams import ExtendedStreams
from actors.simulator.exchange import Exchange
from actors.simulator.faults import Fault, FaultKind
from actors.simulator.hub import Hub
from actors.simulator.markets import MarketSpec
from actors.simulator.orders import Fill, Order
from actors.simulator.refused import Refused
from config.demo import demo_accounts

VENUE: Final = "extended"
KEY_HEADER: Final = "X-Api-Key"
RATE_LIMIT_PER_MIN: Final = 1_000
"""Published: per address, over all endpoints."""

TIMES: Final = SessionTimes(15.0, 10.0, math.inf, math.inf)


class Extended:
    """The dialect: where everything is, who may see it, and how it refuses."""

    venue = VENUE
    base_path = API_BASE
    api_base = API_BASE
    stream_path = STREAM_BASE
    stream_route = f"{STREAM_BASE}/{{path:.+}}"
    topic_words = frozenset(
        {"account", "book", "top", "rfq", "trades", "funding", "mark", "index", "candles"}
    )
    deep_words = frozenset({"candles"})
    overload_statuses = frozenset({418, 429})

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self.form = ExtendedFrames()
        self.streams = ExtendedStreams(exchange, hub)

    def public_routes(self) -> Sequence[tuple[str, str, PublicAnswer]]:
        return ExtendedPublic(self._exchange).routes()

    def private_routes(self) -> Sequence[tuple[str, str, PrivateAnswer]]:
        return ExtendedPrivate(self._exchange).routes()

    # who asks

    def account(self, request: web.Request) -> Account | None:
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return None
        account = self._exchange.account_by_key(key)
        if account is None:
            raise Refused(401, "401", "Unauthorized")
        return account

    def subject(self, _: web.Request, account: Account | None) -> Account | None:
        return account

    def is_private(self, request: web.Request) -> bool:
        return request.path.startswith((f"{API_BASE}/user/", f"{STREAM_BASE}/account"))

    def charge(self, request: web.Request, _: Account | None) -> Charge:
        return Charge(request.remote or "", 1)

    # how it refuses

    def anonymous(self) -> Refused:
        return Refused(401, "401", "Unauthorized")

    def refused(self, rejection: Refused) -> web.Response:
        return refusal(rejection.status, rejection.code, rejection.detail)

    def not_served(self, error: web.HTTPException) -> web.Response:
        code = "NOT_FOUND" if error.status == 404 else str(error.status)
        return refusal(error.status, code, error.reason)

    def too_many(
        self, retry_after_s: float | None, status: int = 429, text: str = ""
    ) -> web.Response:
        headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
        return refusal(status, str(status), text or "Too many requests", headers, text)

    def faulty(self, fault: Fault) -> web.Response | None:
        text = fault.text
        match fault.kind:
            case FaultKind.UNAUTHORIZED:
                return refusal(401, "401", text or "Unauthorized", debug_info=text)
            case FaultKind.TOO_MANY:
                return self.too_many(fault.retry_after_s, text=text)
            case FaultKind.BANNED:
                return self.too_many(fault.retry_after_s, fault.status, text)
            case FaultKind.MAINTENANCE:
                said = text or "Exchange is in maintenance mode"
                return refusal(503, "1010", said, debug_info=text)
            case FaultKind.SERVER if fault.status in {502, 504}:
                # Errors of the proxy before the venue are pages, not envelopes.
                body = f"<html><body>{fault.status} {text}</body></html>"
                return web.Response(status=fault.status, text=body, content_type="text/html")
            case FaultKind.SERVER:
                said = text or "Unhandled application error"
                return refusal(fault.status, "1006", said, debug_info=text)
            case _:
                return None

    # streams

    def stream_topic(self, request: web.Request) -> str:
        path = request.path.removeprefix(STREAM_BASE)
        account = self.account(request) if self.is_private(request) else None
        return self.streams.topic(path, dict(request.query), account)

    def session(
        self, connection: Connection, topic: str, door: Door, times: SessionTimes
    ) -> ExtendedSession:
        return ExtendedSession(connection, topic, door, times)

    # what the controls show

    def fill_row(self, fill: Fill, spec: MarketSpec) -> dict[str, Any]:
        return fill_row(fill, spec, stream=False)

    def order_row(self, order: Order, spec: MarketSpec) -> dict[str, Any]:
        return order_row(order, spec, stream=False)

    def price_text(self, spec: MarketSpec, ticks: int) -> str:
        return price_text(spec, ticks)

    def size_text(self, spec: MarketSpec, lots: int) -> str:
        return size_text(spec, lots)

    def newest_nonce(self, _: str) -> int | None:
        return None

    def frame_of_nonce(self, _: int) -> int | None:
        return None


def demo_specs(seed: int, count: int) -> list[AccountSpec]:
    """The demo's accounts; ValueError for too many."""
    return [AccountSpec(one.name, one.api_key) for one in demo_accounts(seed, count)]


def credentials(spec: AccountSpec) -> dict[str, Any]:
    """What a client needs to read the account."""
    return {"name": spec.name, "api_key": spec.api_key}
