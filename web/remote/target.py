"""Where a call goes: one base, the paths below it that are relayed, and nothing else; pure.

A path is passed on as the client spelt it, so it must mean the same to every server that reads
it: whatever turns into another path when it is decoded once more, or resolved, is refused.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from web.paths import SERVICE
from web.problems import Problem

RELAYED: Final = SERVICE
"""What would be a service's own path is the remote's here."""

_PATH: Final = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,=:@%/-]*")
_QUERY: Final = re.compile(rb"[\x21\x22\x24-\x7e]*")
_LOCATION: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]*")
_HALF_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_STRAYING: Final = re.compile(rb"[\x00-\x1f\x7f\\]|//")
_DOTS: Final = frozenset({b".", b".."})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class RemoteAddress:
    """The remote's address, `http(s)://host[:port][/prefix]`, as the settings checked it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address.rstrip("/"))
        self.address = address.rstrip("/")
        self._origin = _origin(address)
        self._prefix = parts.path

    def http(self, path: str) -> str:
        """The address of `path`, which `checked` gave."""
        return self.address + path

    def websocket(self, path: str) -> str:
        """As `http`, for a WebSocket: `https` becomes `wss`."""
        return "ws" + self.http(path).removeprefix("http")

    def here(self, location: str, path: str) -> str | None:
        """A `Location` of the answer to `path` as this service's clients must see it.

        None where it leads elsewhere: to another scheme, host or port, or out of the prefix.
        """
        if not _LOCATION.fullmatch(location):
            return None
        try:
            full = urljoin(self.http(path), location)
            parts = urlsplit(full)
            if _origin(full) != self._origin or parts.username is not None:
                return None
        except ValueError:
            return None
        if not f"{parts.path}/".startswith(f"{self._prefix}/"):
            return None
        within = parts.path.removeprefix(self._prefix) or "/"
        if _misleads(within.encode()):
            return None
        query = f"?{parts.query}" if parts.query else ""
        return within + query + (f"#{parts.fragment}" if parts.fragment else "")


def checked(raw_path: bytes, query: bytes) -> str:
    """Path and query as they may be appended to the base; Problem for what is not relayed."""
    if not _PATH.fullmatch(raw_path) or not _QUERY.fullmatch(query):
        raise Problem(400, "bad-path", "the address is no path with a query (RFC 3986)")
    if _misleads(raw_path):
        detail = "the path could be read as another one: dot segments, //, backslashes, escapes"
        raise Problem(400, "bad-path", detail)
    first = raw_path[1:].partition(b"/")[0].decode()
    if first not in RELAYED:
        detail = "no such path; relayed is what begins with one of these"
        raise Problem(404, "not-relayed", detail, known=[f"/{name}" for name in RELAYED])
    path = raw_path.decode()
    return f"{path}?{query.decode()}" if query else path


def _misleads(path: bytes) -> bool:
    """Whether a reading of the path, decoded as often as may be, leaves its place.

    Each decoding shortens it, so this ends.
    """
    if _HALF_ESCAPE.search(path):
        return True
    while True:
        # Some servers cut a segment's parameters off before they look at it.
        segments = {segment.partition(b";")[0] for segment in path.split(b"/")}
        if _STRAYING.search(path) or segments & _DOTS:
            return True
        decoded = unquote_to_bytes(path)
        if decoded == path:
            return not _is_text(path)
        path = decoded


def _is_text(path: bytes) -> bool:
    """Overlong UTF-8 hides dots and slashes from whoever does not decode it."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def _origin(address: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; ValueError where the port is none."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
