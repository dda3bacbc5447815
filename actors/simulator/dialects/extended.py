"""Extended as a whole: its REST routes and its v1 streams over one exchange and one hub."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from actors.simulator.accounts import Account
from actors.simulator.dialects.extended_http import API_BASE, STREAM_BASE, refusal
from actors.simulator.dialects.extended_private import ExtendedPrivate
from actors.simulator.dialects.extended_public import ExtendedPublic
from actors.simulator.dialects.extended_rows import fill_row, order_row, price_text, size_text
from actors.simulator.dialects.extended_streams import ExtendedStreams
from actors.simulator.exchange import Exchange
from actors.simulator.faults import Fault, FaultKind
from actors.simulator.hub import Hub
from actors.simulator.refused import Refused

VENUE: Final = "extended"
KEY_HEADER: Final = "X-Api-Key"
RATE_LIMIT_PER_MIN: Final = 1_000
"""Published: per address, over all endpoints."""


class Extended:
    """The dialect: where everything is, who may see it, and how it refuses."""

    api_base = API_BASE
    stream_base = STREAM_BASE

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self.streams = ExtendedStreams(exchange, hub)
        self.public = ExtendedPublic(exchange)
        self.private = ExtendedPrivate(exchange)
        self.order_row, self.fill_row = order_row, fill_row
        self.price_text, self.size_text = price_text, size_text

    def account(self, request: web.Request) -> Account | None:
        """The account of the request's key; Refused where there is a key and it is wrong."""
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return None
        account = self._exchange.account_by_key(key)
        if account is None:
            raise Refused(401, "401", "Unauthorized")
        return account

    def is_private(self, path: str) -> bool:
        return path.startswith((f"{API_BASE}/user/", f"{STREAM_BASE}/account"))

    def refused(self, rejection: Refused) -> web.Response:
        return refusal(rejection.status, rejection.code, rejection.detail)

    def too_many(
        self, retry_after_s: float | None, status: int = 429, text: str = ""
    ) -> web.Response:
        headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
        return refusal(status, str(status), text or "Too many requests", headers, text)

    def faulty(self, fault: Fault) -> web.Response | None:
        """The answer that a fault asks for, in its words; None where it only delays."""
        text = fault.text
        match fault.kind:
            case FaultKind.UNAUTHORIZED:
                return refusal(401, "401", text or "Unauthorized", debug_info=text)
            case FaultKind.TOO_MANY:
                return self.too_many(fault.retry_after_s, text=text)
            case FaultKind.BANNED:
                return self.too_many(fault.retry_after_s, 418, text)
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
