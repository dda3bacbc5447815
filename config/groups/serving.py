"""What web listens on, whom it lets in, and where data lies."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from config.groups.setting import SettingsGroup, setting
from config.spellings import Host, Items, Networks, Origins, Token


class ServingSettings(SettingsGroup):
    """What web listens on, whom it lets in, and where data lies."""

    host: Host = setting(
        "127.0.0.1",
        "Address to listen on. Anything but loopback needs `API_TOKEN`.",
        "127.0.0.1",
        "Web",
    )
    port: int = setting(
        5000, "Port to listen on; `0` takes a free one.", "5000", "Web", ge=0, le=65_535
    )
    api_token: Token = setting(
        SecretStr(""),
        "Who calls must send it as `Authorization: Bearer`. Needed beyond loopback.",
        "<a long random text>",
        "Web",
    )
    allowed_hosts: Items = setting(
        (),
        "Host names, besides loopback's, under which clients may call; `.desk.example` means all "
        "below it, `*` any.",
        "desk.example,10.0.0.5",
        "Web",
    )
    max_body_bytes: int = setting(
        65_536,
        "Bytes that the body of a request may have.",
        "65536",
        "Web",
        ge=1024,
        le=16_777_216,
    )
    rate_limit: int = setting(
        100,
        "Requests that one client address may send in a minute, to each web process; a stream "
        "counts once, when it connects. `0`: no limit.",
        "100",
        "Web",
        ge=0,
        le=1_000_000,
    )
    trusted_proxies: Networks = setting(
        (),
        "Addresses or networks of proxies in front of this service, whose `X-Forwarded-For` says "
        "which client asks.",
        "10.0.0.7,172.16.0.0/12",
        "Web",
    )
    cors_origins: Origins = setting(
        (),
        "Origins of pages that may call although another address served them, such as a "
        "dashboard of your own.",
        "https://desk.example,http://localhost:5173",
        "Web",
    )
    streams_max: int = setting(
        50,
        "Market streams (ticker, trades, candles, books that are not configured) that clients may "
        "have running at once.",
        "50",
        "Web",
        ge=0,
        le=1000,
    )
    web_workers: int = setting(1, "Web processes.", "1", "Web", ge=1, le=32)

    data_dir: Path = setting(
        Path("data"),
        "Where journals are kept; one running service each.",
        "/var/lib/broadcaster",
        "Data",
    )
    runtime_dir: Path = setting(
        Path("run"),
        "Where the unix sockets live; one running service each.",
        "/run/broadcaster",
        "Data",
    )
    journal_mb: int = setting(
        64, "Size of the account journal; older events leave it.", "64", "Data", ge=1, le=65_536
    )
    ring_count: int = setting(
        50_000,
        "Recent changes from which a client can resume.",
        "50000",
        "Data",
        ge=100,
        le=10_000_000,
    )
    ring_mb: int = setting(
        16,
        "Memory that these changes may take, per process that holds them.",
        "16",
        "Data",
        ge=1,
        le=4096,
    )
