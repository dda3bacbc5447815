"""A front end's children, its sealed token, and how commands and the start speak of it."""

import io
import os
from pathlib import Path

import pytest

from actors.runtime.clock import SystemClock
from actors.supervision.announce import Announcer, occasion, opening_lines
from actors.supervision.loader import with_descriptors
from actors.supervision.report import _row, _show_configuration, describe
from actors.supervision.spec import ChildKind
from actors.supervision.tree import Owned, cache_socket, children, preload
from config.credentials import read_sealed
from config.environment import read_environment
from config.masking import MASK
from config.plan import Configuration, read_configuration

REMOTE = "remote-" + "9f8e7d6c"
LOCAL = "local-" + "1a2b3c4d"
BASE = "http://127.0.0.1:5999/below"


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    empty = tmp_path / "empty.env"
    empty.touch()
    variables = {
        "BROADCASTER_MODE": "FRONTEND_ONLY",
        "REMOTE_API_BASE": BASE,
        "REMOTE_API_TOKEN": REMOTE,
        "API_TOKEN": LOCAL,
        "WEB_WORKERS": "2",
    }
    return read_configuration(read_environment(variables, empty))


def test_only_web_runs_and_holds_both_tokens_apart(configuration: Configuration) -> None:
    plan = with_descriptors(configuration, configuration.plan)
    try:
        assert plan.front_end
        assert plan.front_end.token is not None
        assert plan.token is not None
        assert set(plan.descriptors) == {plan.token, plan.front_end.token}
        assert read_sealed(plan.front_end.token) == {"REMOTE_API_TOKEN": REMOTE}
        assert read_sealed(plan.token) == {"API_TOKEN": LOCAL}
        specs = children(plan, Owned(listener=10, cache=11))
        assert [spec.actor for spec in specs] == ["web:1", "web:2"]
        for spec in specs:
            assert spec.kind is ChildKind.WEB
            assert spec.entry == "web.remote.server:run"
            assert spec.config["remote_api_base"] == BASE
            assert spec.config["mode"] == "FRONTEND_ONLY"
            assert dict(spec.descriptors) == {
                "listener": 10,
                "secrets": plan.token,
                "remote_token": plan.front_end.token,
            }
            assert REMOTE not in repr(spec)
            assert LOCAL not in repr(spec)
        assert REMOTE not in repr(plan)
    finally:
        for number in plan.descriptors:
            os.close(number)


def test_it_warms_up_nothing_else(configuration: Configuration) -> None:
    assert preload(configuration.plan) == ("web.remote.server",)
    assert cache_socket(configuration.plan) is None


def test_check_config_says_it(
    configuration: Configuration, capsys: pytest.CaptureFixture[str]
) -> None:
    told = describe(configuration)
    assert (told["ok"], told["mode"], told["remote"]) == (True, "FRONTEND_ONLY", BASE)
    assert told["settings"]["REMOTE_API_TOKEN"] == MASK
    _show_configuration(configuration)
    shown = capsys.readouterr().out
    assert f"front end of {BASE}, on 127.0.0.1:5000" in shown
    assert "processes  2: web:1, web:2" in shown
    assert REMOTE not in shown


def test_the_start_says_it(configuration: Configuration) -> None:
    told = occasion(configuration.plan, 5000)
    stream = io.StringIO()
    announcer = Announcer((), told, SystemClock(), stream)
    announcer.opening()
    announcer.all_ready()
    assert f"(front end of {BASE})" in stream.getvalue()
    (line,) = opening_lines(told, "1")
    assert line.fields["remote"] == BASE


def test_status_says_it() -> None:
    child = {"actor": "web:1", "kind": "web", "state": "ready", "label": f"front end of {BASE}"}
    assert _row(child)[-1] == f"front end of {BASE}"
