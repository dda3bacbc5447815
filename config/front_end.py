"""What FRONTEND_ONLY makes of the settings: a plan without accounts, and its own mistakes."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from actors.errors import ConfigFault
from config.settings import Settings

FRONTEND_ONLY: Final = "FRONTEND_ONLY"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = ("127.0.0.1", "::1")


class FrontEndPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The collector behind a front end; `token` is the descriptor of what it asks for."""

    base: str
    token: int | None = None


def is_front_end(settings: Settings) -> bool:
    return settings.broadcaster_mode == FRONTEND_ONLY


def front_end_faults(settings: Settings, mistaken: frozenset[str]) -> tuple[ConfigFault, ...]:
    """`mistaken`: names of settings that are told of already."""
    name = "REMOTE_API_BASE"
    if not is_front_end(settings) or name in mistaken:
        return ()
    expected = "the address of a collector, for example REMOTE_API_BASE=https://collector.example"
    if not settings.remote_api_base:
        return (ConfigFault(name, f"nothing, with BROADCASTER_MODE={FRONTEND_ONLY}", expected),)
    if _is_own(settings):
        found = f"{settings.remote_api_base}, which is this service itself"
        return (ConfigFault(name, found, expected),)
    return ()


def front_end_warnings(settings: Settings, accounts: int) -> tuple[str, ...]:
    """`accounts`: how many are configured."""
    if not is_front_end(settings):
        stray = [
            name.upper()
            for name in ("remote_api_base", "remote_api_token")
            if name in settings.model_fields_set
        ]
        mode = settings.broadcaster_mode
        return (f"{', '.join(stray)}: without meaning in BROADCASTER_MODE={mode}",) if stray else ()
    warnings = []
    if accounts:
        warnings.append(f"{FRONTEND_ONLY}: the {accounts} configured account(s) do not run")
    if settings.demo:
        warnings.append(f"{FRONTEND_ONLY}: the demo does not run")
    base = urlsplit(settings.remote_api_base)
    in_clear = base.scheme == "http" and not set(_addresses(base.hostname or "")) & set(_LOOPBACK)
    if in_clear and settings.remote_api_token.get_secret_value():
        warnings.append("REMOTE_API_TOKEN travels in clear text: REMOTE_API_BASE is http://")
    return tuple(warnings)


def _is_own(settings: Settings) -> bool:
    """Whether the address is ours, as far as can be told without asking a name server."""
    base = urlsplit(settings.remote_api_base)
    host = base.hostname or ""
    if host == settings.render_external_hostname.lower():
        return True
    if (base.port or _DEFAULT_PORTS[base.scheme]) != settings.port:
        return False
    if host in (name.lower() for name in settings.hosts):
        return True
    own, theirs = _addresses(settings.host.lower()), _addresses(host)
    if "*" in own:
        return any(_is_loopback(address) for address in theirs)
    return not set(own).isdisjoint(theirs)


def _addresses(host: str) -> tuple[str, ...]:
    """What a host stands for; `*` where it is all addresses, which to call means this machine."""
    if host == "localhost":
        return _LOOPBACK
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (host,)
    return ("*", *_LOOPBACK) if address.is_unspecified else (str(address),)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
