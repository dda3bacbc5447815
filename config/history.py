"""Names that the settings of history, the recorder and the readers share."""

from __future__ import annotations

from typing import Final

FILE: Final = "history.sqlite3"
SPOOL: Final = "history.spool"
DEMO_PREFIX: Final = "demo-"
"""What is simulated never comes among what is real."""

DATABASE_URL: Final = "DATABASE_URL"
SUPABASE_URL: Final = "SUPABASE_URL"
SUPABASE_SERVICE_ROLE: Final = "SUPABASE_SERVICE_ROLE"
"""Names of the secrets, in the sealed memory of recorder and web alone."""

KINDS: Final = ("snapshots", "positions", "orders", "fills", "fundings", "points", "incidents")
"""Kinds of rows, as `HISTORY_DAYS` names them."""
