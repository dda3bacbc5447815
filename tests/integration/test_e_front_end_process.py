"""(e) The front end as a process: what it starts, what it tells, and how a mistake ends it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest
from front_world import Asked, remote_that, says
from full_service import ROOT, Service, plain_environment, until
from secret_scan import Needles

from actors.runtime.control_client import call_blocking

REMOTE_TOKEN = "remote-" + "5e6f7a8b9c0d"
LOCAL_TOKEN = "local-" + "1a2b3c4d5e6f"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "REMOTE_API_BASE: found nothing"),
        ({"REMOTE_API_BASE": "collector.example"}, "REMOTE_API_BASE: found 'collector.example'"),
        ({"REMOTE_API_BASE": "http://localhost:5000"}, "which is this service itself"),
    ],
)
def test_a_mistaken_address_ends_it(tmp_path: Path, variables: dict[str, str], told: str) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "run"],
        cwd=tmp_path,
        env=plain_environment(BROADCASTER_MODE="FRONTEND_ONLY", **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 78, ran.stderr
    assert told in ran.stderr
    assert "REMOTE_API_BASE" in ran.stderr


def holders(service: Service, needles: Needles) -> set[int]:
    """Processes of the service in whose environment or command line a secret stands."""
    found = set()
    for member in service.family():
        text = "\0".join([*member.cmdline(), *map("=".join, member.environ().items())])
        if needles.found_in(text.encode()):
            found.add(member.pid)
    return found


@pytest.mark.processes
async def test_it_runs_web_alone_and_keeps_its_tokens(tmp_path: Path) -> None:
    async def answer(asked: Asked) -> None:
        right = asked.one("authorization") == f"Bearer {REMOTE_TOKEN}"
        await (says("200 OK", b"{}") if right else says("401 Unauthorized", b"{}"))(asked)

    async with remote_that(answer) as remote:
        service = Service(
            tmp_path,
            {
                "BROADCASTER_MODE": "FRONTEND_ONLY",
                "REMOTE_API_BASE": remote.base,
                "REMOTE_API_TOKEN": REMOTE_TOKEN,
                "API_TOKEN": LOCAL_TOKEN,
                "Extended_1_MAIN_API_KEY": "key-" + "0a1b2c3d4e5f",
            },
        )
        try:
            await service.ready()
            control = tmp_path / "run" / "control.sock"
            tree = await asyncio.to_thread(call_blocking, control, "tree", 5.0)
            (web,) = tree["children"]
            assert (web["actor"], web["state"]) == ("web:1", "ready")
            assert web["label"] == f"front end of {remote.base}"
            secrets = {"remote": REMOTE_TOKEN, "local": LOCAL_TOKEN}
            assert not holders(service, Needles(secrets))
            names = [member.name() for member in service.family()]
            # Supervisor, zygote, web, and multiprocessing's resource tracker.
            assert len(names) <= 4, names
            assert {asked.one("authorization") for asked in remote.asked} == {
                f"Bearer {REMOTE_TOKEN}"
            }
            # A new life of web gets both tokens again.
            psutil.Process(web["pid"]).kill()
            await until(lambda: not psutil.pid_exists(web["pid"]), 10, "web is gone")
            await service.ready()
            status, _ = await service.get("/api/accounts")
            assert status == 200
            async with (
                aiohttp.ClientSession() as session,
                session.get(service.url + "/api/accounts") as refused,
            ):
                assert refused.status == 401
            service.process.terminate()
            assert await asyncio.to_thread(service.process.wait, 15) == 0
            story = service.output.read_text()
            assert "1 configured account(s) do not run" in story
            assert f'"remote": "{remote.base}"' in story
        finally:
            # Scans all that it wrote for both tokens and the account's key.
            service.end()
