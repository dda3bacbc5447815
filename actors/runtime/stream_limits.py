"""How much silence of a stream is borne: the venue's own limits, or the operator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actors.venues.contract import Session

PINGS_PER_LIMIT: Final = 3
"""So many of our Pings must stay unanswered before a quiet peer counts as dead."""


def apply_limits(session: Session, config: Mapping[str, Any]) -> None:
    """Takes `silence_max_s` and `mute_max_s` of a child's config where they are given.

    A stream on which silence is legal stays so. Under a shorter silence limit we ask more often:
    the venue's own Pings may come too rarely to be the sign of life.
    """
    silence_max_s = config.get("silence_max_s")
    if silence_max_s is not None:
        session.silence_max_s = float(silence_max_s)
        often_s = session.silence_max_s / PINGS_PER_LIMIT
        session.ping_interval_s = min(session.ping_interval_s, often_s)
    mute_max_s = config.get("mute_max_s")
    if mute_max_s is not None and session.mute_max_s is not None:
        session.mute_max_s = float(mute_max_s)
