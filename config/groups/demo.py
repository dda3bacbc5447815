"""The demo: simulated venues instead of real ones."""

from __future__ import annotations

from config.groups.setting import SettingsGroup, setting
from config.spellings import DemoVenues


class DemoSettings(SettingsGroup):
    """The demo: simulated venues instead of real ones."""

    demo: bool | None = setting(
        None,
        "`1` runs against simulated venues even where accounts are configured; `0` never does. "
        "Without it the demo runs exactly when no account is configured.",
        "1",
        "Demo",
    )
    demo_seed: int = setting(
        7, "What the simulated market and its keys grow from.", "7", "Demo", ge=0, le=2**31
    )
    demo_accounts: int = setting(
        2, "How many simulated accounts each venue of the demo has.", "2", "Demo", ge=1, le=1000
    )
    demo_venues: DemoVenues = setting(
        ("extended", "lighter"),
        "Which simulated venues the demo has, separated by commas.",
        "extended,lighter",
        "Demo",
    )
