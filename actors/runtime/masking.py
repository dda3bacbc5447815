"""The secrets of this process and how they are kept out of what it shows."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Final

from config.masking import LIVE, MASK, Masker, is_secret_key
from config.proxy_address import ProxyAddress

__all__ = ["LIVE", "MASK", "PUBLIC_FIELDS", "Masker", "is_secret_key", "register_secrets"]

PUBLIC_FIELDS: Final = frozenset({"client_id", "vault_number", "starknet_public", "proxy"})
"""Fields of an account that may be shown; the proxy's own secrets are registered one by one."""


def register_secrets(secrets: Mapping[str, str], proxy: ProxyAddress | None) -> None:
    """Whatever an actor was given in confidence is masked in all that it says from now on."""
    values: Iterable[str] = (value for name, value in secrets.items() if name not in PUBLIC_FIELDS)
    LIVE.register(*values)
    if proxy is not None:
        account = f"{proxy.username}:{proxy.password}".encode()
        # As they travel, which a proxy may repeat.
        LIVE.register(proxy.password, proxy.username, b64encode(account).decode())
