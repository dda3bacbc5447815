"""Accounts with a private key, as users run them: the venue's signer in each one's process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from full_service import Service, Simulator, until
from published_signer.environment import signer_folder
from watched_venue import LIGHTER

from config.demo import demo_lighter_accounts

SEED = 11
MAPPED = "lighter-signer-linux"


def maps_signer(pid: int) -> bool:
    return MAPPED in Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.processes
@pytest.mark.slow
async def test_accounts_with_keys_sign_for_themselves_and_come_back(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    demo = demo_lighter_accounts(SEED, 2)
    rows = [
        {
            "name": each.name,
            "api_key": f"unused-{each.name}",
            "account_index": each.account_index,
            "api_key_index": each.api_key_index,
            "private_key": each.private_key,
        }
        for each in demo
    ]
    accounts = tmp_path / "keyed.json"
    accounts.write_text(json.dumps(rows))
    options = ("--seed", str(SEED), "--markets", "ETH", "--accounts-file", str(accounts))
    simulator = Simulator(tmp_path, {}, *options, venue=LIGHTER)
    settings = LIGHTER.variables({}, simulator.base_url, simulator.ws_url)
    settings["LIGHTER_MARKETS"] = "ETH"
    for each in demo:
        prefix = f"Lighter_{each.name}_K"
        settings[f"{prefix}_Account_Index"] = str(each.account_index)
        settings[f"{prefix}_API_KEY_Index"] = str(each.api_key_index)
        settings[f"{prefix}_PRIVATE"] = each.private_key
    try:
        await simulator.serving()
        variables = {"PYTHONPATH": str(signer_folder())}
        service = Service(tmp_path, settings, variables=variables)
        try:
            await service.ready()
            pids = {actor: child["pid"] for actor, child in (await service.children()).items()}
            signing = {actor for actor, pid in pids.items() if maps_signer(pid)}
            assert signing == {"account:lighter:1", "account:lighter:2"}, "nobody else loads it"
            supervisor = [one.pid for one in service.family() if one.pid not in pids.values()]
            assert not any(maps_signer(pid) for pid in supervisor)

            pid = await service.kill("account:lighter:1")
            again = await service.pid_of("account:lighter:1", not_pid=pid)
            assert maps_signer(again)

            async def fills() -> bool:
                _, told = await service.get("/api/ws/trades/lighter:1")
                return bool(told["trades"])

            await until(fills, 20, "its fills, which only its token shows")
            status, account = await service.get("/api/accounts/lighter:1")
            assert (status, account["stale"]) == (200, False)
        finally:
            service.end()
    finally:
        simulator.end()
