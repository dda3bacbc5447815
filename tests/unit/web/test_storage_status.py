"""`/api/storage/status` and `/api/supabase/status`: whatever happens, an answer that says so."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest
from fed_history import FedReader
from web_world import World, serving

from actors.errors import ConnectTimeout
from actors.runtime.control_client import ControlRefused
from actors.sinks.contract import StorageStatus
from web import history_schemas

STORAGE = "/api/storage/status"
SUPABASE = "/api/supabase/status"
STATUS = StorageStatus(
    kind="sqlite",
    connected=True,
    last_write_us=1_790_000_000_000_000,
    rows_written=7,
    queue_length=3,
    spool_bytes=0,
    spool_bytes_max=1024,
    spool_failing=False,
    thinned=0,
    gaps=0,
    refused=0,
    last_error="",
    last_error_us=None,
    since_us=1_780_000_000_000_000,
)


async def asked(world: World, path: str) -> dict[str, Any]:
    async with (
        serving(world) as served,
        aiohttp.ClientSession() as http,
        http.get(served.url + path) as response,
    ):
        assert response.status == 200
        body: dict[str, Any] = await response.json()
        typed = msgspec.convert(body, history_schemas.StoreStatus)
        assert msgspec.to_builtins(typed) == body
        assert world.reported == []
        return body


def world_of(kind: str, **more: Any) -> World:
    world = World(reader=FedReader(), history=kind)
    told = msgspec.structs.replace(STATUS, kind=kind, **more)
    world.control.answers["storage"] = {"actor": "recorder"} | msgspec.to_builtins(told)
    return world


async def test_it_is_what_the_recorder_says() -> None:
    world = world_of("sqlite")
    body = await asked(world, STORAGE)
    assert body == msgspec.to_builtins(STATUS) | {"configured": True, "reason": None}
    assert world.control.calls == [("storage", {"actor": "recorder"})]


async def test_why_it_is_not_connected() -> None:
    body = await asked(world_of("postgres", connected=False, last_error="refused"), STORAGE)
    assert (body["connected"], body["reason"]) == (False, "refused")
    body = await asked(world_of("postgres", connected=False), STORAGE)
    assert body["reason"] == "not connected yet"


@pytest.mark.parametrize(
    "trouble",
    [ControlRefused("not_running", "recorder is not running: backoff"), ConnectTimeout("gone")],
)
async def test_a_recorder_that_does_not_answer_is_not_connected(trouble: Exception) -> None:
    world = world_of("sqlite")
    world.control.answers["storage"] = trouble
    body = await asked(world, STORAGE)
    assert (body["configured"], body["connected"], body["kind"]) == (True, False, "sqlite")
    assert str(trouble.args[0]).partition(": ")[2] in body["reason"]
    assert body["queue_length"] is None


async def test_an_answer_that_is_none_is_said() -> None:
    world = world_of("sqlite")
    world.control.answers["storage"] = {"actor": "recorder", "kind": 1}
    assert "answer" in (await asked(world, STORAGE))["reason"]


async def test_supabase_alone() -> None:
    body = await asked(world_of("supabase"), SUPABASE)
    assert (body["configured"], body["connected"], body["kind"]) == (True, True, "supabase")
    body = await asked(world_of("sqlite"), SUPABASE)
    assert (body["configured"], body["connected"], body["kind"]) == (False, False, None)
    assert body["reason"] == "Supabase is not in use: history is kept in SQLite"
    body = await asked(world_of("postgres"), SUPABASE)
    assert body["reason"] == "Supabase is not in use: history is kept in PostgreSQL"


@pytest.mark.parametrize("path", [STORAGE, SUPABASE])
async def test_where_no_history_is_kept(path: str) -> None:
    body = await asked(World(), path)
    assert (body["configured"], body["connected"]) == (False, False)
    assert "HISTORY" in body["reason"]
