"""Gives whoever reads history the reader of the store that is configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actors.errors import ConfigFault
from actors.runtime.clock import Clock
from actors.sinks.contract import HistoryReader
from config.history import DATABASE_URL, SUPABASE_SERVICE_ROLE, SUPABASE_URL


def open_reader(
    config: Mapping[str, Any], secrets: Mapping[str, str], clock: Clock
) -> HistoryReader | None:
    """The reader, which connects by its first query; None where HISTORY is off.

    `config` is the child's `history` (see config/history.py), `secrets` all of the child's.
    """
    # Each store's library is imported where that store is used: none needs them all.
    match config["kind"]:
        case "off":
            return None
        case "sqlite":
            from actors.sinks.sqlite_reader import SqliteReader  # noqa: PLC0415

            return SqliteReader(Path(config["path"]), clock)
        case "postgres":
            from actors.sinks.postgres_reader import PostgresReader  # noqa: PLC0415

            return PostgresReader(secrets[DATABASE_URL])
        case "supabase":
            from actors.sinks.supabase_reader import SupabaseReader  # noqa: PLC0415

            return SupabaseReader(secrets[SUPABASE_URL], secrets[SUPABASE_SERVICE_ROLE])
        case kind:
            raise ConfigFault("history", repr(kind), "sqlite, postgres, supabase or off")
