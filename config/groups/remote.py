"""Whether this service collects, or is the front end of one that does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import SecretStr

from config.groups.setting import SettingsGroup, setting
from config.spellings import RemoteUrl, Token, UpperCase


class RemoteSettings(SettingsGroup):
    """Whether this service collects, or is the front end of one that does."""

    broadcaster_mode: Annotated[Literal["COLLECTOR", "FRONTEND_ONLY"], UpperCase] = setting(
        "COLLECTOR",
        "`COLLECTOR` watches accounts and markets itself; `FRONTEND_ONLY` serves the dashboard and "
        "relays the rest to the collector at `REMOTE_API_BASE`.",
        "FRONTEND_ONLY",
        "Front end",
    )
    remote_api_base: RemoteUrl = setting(
        "",
        "Address of the collector behind a front end, with the path below which it is served if "
        "that is not its root.",
        "https://collector.example",
        "Front end",
    )
    remote_api_token: Token = setting(
        SecretStr(""),
        "What the front end sends the collector as `Authorization: Bearer`: its `API_TOKEN`.",
        "<the collector's token>",
        "Front end",
    )
