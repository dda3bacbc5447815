"""How processes are watched, restarted and ended."""

from __future__ import annotations

from typing import Any

from config.groups.setting import SettingsGroup, setting
from config.spellings import Delays


def _memory_limit(kind: str) -> Any:
    doc = f"The same for {kind} alone; without it `MEMORY_LIMIT_MB` holds."
    return setting(None, doc, "256", "Supervision", ge=0, le=1048576)


class SupervisionSettings(SettingsGroup):
    """How processes are watched, restarted and ended."""

    restart_first_delay: float = setting(
        0.0,
        "Seconds before a healthy account or stream that crashed once starts again.",
        "0",
        "Supervision",
        ge=0,
        le=3600,
        allow_inf_nan=False,
    )
    restart_attempts: int = setting(
        5,
        "Restarts of an account or stream in the first phase.",
        "5",
        "Supervision",
        ge=1,
        le=1000,
    )
    restart_delay: float = setting(
        60.0,
        "Seconds before each of them.",
        "60",
        "Supervision",
        ge=0.01,
        le=86400,
        allow_inf_nan=False,
    )
    restart_delay_long: float = setting(
        300.0,
        "Seconds before each restart after them, without end.",
        "300",
        "Supervision",
        ge=0.01,
        le=86400,
        allow_inf_nan=False,
    )
    restart_jitter: float = setting(
        0.1,
        "Share of a wait by which it may be longer, so that many do not start together.",
        "0.1",
        "Supervision",
        ge=0,
        le=1,
        allow_inf_nan=False,
    )
    restart_infrastructure: Delays = setting(
        ("0", "0.1", "0.5", "1", "2", "5"),
        "Seconds before each restart of cache, web and the like; the last one repeats.",
        "0,0.1,0.5,1,2,5",
        "Supervision",
    )
    reset_after_stream: float | None = setting(
        None,
        "Seconds of success after which a stream's restarts are forgotten: 60, in the demo 10.",
        "60",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    reset_after_account: float | None = setting(
        None,
        "The same for an account: 300, in the demo 10.",
        "300",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    reset_after_infrastructure: float = setting(
        10.0,
        "The same for cache, web and the like, in the demo too.",
        "10",
        "Supervision",
        ge=0,
        le=86400,
        allow_inf_nan=False,
    )
    heartbeat_deadline: float = setting(
        5.0,
        "Seconds without a sign of life after which a process is replaced.",
        "5",
        "Supervision",
        ge=1.5,
        le=600,
        allow_inf_nan=False,
    )
    starting_deadline: float = setting(
        20.0,
        "Seconds that a new process has for its first sign of life.",
        "20",
        "Supervision",
        ge=1,
        le=600,
        allow_inf_nan=False,
    )
    stop_grace: float = setting(
        5.0,
        "Seconds that a process has to end when it is told to; then it is killed.",
        "5",
        "Supervision",
        ge=0,
        le=600,
        allow_inf_nan=False,
    )
    shutdown_stage: float = setting(
        2.0,
        "The same in each of the four stages of an ordered shutdown.",
        "2",
        "Supervision",
        ge=0,
        le=600,
        allow_inf_nan=False,
    )
    shutdown_bound: float = setting(
        10.0,
        "Seconds after which an ordered shutdown is cut short.",
        "10",
        "Supervision",
        ge=1,
        le=600,
        allow_inf_nan=False,
    )
    quarantine_first: float = setting(
        1800.0,
        "Seconds before an account whose key was rejected is tried again; doubles each time.",
        "1800",
        "Supervision",
        ge=1,
        le=86400,
        allow_inf_nan=False,
    )
    quarantine_max: float = setting(
        86400.0,
        "Where that doubling ends.",
        "86400",
        "Supervision",
        ge=1,
        le=604800,
        allow_inf_nan=False,
    )
    memory_limit_mb: int = setting(
        1024,
        "Megabytes of its own (what it shares with all others does not count) beyond which a "
        "process is replaced; `0`: no limit.",
        "1024",
        "Supervision",
        ge=0,
        le=1048576,
    )
    memory_limit_account_mb: int | None = _memory_limit("accounts")
    memory_limit_stream_mb: int | None = _memory_limit("streams")
    memory_limit_venue_mb: int | None = _memory_limit("venues")
    memory_limit_cache_mb: int | None = _memory_limit("the cache")
    memory_limit_web_mb: int | None = _memory_limit("web")

    @property
    def memory_limits_mb(self) -> dict[str, int]:
        """By kind, those that are set."""
        limits = {
            "account": self.memory_limit_account_mb,
            "stream": self.memory_limit_stream_mb,
            "venue": self.memory_limit_venue_mb,
            "cache": self.memory_limit_cache_mb,
            "web": self.memory_limit_web_mb,
        }
        return {kind: limit for kind, limit in limits.items() if limit is not None}
