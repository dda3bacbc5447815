"""The venue Extended: what is followed there, and which limit it granted."""

from __future__ import annotations

from typing import Literal

from config.groups.setting import SettingsGroup, setting
from config.spellings import HttpUrl, Markets, SocketUrl


class ExtendedSettings(SettingsGroup):
    """The venue Extended: what is followed there, and which limit it granted."""

    extended_markets: Markets = setting(
        ("BTC-USD", "ETH-USD", "SOL-USD"),
        "Order books to follow, separated by commas; `*` means all that the venue lists. "
        "`ETH-PERP` and `ETH/USDC:USDC` are accepted for `ETH-USD`.",
        "BTC-USD,ETH-PERP",
        "Extended",
    )
    extended_base_url: HttpUrl | Literal[""] = setting(
        "",
        "REST address instead of the venue's own (test net, simulator).",
        "https://api.venue.example/api/v1",
        "Extended",
    )
    extended_ws_url: SocketUrl | Literal[""] = setting(
        "",
        "WebSocket address instead of the venue's own.",
        "wss://api.venue.example/stream.extended.exchange/v1",
        "Extended",
    )
    extended_rate_limit: int | None = setting(
        None,
        "Requests a minute that the venue allows one address, where it granted you another limit "
        "than the one that it publishes: 1,000.",
        "12000",
        "Extended",
        ge=60,
        le=1_000_000,
    )
