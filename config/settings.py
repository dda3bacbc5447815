"""The plain settings: each with its type, limits, default, and the text of its documentation."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.spellings import (
    AnyCase,
    Delays,
    Dsn,
    Environment,
    Host,
    HttpUrl,
    Items,
    Markets,
    SocketUrl,
    Token,
)


def _setting(default: object, doc: str, example: str, group: str, **limits: Any) -> Any:
    extra = {"group": group}
    return Field(
        default, description=doc, examples=[example], json_schema_extra=dict(extra), **limits
    )


class Settings(BaseSettings):
    """One field per variable; the variable is the field's name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )

    demo: bool | None = _setting(
        None,
        "`1` runs against simulated venues even where accounts are configured; `0` never does. "
        "Without it the demo runs exactly when no account is configured.",
        "1",
        "Demo",
    )
    demo_seed: int = _setting(
        7, "What the simulated market and its keys grow from.", "7", "Demo", ge=0, le=2**31
    )
    demo_accounts: int = _setting(
        2, "How many simulated accounts the demo has.", "2", "Demo", ge=1, le=1000
    )

    extended_markets: Markets = _setting(
        ("BTC-USD", "ETH-USD", "SOL-USD"),
        "Order books to follow, separated by commas; `*` means all that the venue lists. "
        "`ETH-PERP` and `ETH/USDC:USDC` are accepted for `ETH-USD`.",
        "BTC-USD,ETH-PERP",
        "Extended",
    )
    extended_base_url: HttpUrl | Literal[""] = _setting(
        "",
        "REST address instead of the venue's own (test net, simulator).",
        "https://api.venue.example/api/v1",
        "Extended",
    )
    extended_ws_url: SocketUrl | Literal[""] = _setting(
        "",
        "WebSocket address instead of the venue's own.",
        "wss://api.venue.example/stream.extended.exchange/v1",
        "Extended",
    )
    poll_interval: float = _setting(
        0.5,
        "Seconds between two REST polls of an account's balance and positions. It stretches where "
        "the venue's request limit asks for it.",
        "0.5",
        "Extended",
        ge=0.1,
        le=3600,
        allow_inf_nan=False,
    )
    cache_ttl: float = _setting(
        5.0,
        "Seconds after which a number that nobody confirmed is shown as stale.",
        "5",
        "Extended",
        ge=0.5,
        le=86_400,
        allow_inf_nan=False,
    )
    stream_silence_limit: float | None = _setting(
        None,
        "Seconds without any sign of life (data, Ping, Pong) after which a WebSocket counts as "
        "dead and is opened anew. Without it the venue's own limit holds: 45 at Extended.",
        "45",
        "Extended",
        ge=2,
        le=3600,
        allow_inf_nan=False,
    )
    stream_mute_limit: float | None = _setting(
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
    instruments_refresh: float = _setting(
        3600.0,
        "Seconds between two reads of the venue's list of instruments.",
        "3600",
        "Extended",
        ge=10,
        le=86_400,
        allow_inf_nan=False,
    )

    host: Host = _setting(
        "127.0.0.1",
        "Address to listen on. Anything but loopback needs `API_TOKEN`.",
        "127.0.0.1",
        "Web",
    )
    port: int = _setting(
        5000, "Port to listen on; `0` takes a free one.", "5000", "Web", ge=0, le=65_535
    )
    api_token: Token = _setting(
        SecretStr(""),
        "Who calls must send it as `Authorization: Bearer`. Needed beyond loopback.",
        "<a long random text>",
        "Web",
    )
    allowed_hosts: Items = _setting(
        (),
        "Host names, besides loopback's, under which clients may call; `.desk.example` means all "
        "below it, `*` any.",
        "desk.example,10.0.0.5",
        "Web",
    )
    max_body_bytes: int = _setting(
        65_536,
        "Bytes that the body of a request may have.",
        "65536",
        "Web",
        ge=1024,
        le=16_777_216,
    )
    web_workers: int = _setting(1, "Web processes.", "1", "Web", ge=1, le=32)

    data_dir: Path = _setting(
        Path("data"),
        "Where journals are kept; one running service each.",
        "/var/lib/broadcaster",
        "Data",
    )
    runtime_dir: Path = _setting(
        Path("run"),
        "Where the unix sockets live; one running service each.",
        "/run/broadcaster",
        "Data",
    )
    journal_mb: int = _setting(
        64, "Size of the account journal; older events leave it.", "64", "Data", ge=1, le=65_536
    )
    ring_count: int = _setting(
        50_000,
        "Recent changes from which a client can resume.",
        "50000",
        "Data",
        ge=100,
        le=10_000_000,
    )
    ring_mb: int = _setting(
        16,
        "Memory that these changes may take, per process that holds them.",
        "16",
        "Data",
        ge=1,
        le=4096,
    )

    restart_first_delay: float = _setting(
        0.0,
        "Seconds before a healthy account or stream that crashed once starts again.",
        "0",
        "Supervision",
        ge=0,
        le=3600,
        allow_inf_nan=False,
    )
    restart_attempts: int = _setting(
        5,
        "Restarts of an account or stream in the first phase.",
        "5",
        "Supervision",
        ge=1,
        le=1000,
    )
    restart_delay: float = _setting(
        60.0,
        "Seconds before each of them.",
        "60",
        "Supervision",
        ge=0.01,
        le=86400,
        allow_inf_nan=False,
    )
    restart_delay_long: float = _setting(
        300.0,
        "Seconds before each restart after them, without end.",
        "300",
        "Supervision",
        ge=0.01,
        le=86400,
        allow_inf_nan=False,
    )
    restart_jitter: float = _setting(
        0.1,
        "Share of a wait by which it may be longer, so that many do not start together.",
        "0.1",
        "Supervision",
        ge=0,
        le=1,
        allow_inf_nan=False,
    )
    restart_infrastructure: Delays = _setting(
        ("0", "0.1", "0.5", "1", "2", "5"),
        "Seconds before each restart of cache, web and the like; the last one repeats.",
        "0,0.1,0.5,1,2,5",
        "Supervision",
    )
    reset_after_stream: float | None = _setting(
        None,
        "Seconds of success after which a stream's restarts are forgotten: 60, in the demo 10.",
        "60",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    reset_after_account: float | None = _setting(
        None,
        "The same for an account: 300, in the demo 10.",
        "300",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    reset_after_infrastructure: float = _setting(
        10.0,
        "The same for cache, web and the like, in the demo too.",
        "10",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    heartbeat_deadline: float = _setting(
        5.0,
        "Seconds without a sign of life after which a process is replaced.",
        "5",
        "Supervision",
        ge=1.5,
        le=600,
        allow_inf_nan=False,
    )
    starting_deadline: float = _setting(
        20.0,
        "Seconds that a new process has for its first sign of life.",
        "20",
        "Supervision",
        ge=1,
        le=600,
        allow_inf_nan=False,
    )
    stop_grace: float = _setting(
        5.0,
        "Seconds that a process has to end when it is told to; then it is killed.",
        "5",
        "Supervision",
        ge=0,
        le=600,
        allow_inf_nan=False,
    )
    shutdown_stage: float = _setting(
        2.0,
        "The same in each of the four stages of an ordered shutdown.",
        "2",
        "Supervision",
        ge=0,
        le=600,
        allow_inf_nan=False,
    )
    shutdown_bound: float = _setting(
        10.0,
        "Seconds after which an ordered shutdown is cut short.",
        "10",
        "Supervision",
        ge=1,
        le=600,
        allow_inf_nan=False,
    )
    quarantine_first: float = _setting(
        1800.0,
        "Seconds before an account whose key was rejected is tried again; doubles each time.",
        "1800",
        "Supervision",
        ge=1,
        le=86400,
        allow_inf_nan=False,
    )
    quarantine_max: float = _setting(
        86400.0,
        "Where that doubling ends.",
        "86400",
        "Supervision",
        ge=1,
        le=604800,
        allow_inf_nan=False,
    )
    memory_limit_mb: int = _setting(
        1024,
        "Memory (RSS) beyond which a process is replaced; `0`: no limit.",
        "1024",
        "Supervision",
        ge=0,
        le=1048576,
    )

    log_level: Annotated[Literal["auto", "debug", "info", "warning", "error"], AnyCase] = _setting(
        "auto",
        "The least level that is logged; `auto`: `warning` on a terminal, which shows each process "
        "anyway, else `info`.",
        "info",
        "Logs",
    )
    log_format: Annotated[Literal["auto", "console", "json"], AnyCase] = _setting(
        "auto", "`console`, `json`, or `auto`: console on a terminal, else json.", "json", "Logs"
    )

    sentry_dsn: Dsn = _setting(
        SecretStr(""),
        "Where errors are reported to Sentry; without it nothing is. Only the supervisor knows it.",
        "https://key@sentry.example/1",
        "Sentry",
    )
    sentry_environment: Environment = _setting(
        "production", "What Sentry shows as the environment.", "staging", "Sentry"
    )

    render: bool = _setting(
        False, "Set by Render: listen on 0.0.0.0 unless `HOST` says otherwise.", "true", "Render"
    )
    render_external_hostname: str = _setting(
        "", "Set by Render: counts as one of `ALLOWED_HOSTS`.", "desk.onrender.example", "Render"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `config.reading` found: one reader, so that `.env` has one meaning."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def hosts(self) -> tuple[str, ...]:
        """`ALLOWED_HOSTS` with the one that Render names."""
        named = (self.render_external_hostname,) if self.render_external_hostname else ()
        return tuple(dict.fromkeys((*self.allowed_hosts, *named)))

    @property
    def on_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
