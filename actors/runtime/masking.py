"""The secrets of this process and how they are kept out of what it shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from config.families import FAMILIES
from config.masking import LIVE, MASK, Masker, is_secret_key
from config.proxy_address import ProxyAddress

__all__ = ["LIVE", "MASK", "PUBLIC_FIELDS", "Masker", "is_secret_key", "register_secrets"]

PUBLIC_FIELDS: Final = frozenset(
    name.lower() for family in FAMILIES for name, field in family.fields.items() if not field.secret
) | {"proxy"}
"""Fields of an account that may be shown; the proxy's own secrets are registered one by one."""


def register_secrets(secrets: Mapping[str, str], proxy: ProxyAddress | None) -> None:
    """Whatever an actor was given in confidence is masked in all that it says from now on."""
    values = [value for name, value in secrets.items() if name not in PUBLIC_FIELDS]
    LIVE.register(*values)
    LIVE.register(*filter(None, map(_password, values)))
    if proxy is not None:
        account = f"{proxy.username}:{proxy.password}".encode()
        # As they travel, which a proxy may repeat.
        LIVE.register(proxy.password, proxy.username, b64encode(account).decode())


def _password(text: str) -> str:
    """The password in an address, which may be told without the rest of it; empty for none."""
    if "://" not in text:
        return ""
    try:
        return unquote(urlsplit(text).password or "")
    except ValueError:
        return ""
