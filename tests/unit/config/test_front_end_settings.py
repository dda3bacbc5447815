"""BROADCASTER_MODE and what belongs to it: what is a mistake, what a warning, what runs."""

from pathlib import Path

import pytest

from config.environment import read_environment
from config.plan import Configuration, Plan, read_configuration

TOKEN = "remote-" + "9f8e7d6c"
BASE = "https://collector.example"


@pytest.fixture
def read(tmp_path: Path):
    empty = tmp_path / "empty.env"
    empty.touch()

    def read(**variables: str) -> Configuration:
        return read_configuration(read_environment(variables, empty))

    return read


def front(read, **variables: str) -> Configuration:
    return read(**{"BROADCASTER_MODE": "FRONTEND_ONLY", "REMOTE_API_BASE": BASE, **variables})


def test_a_collector_is_what_runs_unless_it_is_said(read) -> None:
    assert read().plan.mode == "COLLECTOR"
    assert read().plan.front_end is None
    assert read(BROADCASTER_MODE="Collector").faults == ()


def test_a_front_end_runs_nothing_of_its_own(read) -> None:
    configuration = front(read, BROADCASTER_MODE="frontend_only", REMOTE_API_TOKEN=TOKEN)
    assert configuration.all_faults == ()
    plan = configuration.plan
    assert (plan.mode, plan.simulated) == ("FRONTEND_ONLY", False)
    assert plan.front_end
    assert (plan.front_end.base, plan.front_end.token) == (BASE, None)
    assert plan.accounts == plan.venues == plan.warnings == ()
    assert TOKEN not in repr(plan)


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("http://10.0.0.5:5001", "http://10.0.0.5:5001"),
        ("HTTPS://Collector.Example/Below/", "https://collector.example/Below"),
        ("https://[2001:db8::1]:8443/a/b-c_d.e~f", "https://[2001:db8::1]:8443/a/b-c_d.e~f"),
        (" http://c.example/ ", "http://c.example"),
    ],
)
def test_how_the_address_may_be_written(read, written: str, base: str) -> None:
    configuration = front(read, REMOTE_API_BASE=written)
    assert configuration.faults == ()
    assert configuration.plan.front_end
    assert configuration.plan.front_end.base == base


@pytest.mark.parametrize(
    "written",
    [
        "collector.example",
        "ws://collector.example",
        "http://",
        "http://user:password@c.example",
        "http://user@c.example",
        "http://c.example?x=y",
        "http://c.example#x",
        "http://c.example/a/../b",
        "http://c.example/./b",
        "http://c.example//b",
        "http://c.example/%2e",
        "http://c.example/a b",
        "http://c.example:0",
        "http://c.example:99999",
        "http://c.example\\evil",
        "http://c.example\nHost: evil",
        "http://[::1",
    ],
)
def test_an_address_that_is_none(read, written: str) -> None:
    (fault,) = front(read, REMOTE_API_BASE=written).faults
    assert fault.name == "REMOTE_API_BASE"
    assert "an address like https://collector.example" in fault.expected
    assert "password@" not in str(fault)


def test_the_address_must_be_there(read) -> None:
    (fault,) = read(BROADCASTER_MODE="FRONTEND_ONLY").faults
    assert fault.name == "REMOTE_API_BASE"
    assert fault.found == "nothing, with BROADCASTER_MODE=FRONTEND_ONLY"
    (fault,) = front(read, REMOTE_API_BASE="  ").faults
    assert fault.name == "REMOTE_API_BASE"


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        ("http://127.0.0.1:5000", {}),
        ("http://localhost:5000/x", {}),
        ("http://0.0.0.0:5000", {}),
        ("http://127.0.0.1", {"PORT": "80"}),
        ("http://[::1]:5000", {"HOST": "::1"}),
        ("http://127.0.0.9:5000", {"HOST": "0.0.0.0", "API_TOKEN": TOKEN}),
        ("http://10.0.0.7:5000", {"HOST": "10.0.0.7", "API_TOKEN": TOKEN}),
        ("https://Desk.example:5000", {"ALLOWED_HOSTS": "desk.example"}),
        (
            "https://desk.onrender.example",
            {"RENDER_EXTERNAL_HOSTNAME": "desk.onrender.example"},
        ),
    ],
)
def test_it_must_not_be_this_service(read, base: str, settings: dict[str, str]) -> None:
    (fault,) = front(read, REMOTE_API_BASE=base, **settings).faults
    assert fault.name == "REMOTE_API_BASE"
    assert "this service itself" in fault.found


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        ("http://127.0.0.1:5001", {}),
        ("http://127.0.0.2:5000", {}),
        ("http://127.0.0.1:5000", {"HOST": "10.0.0.7", "API_TOKEN": TOKEN}),
        ("https://desk.example", {"ALLOWED_HOSTS": "desk.example"}),
        ("http://127.0.0.1:5000", {"PORT": "0"}),
    ],
)
def test_another_service_beside_it_is_welcome(read, base: str, settings: dict[str, str]) -> None:
    assert front(read, REMOTE_API_BASE=base, **settings).faults == ()


def test_accounts_beside_it_are_said_and_not_run(read) -> None:
    configuration = front(read, Extended_1_MAIN_API_KEY="key-" + "0a1b2c3d", DEMO="1")
    assert configuration.plan.accounts == ()
    assert configuration.plan.warnings == (
        "FRONTEND_ONLY: the 1 configured account(s) do not run",
        "FRONTEND_ONLY: the demo does not run",
    )


def test_a_token_in_clear_text_is_said(read) -> None:
    def warnings(base: str) -> tuple[str, ...]:
        plan: Plan = front(read, REMOTE_API_BASE=base, REMOTE_API_TOKEN=TOKEN).plan
        return plan.warnings

    assert warnings("http://10.0.0.5:5000") == (
        "REMOTE_API_TOKEN travels in clear text: REMOTE_API_BASE is http://",
    )
    assert warnings("http://localhost:5001") == warnings("https://10.0.0.5") == ()


def test_what_means_nothing_to_a_collector_is_said(read) -> None:
    assert read(REMOTE_API_BASE=BASE, REMOTE_API_TOKEN=TOKEN).plan.warnings == (
        "REMOTE_API_BASE, REMOTE_API_TOKEN: without meaning in BROADCASTER_MODE=COLLECTOR",
    )


def test_another_mode_is_a_mistake(read) -> None:
    (fault,) = read(BROADCASTER_MODE="PROXY").faults
    assert fault.name == "BROADCASTER_MODE"
    assert "COLLECTOR, FRONTEND_ONLY" in fault.expected


def test_a_token_that_is_none_is_not_shown(read) -> None:
    (fault,) = front(read, REMOTE_API_TOKEN="not a token").faults
    assert fault.name == "REMOTE_API_TOKEN"
    assert "not a token" not in str(fault)
