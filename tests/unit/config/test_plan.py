"""From the environment to the plan: demo rules, access rules, warnings, and the way in a memfd."""

import os
from dataclasses import fields
from pathlib import Path

import pytest

from actors.errors import UsageFault
from actors.supervision.schedule import Limits
from config.credentials import seal
from config.environment import read_environment
from config.plan import Plan, read_configuration

CANARY = "canary-" + "9c8b7a6d"


def configured(tmp_path: Path, *, force_demo: bool = False, file: str = "", **variables: str):
    path = tmp_path / ".env"
    path.write_text(file)
    path.chmod(0o600)
    return read_configuration(read_environment(variables, path), force_demo=force_demo)


def test_without_accounts_the_demo_runs(tmp_path) -> None:
    configuration = configured(tmp_path)
    plan = configuration.plan
    assert configuration.faults == ()
    assert plan.simulated
    named = [(account.venue, account.name) for account in plan.accounts]
    assert named == [(venue, name) for venue in ("extended", "lighter") for name in ("1", "2")]
    assert plan.accounts[2].aliases == ("7001",)
    assert [venue.name for venue in plan.venues] == ["extended", "lighter"]
    assert plan.limits.reset_after_stream_s == 10
    assert plan.limits.reset_after_account_s == 10
    assert all(account.secrets["api_key"] for account in configuration.accounts[:2])
    assert all(account.secrets["private"][:3] == "ro:" for account in configuration.accounts[2:])


@pytest.mark.parametrize(
    ("variables", "force", "simulated", "accounts"),
    [
        ({}, False, True, ["1", "2"]),
        ({"DEMO": "0"}, False, False, []),
        ({"DEMO_ACCOUNTS": "3"}, False, True, ["1", "2", "3"]),
        ({"Extended_4_A_API_KEY": CANARY}, False, False, ["4"]),
        ({"Extended_4_A_API_KEY": CANARY, "DEMO": "1"}, False, True, ["1", "2"]),
        ({"Extended_4_A_API_KEY": CANARY}, True, True, ["1", "2"]),
        # A mistaken account is still somebody's account: no demo in its place.
        ({"Extended_4_A_CLIENT_ID": "1"}, False, False, ["4"]),
    ],
)
def test_when_the_demo_runs(tmp_path, variables, force, simulated, accounts) -> None:
    variables = {"DEMO_VENUES": "extended"} | variables
    plan = configured(tmp_path, force_demo=force, **variables).plan
    assert plan.simulated is simulated
    assert [account.name for account in plan.accounts] == accounts
    assert plan.limits.reset_after_account_s == (10 if simulated else 300)


def test_a_reset_time_that_was_set_holds_in_the_demo_too(tmp_path) -> None:
    plan = configured(tmp_path, RESET_AFTER_STREAM="0", RESET_AFTER_ACCOUNT="90").plan
    assert plan.limits.reset_after_stream_s == 0
    assert plan.limits.reset_after_account_s == 90


@pytest.mark.parametrize(
    ("variables", "force", "refused"),
    [
        ({"HOST": "0.0.0.0"}, False, True),
        ({"HOST": "10.0.0.5", "Extended_1_A_API_KEY": CANARY}, False, True),
        ({"RENDER": "true"}, False, True),
        ({"HOST": "0.0.0.0", "API_TOKEN": CANARY}, False, False),
        ({"HOST": "0.0.0.0", "DEMO": "1"}, False, False),
        ({"HOST": "0.0.0.0"}, True, False),
        ({"HOST": "127.0.0.1"}, False, False),
        ({"RENDER": "true", "API_TOKEN": CANARY}, False, False),
    ],
)
def test_beyond_loopback_a_token_is_demanded(tmp_path, variables, force, refused) -> None:
    faults = configured(tmp_path, force_demo=force, **variables).faults
    assert [fault.name for fault in faults] == (["API_TOKEN"] if refused else [])
    if refused:
        assert "HOST=" in str(faults[0])


def test_all_mistakes_are_collected(tmp_path) -> None:
    configuration = configured(
        tmp_path,
        file="odd line\n",
        PORT="x",
        EXTENDED_MARKET="y",
        HOST="0.0.0.0",
        Extended_1_A_X="z",
    )
    names = [fault.name.split("/")[-1] for fault in configuration.faults]
    assert names == [".env:1", "PORT", "EXTENDED_MARKET", "API_TOKEN"]
    assert len(configuration.all_faults) == 6


def test_the_plan_goes_through_its_memory_file(tmp_path) -> None:
    plan = configured(
        tmp_path, Extended_1_A_API_KEY=CANARY, Extended_1_PROXY=f"10.0.0.9:1:u:{CANARY}"
    ).plan
    descriptor = plan.seal()
    try:
        data = os.pread(descriptor, 1 << 20, 0)
        assert CANARY.encode() not in data
        assert b"10.0.0.9:1" in data
        assert Plan.read(descriptor) == plan
    finally:
        os.close(descriptor)


def test_what_is_no_plan_is_refused() -> None:
    descriptor = seal({"api_key": CANARY})
    try:
        with pytest.raises(UsageFault) as caught:
            Plan.read(descriptor)
        assert CANARY not in str(caught.value)
    finally:
        os.close(descriptor)


def test_paths_do_not_depend_on_where_the_supervisor_stands(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = configured(tmp_path, DATA_DIR="d", RUNTIME_DIR="/r").plan
    assert plan.data_dir == str(tmp_path / "d")
    assert plan.runtime_dir == "/r"
    assert plan.env_file == str(tmp_path / ".env")


def test_warnings(tmp_path) -> None:
    text = f"Extended_1_A_API_KEY={CANARY}\nPOL_INTERVAL=1\nSOMETHING={CANARY}\n"
    path = tmp_path / ".env"
    path.write_text(text)
    path.chmod(0o644)
    warnings = read_configuration(read_environment({}, path)).plan.warnings
    assert any("chmod 600" in warning for warning in warnings)
    assert any("POL_INTERVAL (meant POLL_INTERVAL?), SOMETHING" in w for w in warnings)
    assert not any(CANARY in warning for warning in warnings)
    path.chmod(0o600)
    path.write_text(f"Extended_1_A_API_KEY={CANARY}\n")
    forced = read_configuration(read_environment({"DEMO": "1"}, path)).plan
    assert forced.warnings == ("DEMO=1: the 1 configured account(s) do not run",)


def test_every_time_of_supervision_is_a_setting_with_the_same_default(tmp_path) -> None:
    fixed = {"dump_wait_s", "kill_repeat_s", "memory_calm_s"}
    plan = configured(tmp_path, DEMO="0").plan
    planned = {name: getattr(plan.limits, name) for name in plan.limits.__struct_fields__}
    defaults = Limits()
    assert planned == {
        field.name: getattr(defaults, field.name)
        for field in fields(Limits)
        if field.name not in fixed
    }


def test_memory_limits_of_kinds_are_bytes_by_kind(tmp_path) -> None:
    plan = configured(
        tmp_path, DEMO="0", MEMORY_LIMIT_ACCOUNT_MB="64", MEMORY_LIMIT_WEB_MB="0"
    ).plan
    assert plan.limits.memory_by_kind == {"account": 64 << 20, "web": 0}
    Limits(**{name: getattr(plan.limits, name) for name in plan.limits.__struct_fields__})


def test_a_quarantine_that_would_shrink_is_told_by_its_settings(tmp_path) -> None:
    (fault,) = configured(tmp_path, QUARANTINE_FIRST="100", QUARANTINE_MAX="50").faults
    assert str(fault) == "QUARANTINE_MAX: found 50, expected at least QUARANTINE_FIRST (100)"
    assert configured(tmp_path, QUARANTINE_FIRST="50", QUARANTINE_MAX="50").faults == ()


def test_what_stood_in_the_process_environment_is_remembered_by_name(tmp_path) -> None:
    plan = configured(
        tmp_path, file=f"Extended_1_A_API_KEY={CANARY}\n", Extended_1_Proxy="10.0.0.9:1"
    ).plan
    assert plan.accounts[0].from_process == ("Extended_1_Proxy",)
