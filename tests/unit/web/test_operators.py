"""What operators see and order, without a supervisor: shapes, verdicts, statuses of refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from web_world import ACCOUNT_1, ACCOUNT_2, BTC, ETH, Served, World, serving

from actors.errors import ConnectTimeout
from actors.messages.control import ConnectionState, FaultReport, FaultsCleared
from actors.runtime.control_client import ControlRefused
from web.control_schemas import ControlStatus, Errors, ErrorsCleared, Frames, Paused, RestHealth
from web.schemas import Told


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    world = World()
    world.full()
    async with serving(world) as up:
        yield up
    assert world.reported == []


async def ask(served: Served, method: str, path: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, served.url + path) as answer,
    ):
        return answer.status, json.loads(await answer.text())


def lane(world: World, actor: str, name: str, state: str) -> None:
    told = ConnectionState(actor=actor, venue="extended", lane=name, state=state)
    world.replica.feed("connection_state", actor, "connections", told)


def fault(world: World, at_ns: int, message: str = "gap of 3", level: str = "warning") -> None:
    told = FaultReport(actor=BTC, kind="Gap", message=message, level=level, at_ns=at_ns)
    world.replica.feed("fault_report", "supervisor", "errors", told)


async def test_errors_are_grouped_chosen_and_cleared(served: Served) -> None:
    for at in (1_000, 2_000, 3_000):
        fault(served.world, at, f"gap of {at}")
    fault(served.world, 4_000, "broken", "error")
    status, body = await ask(served, "GET", "/api/errors")
    typed = msgspec.convert(body, Errors)
    assert status == 200
    assert [(it.message, it.count, it.first_us, it.last_us) for it in typed.errors] == [
        ("broken", 1, 4, 4),
        ("gap of 3000", 3, 1, 3),
    ]
    assert typed.summary.total == 4
    assert typed.summary.by_source == {BTC: 4}
    _, body = await ask(served, "GET", f"/api/errors?level=error&source={BTC}&limit=1")
    assert [it["message"] for it in body["errors"]] == ["broken"]
    assert body["summary"]["by_kind"] == {"Gap": 1}
    # An actor that there is, of which nothing was told, is no mistake of the caller.
    status, body = await ask(served, "GET", f"/api/errors?source={ACCOUNT_1}")
    assert (status, body["errors"]) == (200, [])

    served.world.control.answers["clear_errors"] = {"at_us": 77}
    status, body = await ask(served, "POST", "/api/errors/clear")
    assert status == 202
    assert msgspec.convert(body, ErrorsCleared).cleared_us == 77
    served.world.replica.feed("faults_cleared", "supervisor", "errors", FaultsCleared(77_000))
    _, body = await ask(served, "GET", "/api/errors")
    assert (body["errors"], body["cleared_us"]) == ([], 77)


async def test_a_venue_narrows_errors_and_processes(served: Served) -> None:
    fault(served.world, 1_000)
    ours = FaultReport(actor="web:1", kind="Slow", message="slow", level="warning", at_ns=2_000)
    served.world.replica.feed("fault_report", "supervisor", "errors", ours)
    served.world.child("web:1")
    served.world.control.answers["tree"] = ConnectTimeout("no answer to tree in 1 s")
    _, body = await ask(served, "GET", "/api/errors?venue=Extended")
    assert body["summary"]["by_source"] == {BTC: 1}
    _, body = await ask(served, "GET", "/api/supervision?venue=extended")
    actors = {child["actor"] for child in body["children"]}
    assert {ACCOUNT_1, BTC} <= actors
    assert not actors & {"cache", "web:1"}
    assert {"cache", "web:1"} <= await _supervised(served)

    children = [{"actor": actor, "kind": "x", "state": "ready"} for actor in ("cache", BTC)]
    served.world.control.answers["tree"] = {"supervisor_pid": 4, "children": children}
    _, body = await ask(served, "GET", "/api/supervision?venue=extended")
    assert [child["actor"] for child in body["children"]] == [BTC]
    assert await _supervised(served) == {"cache", BTC}
    for path in ("/api/errors", "/api/supervision"):
        status, body = await ask(served, "GET", f"{path}?venue=nowhere")
        assert (status, body["allowed"]) == (400, ["extended"])


async def _supervised(served: Served) -> set[str]:
    _, body = await ask(served, "GET", "/api/supervision")
    return {child["actor"] for child in body["children"]}


@pytest.mark.parametrize(
    ("states", "overall"),
    [
        (["connected", "connected"], "ok"),
        (["connected", "backoff"], "degraded"),
        (["backoff", "rejected"], "down"),
        (["connected", "paused"], "ok"),
        (["paused", "paused"], "paused"),
        (["paused", "backoff"], "down"),
    ],
)
async def test_a_pause_is_no_failure(states: list[str], overall: str) -> None:
    world = World(accounts=[{"venue": "extended", "name": "1"}], streams=[])
    for name, state in zip(("rest", "websocket"), states, strict=True):
        world.link(ACCOUNT_1, lane=name)
        lane(world, ACCOUNT_1, name, state)
    async with serving(world) as served:
        _, body = await ask(served, "GET", "/api/connections/health")
        assert body["overall"] == overall
        assert sum(body["states"].values()) == body["total"] == 2


async def test_budgets_stand_beside_the_rest_lanes(served: Served) -> None:
    budget: dict[str, Any] = {
        "venue": "extended",
        "exit_address": "",
        "limit": {"count": 1000, "period_s": 60.0},
        "rate_per_s": 15.8,
        "leased_per_s": 6.5,
        "burst": 50.0,
        "pool": 12.5,
        "not_before_us": None,
        "leases": {ACCOUNT_1: {"wanted_per_s": 6.5, "rate_per_s": 6.5, "burst": 10.0}},
    }
    served.world.control.answers["budgets"] = {"budgets": [budget]}
    _, body = await ask(served, "GET", "/api/rest/health")
    assert body["budgets"] == [budget]
    assert json.loads(msgspec.json.encode(msgspec.convert(body, RestHealth))) == body
    served.world.control.answers["budgets"] = ConnectTimeout("no answer")
    status, body = await ask(served, "GET", "/api/rest/health")
    assert (status, body["budgets"]) == (200, None)


async def test_who_never_told_of_a_lane_is_named(served: Served) -> None:
    served.world.control.answers["budgets"] = {"budgets": []}
    _, body = await ask(served, "GET", "/api/rest/health")
    silent = [it["actor"] for it in body["silent"]]
    assert silent == [ACCOUNT_1, ACCOUNT_2], "their lanes here are WebSockets"
    assert body["overall"] == "down"
    _, body = await ask(served, "GET", "/api/ws/health")
    assert (body["silent"], body["overall"]) == ([], "ok")


async def test_reconnects_name_the_actors_told_and_leave_the_paused(served: Served) -> None:
    control = served.world.control
    control.answers["reconnect"] = {"actor": ""}
    lane(served.world, ACCOUNT_2, "websocket", "paused")
    status, body = await ask(served, "POST", "/api/ws/reconnect")
    assert status == 202
    told = msgspec.convert(body, Told)
    assert told.actors == [ACCOUNT_1, BTC, ETH]
    assert [(it.actor, it.reason) for it in told.not_told] == [
        (ACCOUNT_2, "paused by the operator")
    ]
    assert {args["lane"] for _, args in control.calls} == {"websocket"}
    control.calls.clear()
    status, body = await ask(served, "POST", "/api/connections/reconnect?account_index=1")
    assert (status, body["actors"]) == (202, [ACCOUNT_1])
    assert control.calls == [("reconnect", {"actor": ACCOUNT_1})]
    status, body = await ask(served, "POST", "/api/ws/reconnect?account_index=2")
    assert (status, body["not_told"][0]["actor"]) == (409, ACCOUNT_2)
    status, body = await ask(served, "POST", "/api/rest/reconnect?account_index=9")
    assert (status, body["known"]) == (404, ["extended:1", "extended:2"])


async def test_a_number_that_fits_two_venues_is_ambiguous() -> None:
    accounts = [{"venue": venue, "name": "1"} for venue in ("extended", "lighter")]
    world = World(accounts=accounts, venues=["extended", "lighter"], streams=[])
    world.control.answers["pause"] = {"actor": ""}
    async with serving(world) as served:
        for path in ("/api/control/pause", "/api/ws/reconnect"):
            status, body = await ask(served, "POST", f"{path}?account_index=1")
            assert (status, body["candidates"]) == (409, ["extended:1", "lighter:1"])
        status, body = await ask(served, "POST", "/api/control/pause?account_index=lighter:1")
        assert (status, body["actors"]) == (202, ["account:lighter:1"])
        status, body = await ask(served, "POST", "/api/control/pause?venue=extended")
        assert (status, body["actors"]) == (202, ["account:extended:1"])


async def test_pauses_are_ordered_of_the_supervisor_and_shown(served: Served) -> None:
    control = served.world.control
    control.answers |= {"pause": {"actor": ""}, "resume": {"actor": ""}}
    control.answers["pauses"] = {"paused": {ACCOUNT_1: 5}, "failure": "No space left on device"}
    status, body = await ask(served, "GET", "/api/control/status")
    typed = msgspec.convert(body, ControlStatus)
    assert (status, typed.paused, typed.total) == (200, 1, 4)
    assert typed.note == "not kept on disk: No space left on device"
    assert {it.actor: it.paused_since_us for it in typed.actors} == {
        ACCOUNT_1: 5,
        ACCOUNT_2: None,
        BTC: None,
        ETH: None,
    }
    for op, paused in (("pause", True), ("resume", False)):
        status, body = await ask(served, "POST", f"/api/control/{op}")
        told = msgspec.convert(body, Paused)
        assert (status, told.paused, told.actors) == (202, paused, [ACCOUNT_1, ACCOUNT_2, BTC, ETH])


async def test_frames_come_as_the_actor_gave_them(served: Served) -> None:
    row = {"lane": "rest", "at_us": 1, "text": "{}", "why": "", "request": "GET /", "status": 200}
    served.world.control.answers["frames"] = {"actor": BTC, "frames": [row], "cut": False}
    status, body = await ask(served, "GET", f"/api/frames/{BTC}?limit=7")
    assert status == 200
    assert json.loads(msgspec.json.encode(msgspec.convert(body, Frames))) == body
    assert served.world.control.calls == [("frames", {"actor": BTC, "limit": "7"})]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("unknown_actor", 404),
        ("unsupported", 404),
        ("busy", 409),
        ("not_running", 503),
        ("unanswered", 504),
    ],
)
async def test_a_refusal_has_its_status(served: Served, kind: str, status: int) -> None:
    served.world.control.answers["frames"] = ControlRefused(kind, "because", ("cache",))
    found, body = await ask(served, "GET", "/api/frames/cache")
    assert (found, body["status"], body["detail"]) == (status, status, "because")
    assert body["type"].endswith(kind.replace("_", "-"))
