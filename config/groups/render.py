"""What the host Render sets by itself."""

from __future__ import annotations

from config.groups.setting import SettingsGroup, setting


class RenderSettings(SettingsGroup):
    """What the host Render sets by itself."""

    render: bool = setting(
        False, "Set by Render: listen on 0.0.0.0 unless `HOST` says otherwise.", "true", "Render"
    )
    render_external_hostname: str = setting(
        "", "Set by Render: counts as one of `ALLOWED_HOSTS`.", "desk.onrender.example", "Render"
    )
