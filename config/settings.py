"""All plain settings: the groups together, and what follows from several of them."""

from __future__ import annotations

import ipaddress

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config.groups.demo import DemoSettings
from config.groups.extended import ExtendedSettings
from config.groups.history import HistorySettings
from config.groups.lighter import LighterSettings
from config.groups.observing import ObservingSettings
from config.groups.remote import RemoteSettings
from config.groups.render import RenderSettings
from config.groups.serving import ServingSettings
from config.groups.supervision import SupervisionSettings
from config.groups.venues import VenuesSettings


# The last base comes first in the fields' order, and so in the reference.
class Settings(
    RenderSettings,
    RemoteSettings,
    ObservingSettings,
    SupervisionSettings,
    HistorySettings,
    ServingSettings,
    VenuesSettings,
    LighterSettings,
    ExtendedSettings,
    DemoSettings,
):
    """One field per variable; the variable is the field's name in capitals."""

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
