"""Which client asks: the peer itself, or whom a trusted proxy in front of us names; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

HOPS_MAX: Final = 16
"""Proxies that one request may have come through; what is named before them is not looked at."""

REMEMBERED_MAX: Final = 4_096
"""Addresses of which it is known whether they are a proxy's."""

_V6_PREFIX: Final = 64
"""One customer has a whole such network; each of its addresses for itself would be no limit."""

Address = IPv4Address | IPv6Address


def read_address(text: str) -> Address | None:
    """An address with or without a port, as proxies spell it; None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return found.ipv4_mapped or found
    return found


def counted_as(address: Address | None) -> str:
    """Under which name an address is counted: itself, or its /64; unknown ones share a name."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Address(int(address) >> _V6_PREFIX << _V6_PREFIX))


class Proxies:
    """The proxies whose `X-Forwarded-For` is believed."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._known = lru_cache(REMEMBERED_MAX)(self._look)

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """Under which name the call is counted; `forwarded`: the header's values, in order.

        Read from the right, because each proxy appends whom it saw and a client may have written
        whatever it liked before. What is no address ends the way: the proxy that passed it on is
        counted, so nobody chooses a name for himself.
        """
        name, trusted = self._known(peer)
        if not trusted or not forwarded:
            return name
        hops = ",".join(forwarded).rsplit(",", HOPS_MAX)[-HOPS_MAX:]
        for hop in reversed(hops):
            if read_address(hop) is None:
                break
            name, trusted = self._known(hop.strip())
            if not trusted:
                break
        return name

    def trusts(self, peer: str) -> bool:
        """Whether what this peer says of the client in front of it counts."""
        return self._known(peer)[1]

    def _look(self, text: str) -> tuple[str, bool]:
        address = read_address(text)
        trusted = address is not None and any(address in network for network in self._networks)
        return counted_as(address), trusted
