"""The log and Sentry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import SecretStr

from config.groups.setting import SettingsGroup, setting
from config.spellings import AnyCase, Dsn, Environment


class ObservingSettings(SettingsGroup):
    """The log and Sentry."""

    log_level: Annotated[Literal["auto", "debug", "info", "warning", "error"], AnyCase] = setting(
        "auto",
        "The least level that is logged; `auto`: `warning` on a terminal, which shows each process "
        "anyway, else `info`.",
        "info",
        "Logs",
    )
    log_format: Annotated[Literal["auto", "console", "json"], AnyCase] = setting(
        "auto", "`console`, `json`, or `auto`: console on a terminal, else json.", "json", "Logs"
    )

    sentry_dsn: Dsn = setting(
        SecretStr(""),
        "Where errors are reported to Sentry; without it nothing is. Only the supervisor knows it.",
        "https://key@sentry.example/1",
        "Sentry",
    )
    sentry_environment: Environment = setting(
        "production", "What Sentry shows as the environment.", "staging", "Sentry"
    )
