"""The command line: what each command calls, exit codes, and clear words for wrong use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working directory and an environment without settings of ours."""
    monkeypatch.chdir(tmp_path)
    for name in ("PORT", "HOST", "DEMO", "API_TOKEN", "RENDER"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_version(capsys) -> None:
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == "0.1.0"


@pytest.mark.parametrize(
    ("arguments", "entry", "given"),
    [
        ([], "actors.supervision.loader:run", {"demo": False}),
        (["run"], "actors.supervision.loader:run", {"demo": False}),
        (["run", "--demo"], "actors.supervision.loader:run", {"demo": True}),
        (["status", "--json"], "actors.supervision.report:show_status", {"as_json": True}),
        (
            ["check-config"],
            "actors.supervision.report:check_config",
            {"as_json": False, "demo": False},
        ),
        (
            ["replay", "--venue", "extended", "-"],
            "actors.replay:replay",
            {"venue": "extended", "product": None, "symbol": None, "stream": None, "file": "-"},
        ),
        (
            ["load-account", "account:extended:1", "7", "/d", "Extended_1_PROXY"],
            "actors.supervision.loader:renew_account",
            {
                "actor": "account:extended:1",
                "channel": 7,
                "data_dir": "/d",
                "expected": ["Extended_1_PROXY"],
            },
        ),
    ],
)
def test_a_command_calls_its_entry(monkeypatch, arguments, entry, given) -> None:
    called = []
    monkeypatch.setattr(main, "_call", lambda name, wanted: called.append((name, wanted)) or 5)
    assert main.main(arguments) == 5
    assert called == [(entry, given)]


def test_wrong_use_is_exit_code_2(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(["fly"])
    assert caught.value.code == 2
    assert "fly" in capsys.readouterr().err


def test_help_tells_the_exit_codes(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "78" in text
    for command in ("run", "check-config", "status", "simulate", "replay"):
        assert command in text


def test_check_config_of_the_demo(folder, capsys) -> None:
    assert main.main(["check-config", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["simulated"] is True
    assert told["markets"] == {
        "extended": ["BTC-USD", "ETH-USD", "SOL-USD"],
        "lighter": ["ETH", "BTC"],
    }
    actors = {actor["actor"] for actor in told["actors"]}
    assert {"account:extended:2", "account:lighter:2", "orderbook:lighter:linear:BTC"} < actors
    assert told["accounts"][0]["secrets"] == {"api_key": "***"}


def test_check_config_masks_and_counts(folder, capsys, monkeypatch) -> None:
    canary = "canary-" + "f00dfeed"
    monkeypatch.setenv("Extended_1_A_API_KEY", canary)
    monkeypatch.setenv("Extended_1_PROXY", f"10.0.0.9:3128:user:{canary}")
    monkeypatch.setenv("Extended_2_B_API_KYE", canary)
    monkeypatch.setenv("API_TOKEN", canary)
    monkeypatch.setenv("PORT", "nowhere")
    for arguments in (["check-config"], ["check-config", "--json"]):
        assert main.main(arguments) == 78
        shown = capsys.readouterr()
        assert canary not in shown.out + shown.err
        for part in ("PORT", "'nowhere'", "Extended_2_B_API_KEY", "10.0.0.9:3128"):
            assert part in shown.out


def test_status_without_a_service(folder, capsys) -> None:
    assert main.main(["status"]) == 1
    assert "no service answers" in capsys.readouterr().err


def test_a_mistake_stops_the_run_before_anything_starts(folder, capsys, monkeypatch) -> None:
    monkeypatch.setenv("PORT", "nowhere")
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr("actors.supervision.loader.forbid_inspection", lambda: None)
    assert main.main(["run"]) == 78
    shown = capsys.readouterr().err
    assert "2 mistake(s)" in shown
    assert "PORT" in shown
    assert "API_TOKEN" in shown
    assert list(folder.iterdir()) == []


def test_outside_the_virtual_environment_it_says_so(monkeypatch, capsys) -> None:
    def missing(_entry, _wanted):
        raise ModuleNotFoundError("No module named 'msgspec'", name="msgspec")

    monkeypatch.setattr(main, "_call", missing)
    assert main.main(["status"]) == 1
    assert "msgspec is not installed; use make run" in capsys.readouterr().err


def test_the_installed_command_works_from_anywhere(tmp_path: Path) -> None:
    """The console script finds the entry modules, which are no packages."""
    command = Path(sys.executable).parent / "broadcaster"
    assert command.exists(), "install the project: make check, make test"
    ran = subprocess.run(
        [command, "--version"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip()
