"""Gives the recorder the writer of the store that is configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actors.errors import ConfigFault
from actors.sinks.contract import HistoryWriter
from config.history import DATABASE_URL, SUPABASE_SERVICE_ROLE, SUPABASE_URL


def open_writer(config: Mapping[str, Any], secrets: Mapping[str, str]) -> HistoryWriter:
    """The writer, not connected yet; ConfigFault for a store that nobody knows."""
    # Each store's library is imported where that store is used: none needs them all.
    match config["kind"]:
        case "sqlite":
            from actors.sinks.sqlite import SqliteWriter  # noqa: PLC0415

            return SqliteWriter(Path(config["path"]))
        case "postgres":
            from actors.sinks.postgres import PostgresWriter  # noqa: PLC0415

            return PostgresWriter(secrets[DATABASE_URL])
        case "supabase":
            from actors.sinks.supabase import SupabaseWriter  # noqa: PLC0415

            return SupabaseWriter(secrets[SUPABASE_URL], secrets[SUPABASE_SERVICE_ROLE])
        case kind:
            raise ConfigFault("history", repr(kind), "sqlite, postgres or supabase")
