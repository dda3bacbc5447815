"""supabase_schema.sql, in a real PostgreSQL with Supabase's roles: for the service role only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import history_stores
import pytest_asyncio

from actors.sinks.contract import PAGE_ROWS_MAX
from actors.sinks.migrations import migrations
from actors.sinks.schema import CURSORS, MIGRATIONS, TABLES

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = (ROOT / "supabase_schema.sql").read_text()
ROLES = ("anon", "authenticated", "service_role")
CALL = "SELECT at_us FROM history_snapshots_by_interval('v', '1', $1, $2, $3, $4, $5)"


def plain(sql: str) -> list[str]:
    """Statements without comments and spaces, for comparison."""
    text = re.sub(r"--.*", "", sql)
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def test_it_makes_what_the_migrations_make() -> None:
    statements = plain(SCHEMA.split("CREATE OR REPLACE FUNCTION")[0])
    for migration in migrations("postgres"):
        assert set(plain(migration.sql)) <= set(statements)
        assert f"VALUES ({migration.number}, '{migration.name}')" in SCHEMA


@pytest_asyncio.fixture
async def project() -> AsyncIterator[asyncpg.Connection[Any]]:
    async with history_stores.database() as address:
        connection = await asyncpg.connect(address)
        try:
            for role in ROLES:
                # Roles are the server's, not the database's: another test may have made them.
                await connection.execute(
                    f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION"
                    " WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                )
            # As Supabase grants whatever is made in public.
            await connection.execute(
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
                " GRANT ALL ON TABLES TO anon, authenticated, service_role"
            )
            yield connection
            await connection.execute(f"DROP OWNED BY {', '.join(ROLES)}")
        finally:
            await connection.close()


async def test_it_can_be_run_twice_and_lets_nobody_in_but_the_service_role(
    project: asyncpg.Connection[Any],
) -> None:
    await project.execute(SCHEMA)
    await project.execute(SCHEMA)
    for name in (*TABLES, CURSORS, MIGRATIONS):
        secured = await project.fetchval(
            "SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass($1)", name
        )
        assert secured, name
        for role, may in (("anon", False), ("authenticated", False), ("service_role", True)):
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                has = await project.fetchval(
                    "SELECT has_table_privilege($1, $2, $3)", role, name, right
                )
                assert has is may, (role, name, right)


async def test_its_function_finds_the_last_of_each_interval(
    project: asyncpg.Connection[Any],
) -> None:
    await project.execute(SCHEMA)
    times = (5, 8, 12, 31, 33, 39, 58)
    for at_us in times:
        await project.execute(
            "INSERT INTO history_snapshots (venue, account, at_us, equity, wallet_balance, settle,"
            " balances, via) VALUES ('v', '1', $1, 1, 1, 'USD', '[]', 'polling')",
            at_us,
        )

    async def found(low: int, high: int, limit: int, ascending: bool) -> list[int]:
        return [row[0] for row in await project.fetch(CALL, low, high, 10, limit, ascending)]

    assert await found(0, 100, PAGE_ROWS_MAX, True) == [8, 12, 39, 58]
    assert await found(0, 100, PAGE_ROWS_MAX, False) == [58, 39, 12, 8]
    assert await found(6, 39, PAGE_ROWS_MAX, True) == [8, 12, 33]
    assert await found(9, 39, PAGE_ROWS_MAX, False) == [33, 12]
    assert await found(0, 100, 2, True) == [8, 12]
    assert await found(60, 100, 2, False) == []
