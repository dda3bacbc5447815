"""The venue Extended: what is followed there, how often, and when it counts as silent."""

from __future__ import annotations

from typing import Literal

from config.groups.setting import SettingsGroup, setting
from config.spellings import HttpUrl, Markets, SocketUrl


class ExtendedSettings(SettingsGroup):
    """The venue Extended: what is followed there, how often, and when it counts as silent."""

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
    poll_interval: float = setting(
        0.5,
        "Seconds between two REST polls of an account's balance and positions. It stretches where "
        "the venue's request limit asks for it.",
        "0.5",
        "Extended",
        ge=0.1,
        le=3600,
        allow_inf_nan=False,
    )
    cache_ttl: float = setting(
        5.0,
        "Seconds after which a number that nobody confirmed is shown as stale.",
        "5",
        "Extended",
        ge=0.5,
        le=86_400,
        allow_inf_nan=False,
    )
    stream_silence_limit: float | None = setting(
        None,
        "Seconds without any sign of life (data, Ping, Pong) after which a WebSocket counts as "
        "dead and is opened anew. Without it the venue's own limit holds: 45 at Extended.",
        "45",
        "Extended",
        ge=2,
        le=3600,
        allow_inf_nan=False,
    )
    stream_mute_limit: float | None = setting(
        None,
        "Seconds without data after which an order book stream, though alive, counts as mute and "
        "is opened anew. Without it the venue's own limit holds: 90 at Extended, which sends a "
        "snapshot each minute.",
        "90",
        "Extended",
        ge=2,
        le=3600,
        allow_inf_nan=False,
    )
    instruments_refresh: float = setting(
        3600.0,
        "Seconds between two reads of the venue's list of instruments.",
        "3600",
        "Extended",
        ge=10,
        le=86_400,
        allow_inf_nan=False,
    )
