"""Who may call: Host, Origin, token, sizes; and the headers that every answer carries.

Host is checked against DNS rebinding (a page of another site whose name points to this machine),
Origin against other sites' pages, on HTTP and WebSocket alike. A refused WebSocket is accepted
and closed with 1008, because a browser cannot see why a handshake failed.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from quart import Quart, Response, request
from quart.wrappers import Request, Websocket

from web.problems import Problem
from web.service import Service

FREE_PATHS: Final = frozenset({"/", "/health", "/docs", "/favicon.ico"})
"""Static pages and the health check need no token; they hold nothing."""

FREE_PREFIX: Final = "/static/"
HOST_FREE: Final = "/health"
TOKEN_PARAMETER_PATH: Final = "/ws/dashboard"  # noqa: S105  # a path, no secret
"""The one path whose existing clients send the token in the address."""

QUERY_LENGTH_MAX: Final = 8 * 1024
HEADER_BYTES_MAX: Final = 16 * 1024
"""The server counts only headers that come in pieces; one that comes at once is counted here."""

LOCAL_NAMES: Final = frozenset({"localhost"})
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Guard:
    """The access rules of one service."""

    def __init__(self, service: Service) -> None:
        self._token = service.token.encode()
        self._max_body_bytes = service.settings.max_body_bytes
        named = [host.lower() for host in service.settings.allowed_hosts]
        self._any_host = "*" in named
        self._hosts = {_host_of(host) for host in named if not host.startswith(".")}
        self._suffixes = tuple(host for host in named if host.startswith("."))
        bound = service.settings.host.lower().strip("[]")
        if not _is_unspecified(bound):
            self._hosts.add(bound)

    def check(self, asked: Request | Websocket) -> None:
        """Raises Problem for a call that must not be served."""
        if len(asked.query_string) > QUERY_LENGTH_MAX:
            raise Problem(414, "query-too-long", f"at most {QUERY_LENGTH_MAX} bytes of query")
        if sum(len(name) + len(value) for name, value in asked.headers) > HEADER_BYTES_MAX:
            raise Problem(431, "header-too-large", f"at most {HEADER_BYTES_MAX} bytes of header")
        if asked.path != HOST_FREE:
            self._check_host(asked.headers.get("Host", ""))
        self._check_origin(asked)
        if isinstance(asked, Request) and (asked.content_length or 0) > self._max_body_bytes:
            detail = f"at most {self._max_body_bytes} bytes, found {asked.content_length}"
            raise Problem(413, "too-large", detail)
        if asked.path not in FREE_PATHS and not asked.path.startswith(FREE_PREFIX):
            self._check_token(asked)

    def _check_host(self, header: str) -> None:
        host = _host_of(header.lower())
        if self._any_host or host in self._hosts or _is_local(host):
            return
        if self._suffixes and host.endswith(self._suffixes):
            return
        detail = f"Host {header[:100]!r} is none of this service's; ALLOWED_HOSTS adds to them"
        raise Problem(403, "host-not-allowed", detail)

    @staticmethod
    def _check_origin(asked: Request | Websocket) -> None:
        """A page may call only the service that it came from; no Origin means no page."""
        origin = asked.headers.get("Origin")
        if origin is None:
            # Forms of old browsers carry no Origin, yet all that have it say the site's relation.
            foreign = asked.headers.get("Sec-Fetch-Site") == "cross-site"
            if asked.method in {"POST", "PUT", "PATCH", "DELETE"} and foreign:
                raise Problem(403, "origin-not-allowed", "a page of another site may not do this")
            return
        host = asked.headers.get("Host", "").lower()
        if urlsplit(origin.lower()).netloc != host or not host:
            detail = f"pages of {origin[:100]!r} may not call this service"
            raise Problem(403, "origin-not-allowed", detail)

    def _check_token(self, asked: Request | Websocket) -> None:
        if not self._token:
            return
        scheme, _, found = asked.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            found = asked.args.get("token", "") if asked.path == TOKEN_PARAMETER_PATH else ""
        if hmac.compare_digest(found.strip().encode(), self._token):
            return
        why = "is not the right one" if found else "is missing"
        challenge = 'Bearer realm="broadcaster"' + (', error="invalid_token"' if found else "")
        detail = f"the token {why}; send it as Authorization: Bearer <API_TOKEN>"
        raise Problem(401, "token", detail, {"WWW-Authenticate": challenge})


def install(app: Quart, service: Service) -> Guard:
    """Checks every HTTP request and marks every answer; WebSockets check in their handler."""
    guard = Guard(service)

    async def before() -> None:
        service.rates.request()
        guard.check(request)

    async def after(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.before_request(before)
    app.after_request(after)
    return guard


def _host_of(header: str) -> str:
    """The name in a Host header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else header


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
