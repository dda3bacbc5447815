"""Pages of which origins may call, and what their browsers must be told for it.

The service's own pages always may; others where `CORS_ORIGINS` names their origin. There are no
cookies, so nothing is ever allowed "with credentials": a page sends the token itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from quart import Response
from quart.wrappers import Request, Websocket

from web.answers import without_body
from web.problems import Problem

MAX_AGE_S: Final = 600
"""How long a browser remembers a preflight's answer; who is taken off the list waits so long."""

METHODS: Final = "GET, HEAD, POST"
HEADERS: Final = "Authorization, Content-Type, Last-Event-ID"
EXPOSED: Final = (
    "Content-Disposition, ETag, Link, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    "Retry-After, WWW-Authenticate, X-Broadcaster-Collector, X-Next-Cursor"
)
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MODE: Final = "Sec-Fetch-Mode"


class Origins:
    """The origins that are named; exact, as a browser spells them."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def check(self, asked: Request | Websocket) -> None:
        """Raises Problem for a page that may not call; no Origin means no page, or an old one."""
        origin = asked.headers.get("Origin")
        if origin is None:
            self._check_relation(asked)
            return
        host = asked.headers.get("Host", "").lower()
        scheme, _, own = origin.lower().partition("://")
        if host and own == host and scheme in ("http", "https"):
            return
        if origin not in self._allowed:
            detail = f"pages of {origin[:100]!r} may not call this service; CORS_ORIGINS adds some"
            raise Problem(403, "origin-not-allowed", detail)

    @staticmethod
    def _check_relation(asked: Request | Websocket) -> None:
        """Forms and pictures carry no Origin, yet browsers say how the page's site relates to us.

        A picture's address must not use up the calls that this machine's own clients may make;
        following a link is welcome.
        """
        if asked.headers.get("Sec-Fetch-Site") != "cross-site":
            return
        if asked.method in _UNSAFE or asked.headers.get(_MODE, "navigate") != "navigate":
            raise Problem(403, "origin-not-allowed", "a page of another site may not do this")

    def preflight(self, asked: Request) -> Response | None:
        """The answer to a browser that asks whether its page may call, or None for other calls."""
        if asked.method != "OPTIONS" or asked.headers.get("Origin") not in self._allowed:
            return None
        if "Access-Control-Request-Method" not in asked.headers:
            return None
        return without_body(
            204,
            {
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": HEADERS,
                "Access-Control-Max-Age": str(MAX_AGE_S),
            },
        )

    def mark(self, asked: Request, response: Response) -> None:
        """Lets the page of an allowed origin read the answer."""
        if not self._allowed:
            return
        # A cache must not give one origin's answer to another.
        response.vary.add("Origin")
        origin = asked.headers.get("Origin")
        if origin in self._allowed:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
