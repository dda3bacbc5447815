"""History at Supabase, over PostgREST: an upsert per table, the position last."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import Any, Final

import httpx
from postgrest import APIError, AsyncPostgrestClient
from postgrest.types import ReturnMethod

from actors.errors import StoreAway
from actors.sinks.contract import Position, Row
from actors.sinks.migrations import due
from actors.sinks.schema import CURSORS, MIGRATIONS, TABLES, Kind, Table

REST_PATH: Final = "/rest/v1"
CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 30.0
SCHEMA_FILE: Final = "supabase_schema.sql"
DETAIL_LENGTH_MAX: Final = 300


class SupabaseWriter:
    """See HistoryWriter. PostgREST has a transaction per request: a batch that is cut off halfway
    comes again whole, because its position was not written, and adds only what is missing.
    """

    name = "supabase"

    def __init__(self, url: str, service_role: str) -> None:
        self._client = client(url, service_role, ANSWER_TIMEOUT_S)

    async def open(self) -> None:
        async with translated():
            answer = await self._client.from_(MIGRATIONS).select("number").execute()
        applied = {int(row["number"]) for row in rows_of(answer.data)}
        missing = due("postgres", applied, "SUPABASE_URL")
        if missing:
            raise StoreAway(
                f"Supabase: its tables lack migration {missing[0].number} "
                f"({missing[0].name}): run {SCHEMA_FILE} there"
            )

    async def position(self, stream_id: str) -> int | None:
        async with translated():
            query = self._client.from_(CURSORS).select("seq").eq("stream_id", stream_id)
            answer = await query.execute()
        found = rows_of(answer.data)
        return int(found[0]["seq"]) if found else None

    async def write(self, rows: Sequence[Row], position: Position | None) -> None:
        async with translated():
            for name, group in groupby(sorted(rows, key=_table), key=_table):
                table = TABLES[name]
                await (
                    self._client.from_(name)
                    .upsert(
                        [_object(table, row) for row in group],
                        returning=ReturnMethod.minimal,
                        ignore_duplicates=True,
                        on_conflict=",".join(table.key),
                    )
                    .execute()
                )
            if position is not None:
                await (
                    self._client.from_(CURSORS)
                    .upsert(
                        position._asdict(),
                        returning=ReturnMethod.minimal,
                        on_conflict="stream_id",
                    )
                    .execute()
                )

    async def trim(self, table: str, before_us: int, limit: int) -> int:
        """Finds the time of the last row to go first, so that no request removes more."""
        async with translated():
            oldest = self._client.from_(table).select("at_us").lt("at_us", before_us)
            found = rows_of((await oldest.order("at_us").limit(limit).execute()).data)
            if found:
                await (
                    self._client.from_(table)
                    .delete(returning=ReturnMethod.minimal)
                    .lte("at_us", found[-1]["at_us"])
                    .execute()
                )
        return len(found)

    async def close(self) -> None:
        await self._client.session.aclose()


def client(url: str, service_role: str, answer_timeout_s: float) -> AsyncPostgrestClient:
    """A client that follows no redirect (its key is for one host) and repeats nothing."""
    headers = {"apikey": service_role, "Authorization": f"Bearer {service_role}"}
    address = url.rstrip("/") + REST_PATH
    session = httpx.AsyncClient(
        base_url=address,
        headers=headers,
        timeout=httpx.Timeout(answer_timeout_s, connect=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        trust_env=False,
    )
    return AsyncPostgrestClient(address, headers=headers, http_client=session, retry_enabled=False)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Whatever goes wrong at Supabase, or on the way, is StoreAway."""
    try:
        yield
    except APIError as error:
        raise StoreAway(f"Supabase: {_detail(error)}"[:DETAIL_LENGTH_MAX]) from error
    except (httpx.HTTPError, OSError) as error:
        what = str(error) or type(error).__name__
        raise StoreAway(f"Supabase: {what}"[:DETAIL_LENGTH_MAX]) from error


def rows_of(data: object) -> list[dict[str, Any]]:
    """The rows of an answer, or StoreAway where it is none of PostgREST's."""
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return data
    raise StoreAway(f"Supabase: expected rows, found {repr(data)[:80]}")


def _detail(error: APIError) -> str:
    if error.code in ("PGRST205", "42P01"):
        return f"its tables are missing: run {SCHEMA_FILE} there"
    if error.code in ("401", "403", "PGRST301", "PGRST302"):
        return f"it refuses the service role's key ({error.code})"
    return f"{error.code}: {error.message}"


def _object(table: Table, row: Row) -> dict[str, Any]:
    """Decimals stay text: a JSON number is rounded on many ways."""
    return {
        column.name: json.loads(value) if column.kind is Kind.JSON and value is not None else value
        for column, value in zip(table.columns, row.values, strict=True)
    }


def _table(row: Row) -> str:
    return row.table
