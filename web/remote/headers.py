"""Which fields of a call reach the remote, and which of its answer reach the client; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

HOP_BY_HOP: Final = frozenset(
    {
        "connection", "http2-settings", "keep-alive", "proxy-authenticate",
        "proxy-authentication-info", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""They speak of one connection alone (RFC 9110 §7.6.1), as do those that `Connection` names."""

_OURS: Final = frozenset({"authorization", "cookie", "expect", "forwarded", "host", "via"})
"""What a call says to this service, or this service says anew. A browser sends its cookies to all
ports of a host, so they may be another service's."""

_STEERING: Final = (
    "access-control-", "proxy-", "sec-", "x-forwarded-", "x-host", "x-http-method", "x-original-",
    "x-real-ip", "x-rewrite-",
)  # fmt: skip
"""What was judged here already, or would make some servers serve another host, path or method."""

COLLECTOR: Final = "x-broadcaster-collector"
"""In an answer: the collector that gave it, for the dashboard to name."""

_OF_THE_REMOTE: Final = frozenset(
    {
        "alt-svc", "clear-site-data", "content-location", "date", "location", "public-key-pins",
        "refresh", "set-cookie", "strict-transport-security", COLLECTOR,
    }
)  # fmt: skip
"""What would send a browser past this service or is said of the remote's origin; our server dates
each answer itself."""

_ABOUT_ORIGINS: Final = "access-control-"
_PSEUDONYM: Final = re.compile(r"\S+\s+(\S+)")
TOKEN_PARAMETER: Final = "token"  # noqa: S105  # a parameter's name

Raw = Iterable[tuple[bytes, bytes]]
Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as the connection and a trusted proxy in front of us say it."""

    address: str
    scheme: str
    host: str


def caller(raw: Raw, peer: str, scheme: str, *, trusted: bool) -> Caller:
    """`trusted`: the peer is a proxy whose word counts (`TRUSTED_PROXIES`)."""
    said = {name.lower(): value.decode("latin-1") for name, value in raw}
    if trusted:
        scheme = said.get(b"x-forwarded-proto", scheme)
    host = said.get(b"host", "")
    return Caller(
        address=peer,
        scheme=scheme,
        host=said.get(b"x-forwarded-host", host) if trusted else host,
    )


def to_remote(raw: Raw, asking: Caller, name: str, authorization: str | None) -> Fields:
    """The call's fields for the remote; `name` is ours in `Via`.

    `authorization` None passes the client's own on.
    """
    held = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in raw]
    named = _named(held)
    if _all(held, "transfer-encoding"):
        # The chunks say how long the body is; a length beside them could hide another call in it.
        named.add("content-length")
    fields = [
        (key, value)
        for key, value in held
        if not (key in named or key in HOP_BY_HOP or key in _OURS or key.startswith(_STEERING))
        and key != "origin"
    ]
    if authorization is None:
        fields += [(key, value) for key, value in held if key == "authorization"]
    elif authorization:
        fields.append(("authorization", authorization))
    fields += [
        ("x-forwarded-for", ", ".join([*_all(held, "x-forwarded-for"), asking.address])),
        ("x-forwarded-proto", asking.scheme),
        ("x-forwarded-host", asking.host),
        ("via", ", ".join([*_all(held, "via"), f"1.1 {name}"])),
    ]
    return fields


def to_client(raw: Raw) -> Fields:
    """The answer's fields for the client, `Location` excepted, which needs a look of its own."""
    held = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in raw]
    named = _named(held)
    return [
        (key, value)
        for key, value in held
        if key not in named
        and key not in HOP_BY_HOP
        and key not in _OF_THE_REMOTE
        and not key.startswith(_ABOUT_ORIGINS)
    ]


def has_passed(raw: Raw, name: str) -> bool:
    """Whether the call has come through us before: a loop."""
    held = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in raw]
    passed = ",".join(_all(held, "via")).split(",")
    return any(found[1] == name for hop in passed if (found := _PSEUDONYM.match(hop.strip())))


def without_token(query: bytes) -> bytes:
    """A query without the parameter in which some clients send this service's token."""
    kept = [
        pair
        for pair in query.split(b"&")
        if unquote_plus(pair.partition(b"=")[0].decode("latin-1")) != TOKEN_PARAMETER
    ]
    return b"&".join(kept)


def _named(held: Sequence[tuple[str, str]]) -> set[str]:
    """What `Connection` names."""
    return {part.strip().lower() for part in ",".join(_all(held, "connection")).split(",")}


def _all(held: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for key, value in held if key == name]
