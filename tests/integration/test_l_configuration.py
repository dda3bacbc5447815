"""Bullet (l), configuration: each bad input gives a clear error and disturbs nothing else."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from actors.errors import UsageFault
from actors.supervision import loader
from actors.supervision.spec import ChildKind
from actors.supervision.states import digest_of
from actors.supervision.tree import Owned, children
from config.credentials import read_sealed
from config.environment import ROOT, read_environment
from config.plan import AccountPlan, Plan, read_configuration
from config.reload import reload_account
from config.secret_digest import SALT
from tests.full_service import Service, Simulator, account_settings, until

CANARY = "canary-" + "c0ffee5eed"
SECONDS_MAX = 60

BAD = [
    ({"PORT": "eighty"}, ["PORT: found 'eighty'", "a whole number from 0 to 65535", "PORT=5000"]),
    ({"PORT": "x", "HOST": "a b", "DEMO": "no!"}, ["3 mistake(s)", "PORT", "HOST", "DEMO"]),
    ({"HOST": "0.0.0.0"}, ["API_TOKEN", "HOST=0.0.0.0 can be reached from other machines"]),
    ({"RENDER": "true"}, ["API_TOKEN", "HOST=0.0.0.0"]),
    ({"EXTENDED_MARKETS": "BTC"}, ["EXTENDED_MARKETS", "BTC-USD or BTC-PERP"]),
    ({"EXTENDED_MARKET": "BTC-USD"}, ["EXTENDED_MARKET", "such as EXTENDED_MARKETS"]),
    ({"Extended_MAIN_API_KEY": CANARY}, ["Extended_MAIN_API_KEY", "Extended_{N}_{CODE}_API_KEY"]),
    ({"EXTENDED_BASE_URL": f"http://u:{CANARY}@h"}, ["EXTENDED_BASE_URL", "without user name"]),
    ({"API_TOKEN": f"{CANARY} {CANARY}"}, ["API_TOKEN", "characters without blanks"]),
    ({"BROADCASTER_ENV_FILE": "gone.env"}, ["BROADCASTER_ENV_FILE", "gone.env"]),
    ({"DEMO": "2"}, ["DEMO", "1 or 0"]),
    ({"RUNTIME_DIR": "/proc/no"}, ["RUNTIME_DIR", "/proc/no"]),
    ({"RUNTIME_DIR": "run/" + "x" * 120}, ["RUNTIME_DIR", "at most"]),
    ({"DATA_DIR": "file"}, ["DATA_DIR", "file"]),
    (
        {"HOST": "192.0.2.1", "API_TOKEN": CANARY},
        ["192.0.2.1", "an address and port that are free"],
    ),
]


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | more


def command(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.mark.processes
@pytest.mark.parametrize(("variables", "parts"), BAD, ids=lambda value: "-".join(value)[:40])
def test_l_a_bad_setting_starts_nothing_and_is_named(tmp_path, variables, parts) -> None:
    (tmp_path / "file").touch()
    ran = command(tmp_path, "run", **({"PORT": "0"} | variables))
    assert ran.returncode == 78, ran.stderr
    for part in parts:
        assert part in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.processes
def test_l_a_bad_line_of_the_file_is_named_and_not_shown(tmp_path) -> None:
    (tmp_path / ".env").write_text(f"PORT=0\nAPI TOKEN {CANARY}\n")
    for arguments in (["run"], ["check-config"], ["check-config", "--json"]):
        ran = command(tmp_path, *arguments)
        assert ran.returncode == 78
        assert ".env:2" in ran.stdout + ran.stderr
        assert CANARY not in ran.stdout + ran.stderr


@pytest.mark.processes
def test_l_check_config_tells_what_would_run_and_no_secret(tmp_path) -> None:
    (tmp_path / ".env").write_text(
        f"Extended_1_A_API_KEY={CANARY}1\nExtended_1_PROXY=10.0.0.9:3128:user:{CANARY}\n"
        f"Extended_2_B_API_KYE={CANARY}2\n"
    )
    ran = command(tmp_path, "check-config", "--json")
    told = json.loads(ran.stdout)
    assert ran.returncode == 78
    assert CANARY not in ran.stdout + ran.stderr
    starts = {actor["actor"]: actor["starts"] for actor in told["actors"]}
    assert starts["account:extended:1"] is True
    assert starts["account:extended:2"] is False
    (mistake,) = told["mistakes"]
    assert mistake["name"] == "Extended_2_B_API_KYE"
    assert mistake["expected"] == "Extended_2_B_API_KEY"


def test_l_the_loader_leaves_numbers_and_no_secret(tmp_path, monkeypatch) -> None:
    """What exec is given: a scrubbed environment, and sealed descriptors that hold the secrets."""
    path = tmp_path / ".env"
    path.write_text(
        f"Extended_1_A_API_KEY={CANARY}1\nExtended_2_B_API_KEY={CANARY}2\n"
        f"Extended_3_C_CLIENT_ID=3\nAPI_TOKEN={CANARY}token\n"
    )
    executed = []
    monkeypatch.setattr(os, "execve", lambda *given: executed.append(given))
    monkeypatch.setenv("Extended_4_D_API_KEY", f"{CANARY}4")
    monkeypatch.setattr(sys, "orig_argv", ["python", "-X", "dev", "-Werror", "main.py", "-X", "no"])
    configuration = read_configuration(read_environment(None, path))
    assert configuration.faults == ()
    loader.become_supervisor(loader.with_descriptors(configuration, configuration.plan))
    ((program, arguments, given),) = executed
    assert program == sys.executable
    assert arguments[1:-1] == ["-X", "dev", "-Werror", "-P", "-m", "supervisor"]
    assert CANARY not in repr((arguments, given))
    plan = Plan.read(int(arguments[-1]))
    accounts = {account.name: account for account in plan.accounts}
    descriptors = [accounts[name].secrets for name in ("1", "2", "4")]
    descriptors += [plan.token, int(arguments[-1])]
    try:
        assert all(os.get_inheritable(number) for number in descriptors)
        assert accounts["3"].secrets is None
        assert "Extended_3_C_API_KEY" in accounts["3"].quarantined
        for name in ("1", "2", "4"):
            assert read_sealed(accounts[name].secrets) == {"api_key": f"{CANARY}{name}"}
        assert read_sealed(plan.token) == {"API_TOKEN": f"{CANARY}token"}
        assert CANARY.encode() not in os.pread(int(arguments[-1]), 1 << 20, 0)
    finally:
        for number in descriptors:
            os.close(number)


def test_l_the_loader_tells_changed_secrets_by_a_digest_alone(tmp_path) -> None:
    path = tmp_path / ".env"

    def digests(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
        path.write_text(text)
        path.chmod(0o600)
        configuration = read_configuration(
            read_environment({"DATA_DIR": str(tmp_path / "data")}, path)
        )
        plan = loader.with_digests(configuration, configuration.plan)
        specs = children(plan, Owned(listener=1, cache=2))
        assert CANARY not in repr((plan, specs))
        return {
            spec.actor: digest_of(spec) for spec in specs if spec.kind is ChildKind.ACCOUNT
        }, plan.warnings

    text = "Extended_1_A_API_KEY={}\nExtended_2_B_API_KEY={}\n"
    before, _ = digests(text.format(f"{CANARY}1", f"{CANARY}2"))
    assert digests(text.format(f"{CANARY}1", f"{CANARY}2")) == (before, ())
    after, _ = digests(text.format(f"{CANARY}1", f"{CANARY}3"))
    assert after["account:extended:1"] == before["account:extended:1"]
    assert after["account:extended:2"] != before["account:extended:2"]
    # Where the salt cannot be had the service runs all the same, and says what is missing.
    salt = tmp_path / "data" / SALT
    salt.unlink()
    salt.mkdir()
    without, (warning,) = digests(text.format(f"{CANARY}1", f"{CANARY}2"))
    assert len(without) == 2
    assert SALT in warning
    assert "reset" in warning


def test_l_the_demo_beyond_loopback_makes_a_token_and_tells_it_once(tmp_path, capsys) -> None:
    (tmp_path / ".env").touch()
    found = read_environment({"HOST": "0.0.0.0", "DEMO": "1"}, tmp_path / ".env")
    configuration = read_configuration(found)
    plan = loader.with_descriptors(configuration, configuration.plan)
    token = read_sealed(plan.token)["API_TOKEN"]
    assert len(token) >= 32
    assert capsys.readouterr().out.count(token) == 1
    for number in (plan.token, *(account.secrets for account in plan.accounts)):
        os.close(number)


@pytest.mark.processes
def test_l_a_reload_reads_the_file_again_and_nothing_else(tmp_path, monkeypatch) -> None:
    path = tmp_path / ".env"
    path.write_text(f"Extended_1_A_API_KEY={CANARY}new\nExtended_2_B_CLIENT_ID=1\n")
    # What a process environment holds now was not there for the service that started long ago.
    monkeypatch.setenv("Extended_5_E_API_KEY", f"{CANARY}5")
    data_dir = str(tmp_path / "data")

    def reloaded(name: str, *from_process: str, venue: str = "extended") -> AccountPlan:
        before = AccountPlan(venue=venue, name=name, from_process=from_process)
        return reload_account(f"account:{venue}:{name}", before, str(path), data_dir)

    first = reloaded("1")
    try:
        assert read_sealed(first.secrets) == {"api_key": f"{CANARY}new"}
        assert not os.get_inheritable(first.secrets)
        assert (first.label, first.exit_address, first.quarantined) == ("A", "", "")
        assert CANARY not in first.secrets_digest
    finally:
        os.close(first.secrets)
    for number, hint in (("2", "Extended_2_B_API_KEY"), ("5", "among those of extended:1")):
        with pytest.raises(UsageFault, match=hint) as caught:
            reloaded(number)
        assert CANARY not in str(caught.value)
    with pytest.raises(UsageFault, match="among those of extended:1"):
        reloaded("1", venue="other")
    # A proxy that the environment held is not forgotten: without it the account's own address
    # would show.
    with pytest.raises(UsageFault, match="Extended_1_PROXY: found it in the environment of the"):
        reloaded("1", "Extended_1_PROXY")
    line = f"Extended_1_PROXY=10.0.0.9:3128:user:{CANARY}\n"
    path.write_text(path.read_text() + line)
    second = reloaded("1", "Extended_1_PROXY")
    os.close(second.secrets)
    assert second.exit_address == "10.0.0.9:3128"
    assert second.from_process == ("Extended_1_PROXY",)
    assert second.secrets_digest != first.secrets_digest
    # Nor is one whose line was spoilt, or whose name was.
    for spoilt in ("Extended_1_PROXY 10.0.0.9:3128\n", "Extended_PROXY=10.0.0.9:3128\n"):
        path.write_text(path.read_text().replace(line, spoilt))
        with pytest.raises(UsageFault, match=r"\.env:3|Extended_PROXY"):
            reloaded("1")
        line = spoilt


@pytest.mark.processes
async def test_l_a_mistaken_account_is_quarantined_and_the_others_run(tmp_path) -> None:
    keys = {"1": f"{CANARY}1"}
    simulator = Simulator(tmp_path, keys)
    try:
        await simulator.serving()
        settings = account_settings(simulator, keys) | {
            "Extended_2_B_API_KYE": f"{CANARY}2",
            "EXTENDED_MARKETS": "BTC-PERP",
        }
        service = Service(tmp_path, settings)
        try:

            async def settled() -> bool:
                assert service.process.poll() is None, service.tail()
                try:
                    children = await service.children()
                except (aiohttp.ClientError, TimeoutError):
                    return False
                await asyncio.sleep(0.1)
                states = {actor: child["state"] for actor, child in children.items()}
                return (
                    states.get("account:extended:1") == "ready"
                    and states.get("account:extended:2") == "quarantined"
                    and states.get("orderbook:extended:linear:BTC-USD") == "ready"
                )

            await until(settled, SECONDS_MAX, "one account ready, the other quarantined")
            child = (await service.children())["account:extended:2"]
            assert "Extended_2_B_API_KEY" in child["reason"]
            second = command(tmp_path, "run", **environment())
            assert second.returncode == 78
            assert "in use by the service" in second.stderr
            status = command(tmp_path, "status")
            assert status.returncode == 0
            assert "account:extended:2  quarantined" in status.stdout
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(SECONDS_MAX)
            assert CANARY not in service.output.read_text()
        finally:
            service.end()
    finally:
        simulator.end()
