"""How both lanes of an account leave by the same address: connectors built from a proxy."""

from __future__ import annotations

from typing import Final

import aiohttp
from aiohttp_socks import ProxyConnector, ProxyType

from actors.runtime.tls import client_context
from config.proxy_address import ProxyAddress, exit_address, parse_proxy

__all__ = ["ProxyAddress", "exit_address", "http_connector", "parse_proxy"]

CONNECTIONS_MAX: Final = 8
"""Of one process to its venue at once; the rounds of an actor never need more."""
KEEP_ALIVE_S: Final = 30.0
_TYPES: Final = {
    "http": ProxyType.HTTP,
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,
}


def http_connector(proxy: ProxyAddress | None) -> aiohttp.TCPConnector:
    """aiohttp's way out: direct, by HTTP CONNECT or by SOCKS5."""
    if proxy is None:
        return aiohttp.TCPConnector(
            limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S, ssl=client_context()
        )
    return ProxyConnector(
        host=proxy.host,
        port=proxy.port,
        proxy_type=_TYPES[proxy.scheme],
        username=proxy.username,
        password=proxy.password,
        # As `websockets` reads the schemes: both lanes must resolve the venue at the same place.
        rdns=proxy.scheme != "socks5",
        limit=CONNECTIONS_MAX,
        keepalive_timeout=KEEP_ALIVE_S,
        ssl=client_context(),
    )
