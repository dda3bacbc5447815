"""The venue Lighter: what is followed there, and which limits it granted."""

from __future__ import annotations

from typing import Literal

from config.groups.setting import SettingsGroup, setting
from config.spellings import HttpUrl, LighterMarkets, SocketUrl


class LighterSettings(SettingsGroup):
    """The venue Lighter: what is followed there, and which limits it granted."""

    lighter_markets: LighterMarkets = setting(
        ("ETH", "BTC"),
        "Order books to follow, separated by commas; `*` means all that the venue lists. "
        "`ETH-PERP`, `ETH-USD` and `ETH/USDC:USDC` are accepted for the perpetual `ETH`; "
        "`ETH/USDC` is the spot market.",
        "ETH,BTC-PERP,ETH/USDC",
        "Lighter",
    )
    lighter_base_url: HttpUrl | Literal[""] = setting(
        "",
        "REST address instead of the venue's own (test net, simulator), without `/api/v1`.",
        "https://api.venue.example",
        "Lighter",
    )
    lighter_ws_url: SocketUrl | Literal[""] = setting(
        "",
        "WebSocket address instead of the venue's own.",
        "wss://api.venue.example/stream",
        "Lighter",
    )
    lighter_rate_limit: int | None = setting(
        None,
        "Requests a minute that the venue allows one address and one owner, where it granted you "
        "more than its standard tier: 60. Premium accounts have 24,000 of weight, which is about "
        "80 requests.",
        "80",
        "Lighter",
        ge=10,
        le=1_000_000,
    )
    lighter_handshake_limit: int | None = setting(
        None,
        "New WebSocket connections a minute that the venue allows one address, where that is "
        "another number than the 60 that it publishes.",
        "60",
        "Lighter",
        ge=10,
        le=1_000_000,
    )
