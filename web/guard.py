"""Who may call: sizes, Host, Origin, rate, token or ticket; and what every answer's header says.

Host is checked against DNS rebinding (a page of another site whose name points to this machine),
Origin against other sites' pages, on HTTP and WebSocket alike. What those refuse is not counted:
a page of another site shall not use up what this machine's own clients may ask. Wrong tokens are,
so nobody tries many. A refused WebSocket is accepted and closed, because a browser cannot see why
a handshake failed.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from typing import Any, Final, Protocol, cast

from quart import Quart, Response, g, request, websocket
from quart.wrappers import Request, Websocket

from actors.errors import LinkFault
from actors.runtime.clock import Clock
from web import clients as codes
from web import paths, tickets
from web.closing import goodbye
from web.control import Control
from web.cors import Origins
from web.forwarded import Proxies
from web.problems import Problem
from web.rate_limit import Allowance, RateLimit
from web.service import Rates, Settings

FREE_PATHS: Final = frozenset({"/health", "/docs"})
"""They need no token, as the dashboard's files need none: they hold nothing."""

HOST_FREE: Final = "/health"
TOKEN_PARAMETER_PATH: Final = "/ws/dashboard"  # noqa: S105  # a path, no secret
"""The one path whose existing clients send the token in the address."""

TICKET_PATHS: Final = frozenset({"/ws", "/ws/dashboard", "/api/stream", "/candles/stream"})
"""What a ticket opens: streams, which browsers cannot send a header for."""

QUERY_LENGTH_MAX: Final = 8 * 1024
HEADER_BYTES_MAX: Final = 16 * 1024
"""The server counts only headers that come in pieces; one that comes at once is counted here."""

_PORT: Final = re.compile(r":[0-9]*")
LOCAL_NAMES: Final = frozenset({"localhost"})
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
ANSWER_HEADERS: Final = {**SECURITY_HEADERS, "Cache-Control": "no-store"}


class Guarded(Protocol):
    """What the guard must know of the service that it stands before."""

    @property
    def settings(self) -> Settings: ...

    @property
    def token(self) -> str: ...

    @property
    def control(self) -> Control: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def rates(self) -> Rates: ...


class Guard:
    """The access rules of one service."""

    def __init__(self, service: Guarded) -> None:
        self._token = service.token.encode()
        self._control = service.control
        self._clock = service.clock
        self._proxies = Proxies(service.settings.trusted_proxies)
        self._rate = RateLimit(service.settings.rate_limit)
        self.origins = Origins(service.settings.cors_origins)
        self._max_body_bytes = service.settings.max_body_bytes
        named = [host.lower() for host in service.settings.allowed_hosts]
        self._any_host = "*" in named
        self._hosts = {_host_of(host) for host in named if not host.startswith(".")}
        self._suffixes = tuple(host for host in named if host.startswith("."))
        bound = service.settings.host.lower().strip("[]")
        if not _is_unspecified(bound):
            self._hosts.add(bound)

    async def admit(self, asked: Request | Websocket) -> None:
        """Raises Problem for a call that must not be served, LinkFault for a ticket that nobody
        can judge now.
        """
        self.check_page(asked)
        if _is_free(asked):
            return
        self._count(asked)
        await self._check_right(asked)

    def check_page(self, asked: Request | Websocket) -> None:
        """What holds for static pages and preflights, too: sizes, Host and Origin."""
        if len(asked.query_string) > QUERY_LENGTH_MAX:
            raise Problem(414, "query-too-long", f"at most {QUERY_LENGTH_MAX} bytes of query")
        if sum(len(name) + len(value) for name, value in asked.headers) > HEADER_BYTES_MAX:
            raise Problem(431, "header-too-large", f"at most {HEADER_BYTES_MAX} bytes of header")
        if asked.path != HOST_FREE:
            self._check_host(asked.headers.get("Host", ""))
        self.origins.check(asked)
        if isinstance(asked, Request) and (asked.content_length or 0) > self._max_body_bytes:
            detail = f"at most {self._max_body_bytes} bytes, found {asked.content_length}"
            raise Problem(413, "too-large", detail)

    def _check_host(self, header: str) -> None:
        host = _host_of(header.lower())
        if self._any_host or host in self._hosts or _is_local(host):
            return
        if self._suffixes and host.endswith(self._suffixes):
            return
        detail = f"Host {header[:100]!r} is none of this service's; ALLOWED_HOSTS adds to them"
        raise Problem(403, "host-not-allowed", detail)

    def _count(self, asked: Request | Websocket) -> None:
        """A stream counts once, because it is asked for once."""
        peer = (cast("dict[str, Any]", asked.scope).get("client") or ("",))[0]
        client = self._proxies.client(peer, asked.headers.getlist("X-Forwarded-For"))
        allowance = self._rate.count(client, self._clock.monotonic_ns())
        if allowance is None:
            return
        g.allowance = allowance
        if allowance.exceeded:
            detail = f"at most {allowance.limit} requests a minute; again in {allowance.reset_s} s"
            raise Problem(429, "rate-limit", detail, {"Retry-After": str(allowance.reset_s)})

    async def _check_right(self, asked: Request | Websocket) -> None:
        """A token where one is needed, or a ticket, which is judged wherever one is sent."""
        ticket = ticket_of(asked)
        if ticket is not None:
            await tickets.spend(self._control, ticket)
        elif self._token:
            self._check_token(token_of(asked))

    def _check_token(self, found: str) -> None:
        if hmac.compare_digest(found.strip().encode(), self._token):
            return
        why = "is not the right one" if found else "is missing"
        challenge = 'Bearer realm="broadcaster"' + (', error="invalid_token"' if found else "")
        detail = f"the token {why}; send it as Authorization: Bearer <API_TOKEN>"
        raise Problem(401, "token", detail, {"WWW-Authenticate": challenge})


def token_of(asked: Request | Websocket) -> str:
    """The token that a call bears; empty where it bears none."""
    scheme, _, found = asked.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return found
    return asked.args.get("token", "") if asked.path == TOKEN_PARAMETER_PATH else ""


def ticket_of(asked: Request | Websocket) -> str | None:
    """The ticket by which a call wants to be let in; a token, where it bears one, goes first."""
    opens = asked.path in TICKET_PATHS and asked.method == "GET"
    return asked.args.get(tickets.PARAMETER) if opens and not token_of(asked) else None


def install(app: Quart, service: Guarded) -> Guard:
    """Checks every request and every WebSocket, whatever its path, and marks every answer."""
    guard = Guard(service)

    async def before() -> Response | None:
        service.rates.request()
        preflight = guard.origins.preflight(request)
        if preflight is not None:
            guard.check_page(request)
            return preflight
        await guard.admit(request)
        return None

    async def before_websocket() -> str | None:
        connection = cast("Websocket", websocket._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            await guard.admit(connection)
        except (Problem, LinkFault) as refused:
            await connection.accept()
            await goodbye(connection, *_refusal(refused))
            # Anything but None ends it here: its handler is not called.
            return ""
        return None

    async def after(response: Response) -> Response:
        allowance: Allowance | None = g.get("allowance")
        if allowance is not None:
            response.headers.update(allowance.headers)
        guard.origins.mark(request, response)
        # One look at the names: `setdefault` raises and catches an error for each missing one.
        present = {name.lower() for name, _ in response.headers}
        for name, value in ANSWER_HEADERS.items():
            if name.lower() not in present:
                response.headers.add(name, value)
        return response

    app.before_request(before)
    app.before_websocket(before_websocket)
    app.after_request(after)
    return guard


def _refusal(refused: Problem | LinkFault) -> tuple[int, str]:
    """The code and reason with which a WebSocket is closed."""
    if isinstance(refused, Problem) and refused.status < 500:
        return codes.REFUSED, refused.detail
    return codes.OUR_FAULT, "the supervisor does not judge tickets now; try again"


def _host_of(header: str) -> str:
    """The name in a Host header, without port and brackets; as it stands where it is no such."""
    if header.startswith("["):
        address, _, rest = header[1:].partition("]")
        return address if not rest or _PORT.fullmatch(rest) else header
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else header


def _is_free(asked: Request | Websocket) -> bool:
    is_page = isinstance(asked, Request) and paths.is_of_dashboard(asked.path)
    return is_page or asked.path in FREE_PATHS


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host
