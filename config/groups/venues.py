"""All venues: how often they are asked, and when their data counts as stale or silent."""

from __future__ import annotations

from config.groups.setting import SettingsGroup, setting


class VenuesSettings(SettingsGroup):
    """All venues: how often they are asked, and when their data counts as stale or silent."""

    poll_interval: float = setting(
        0.5,
        "Seconds between two REST polls of an account's balance and positions. It stretches where "
        "the venue's request limit asks for it.",
        "0.5",
        "Venues",
        ge=0.1,
        le=3600,
        allow_inf_nan=False,
    )
    cache_ttl: float = setting(
        5.0,
        "Seconds after which a number that nobody confirmed is shown as stale.",
        "5",
        "Venues",
        ge=0.5,
        le=86_400,
        allow_inf_nan=False,
    )
    stream_silence_limit: float | None = setting(
        None,
        "Seconds without any sign of life (data, Ping, Pong) after which a WebSocket counts as "
        "dead and is opened anew. Without it the venue's own limit holds: 45 at Extended, 75 at "
        "Lighter.",
        "45",
        "Venues",
        ge=2,
        le=3600,
        allow_inf_nan=False,
    )
    stream_mute_limit: float | None = setting(
        None,
        "Seconds without data after which an order book stream, though alive, counts as mute and "
        "is opened anew. Without it the venue's own limit holds: 90 at Extended, which sends a "
        "snapshot each minute; none at Lighter, where a quiet market is legal.",
        "90",
        "Venues",
        ge=2,
        le=3600,
        allow_inf_nan=False,
    )
    instruments_refresh: float = setting(
        3600.0,
        "Seconds between two reads of the venue's list of instruments.",
        "3600",
        "Venues",
        ge=10,
        le=86_400,
        allow_inf_nan=False,
    )
