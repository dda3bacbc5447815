"""Which paths are the service's own; all others are left to the dashboard. Pure."""

from __future__ import annotations

import re
from typing import Final

SERVICE: Final = ("api", "ws", "candles", "health", "metrics", "ready", "docs", "openapi.json")
"""First segments of the service's own paths."""

_FIRST: Final = "|".join(re.escape(name) for name in SERVICE if name != "candles")
_PLAIN: Final = r"[^\\*\x00-\x1f\x7f]"
OF_DASHBOARD: Final = rf"(?!(?:{_FIRST})(?:/|$)|candles/|/){_PLAIN}+"
"""What may follow the first slash. `/candles` itself is a view's, streams lie below it."""

_DASHBOARD: Final = re.compile(rf"/(?:{OF_DASHBOARD})?")
_VIEW: Final = re.compile(r"(?:/[^/.]+)*/?")


def is_of_dashboard(path: str) -> bool:
    """Whether the path is none of the service's own; it need not exist."""
    return _DASHBOARD.fullmatch(path) is not None


def is_view(path: str) -> bool:
    """Whether a path of the dashboard may be a view's: none has a dot, files have."""
    return _VIEW.fullmatch(path) is not None
