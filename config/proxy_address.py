"""The spellings of a proxy that users write, read into one form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from actors.errors import ConfigFault

EXPECTED: Final = (
    "http://user:password@host:port/, socks5://user:password@host:port, "
    "HOST:PORT:User:Password or HOST:PORT"
)
SCHEMES: Final = ("http", "socks5", "socks5h")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyAddress:
    """A proxy: `scheme` is http (CONNECT), socks5 (the venue's name is resolved here) or socks5h
    (resolved by the proxy). The password stays out of `repr`.
    """

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """One spelling that both the WebSocket and the HTTP library read. Holds the password."""
        account = ""
        if self.username or self.password:
            account = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        return f"{self.scheme}://{account}{self.exit_address}"

    @property
    def exit_address(self) -> str:
        """`host:port`: which address the venue sees is decided there. Can be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_proxy(text: str, name: str = "proxy") -> ProxyAddress:
    """Any of the spellings in EXPECTED.

    Raises ConfigFault for setting `name`, which shows the form found and never the password.
    """
    text = text.strip()
    if "://" in text:
        return _from_url(text, name)
    parts = text.split(":", 3)
    if len(parts) not in (2, 4):
        raise ConfigFault(name, f"{len(parts)} part(s) between colons", EXPECTED)
    username, password = (parts[2], parts[3]) if len(parts) == 4 else ("", "")
    return ProxyAddress(
        scheme="http",
        host=_host(parts[0], name),
        port=_port(parts[1], name),
        username=username,
        password=password,
    )


def exit_address(text: str) -> str:
    """`host:port` of a proxy in any spelling."""
    return parse_proxy(text).exit_address


def _from_url(text: str, name: str) -> ProxyAddress:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigFault(name, "a URL whose host or port cannot be read", EXPECTED) from None
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES:
        # Something before :// that is no scheme may be a mistyped secret, so only its kind is told.
        raise ConfigFault(name, "a URL with another scheme", f"{', '.join(SCHEMES)}: {EXPECTED}")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigFault(name, "a URL with more than an address", EXPECTED)
    if port is None:
        raise ConfigFault(name, "a URL without a port", EXPECTED)
    return ProxyAddress(
        scheme=scheme,
        host=_host(host, name),
        port=_port(str(port), name),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def _host(text: str, name: str) -> str:
    if not _HOST.fullmatch(text):
        raise ConfigFault(name, "a host that is no name or IP address", EXPECTED)
    return text


def _port(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536):
        raise ConfigFault(name, "a port that is no number from 1 to 65535", EXPECTED)
    return int(text)
