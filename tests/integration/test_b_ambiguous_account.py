"""A number that both venues' accounts have, at every call of a real service that takes one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from both_venues import Demo, demo
from full_service import until

from config.demo import LIGHTER_INDEX_FIRST

CANDIDATES = ["extended:1", "lighter:1"]
READS = (
    "/api/accounts/{}",
    "/api/points/{}",
    "/api/ws/positions/{}",
    "/api/ws/orders/{}",
    "/api/ws/trades/{}",
)
HISTORY = (
    "/api/history/accounts/{}",
    "/api/history/trades/{}",
    "/api/stats/periods?account={}",
)
ORDERS = (
    "/api/points/refresh?account_index={}",
    "/api/connections/reconnect?account_index={}",
    "/api/control/pause?account_index={}",
    "/api/control/resume?account_index={}",
)
NAMES = {
    "extended:1": "extended:1",
    "lighter:1": "lighter:1",
    str(LIGHTER_INDEX_FIRST): "lighter:1",
    f"lighter:{LIGHTER_INDEX_FIRST}": "lighter:1",
    str(LIGHTER_INDEX_FIRST + 1): "lighter:2",
}

pytestmark = pytest.mark.processes


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Demo]:
    async with demo(tmp_path) as running:
        yield running


async def refused(answer: tuple[int, Any], path: str) -> None:
    status, problem = answer
    assert (status, problem["type"]) == (409, "/docs#problem-ambiguous-account"), path
    assert problem["candidates"] == CANDIDATES, path
    assert all(candidate in problem["detail"] for candidate in CANDIDATES), path


async def test_b_a_bare_number_of_both_venues_is_refused_and_full_names_work(both: Demo) -> None:
    service = both.service
    for path in (*READS, *HISTORY):
        await refused(await service.get(path.format("1")), path)
    for path in ORDERS:
        await refused(await service.post(path.format("1")), path)
    # None of the refused orders was carried out on either of them.
    _, control = await service.get("/api/control/status")
    assert not [it for it in control["actors"] if it["paused"]]

    # Points come a little after everything else.
    for name in sorted(set(NAMES.values())):

        async def known(name: str = name) -> bool:
            return (await service.get(f"/api/points/{name}"))[0] == 200

        await until(known, 30, f"points of {name}", every=0.1)
    for name, account in NAMES.items():
        for path in READS:
            status, body = await service.get(path.format(name))
            assert status == 200, (path, name, body)
            assert f"{body['venue']}:{body['account']}" == account, (path, name)
    for venue in ("extended", "lighter"):
        status, body = await service.get(f"/api/accounts/1?venue={venue}")
        assert (status, body["venue"], body["account"]) == (200, venue, "1")
    for name, account in NAMES.items():
        status, told = await service.post(ORDERS[0].format(name))
        assert (status, told["actors"]) == (202, [f"account:{account}"]), (name, told)
