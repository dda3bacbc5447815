"""Where history is stored, and for how long."""

from __future__ import annotations

from pydantic import SecretStr

from config.groups.setting import SettingsGroup, setting
from config.history_spellings import Days, PostgresAddress, ServiceRole, SupabaseAddress


class HistorySettings(SettingsGroup):
    """Where history is stored, and for how long."""

    history: bool = setting(
        True,
        "Whether account snapshots, positions, orders, fills, points and incidents are stored: in "
        "`DATABASE_URL`, else Supabase, else `history.sqlite3` in `DATA_DIR`.",
        "on",
        "History",
    )
    database_url: PostgresAddress = setting(
        SecretStr(""),
        "A PostgreSQL database, instead of SQLite. Needs `pip install 'broadcaster[postgres]'`.",
        "postgresql://<user>:<password>@db.example:5432/broadcaster",
        "History",
    )
    supabase_url: SupabaseAddress = setting(
        SecretStr(""),
        "A Supabase project, instead of SQLite; `supabase_schema.sql` must have been run there. "
        "Needs `pip install 'broadcaster[supabase]'`.",
        "https://<project>.supabase.co",
        "History",
    )
    supabase_service_role: ServiceRole = setting(
        SecretStr(""),
        "The key of its service role.",
        "<the service role's key>",
        "History",
    )
    history_days: Days = setting(
        ("snapshots=90", "positions=365", "orders=365", "incidents=365"),
        "Days after which rows are removed, by kind (snapshots, positions, orders, fills, "
        "fundings, points, incidents); what is not named, or `0`, stays for ever. One number alone "
        "holds for all.",
        "snapshots=30,orders=365",
        "History",
    )
    history_snapshot_interval: float = setting(
        30.0,
        "Least seconds between two stored snapshots of an account of which only marks moved. A "
        "change of its wallet or balances is stored at once, and what stands at least each minute.",
        "30",
        "History",
        ge=0,
        le=60,
        allow_inf_nan=False,
    )
    history_spool_mb: int = setting(
        256,
        "Disk in `DATA_DIR` that may hold what a store that is away has to get afterwards.",
        "256",
        "History",
        ge=1,
        le=65_536,
    )
