"""Which changes of a child are worth a line, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.messages.control import ChildStatus, RestartRecord
from actors.supervision import life_lines
from actors.supervision.life_lines import LifeLines, obituary, speaker
from config.logs import Speaker

ACTOR = "account:extended:1"
NOW = 10**12


def status(state: str, **fields: Any) -> ChildStatus:
    return ChildStatus(actor=ACTOR, kind="account", state=state, epoch=1, **fields)


def ended(cause: str, **fields: Any) -> RestartRecord:
    return RestartRecord(
        actor=ACTOR,
        epoch=3,
        pid=70,
        started_ns=0,
        ended_ns=1,
        uptime_ms=8_149.83,
        cause=cause,
        **fields,
    )


@pytest.mark.parametrize(
    ("actor", "kind", "expected"),
    [
        (ACTOR, "account", Speaker(ACTOR, "account", venue="extended", account="1")),
        ("web:1", "web", Speaker("web:1", "web")),
        ("cache", "cache", Speaker("cache", "cache")),
        ("venue:extended", "venue", Speaker("venue:extended", "venue", venue="extended")),
        (
            "orderbook:extended:linear:BTC-USD",
            "stream",
            Speaker("orderbook:extended:linear:BTC-USD", "stream", venue="extended"),
        ),
    ],
)
def test_who_speaks_is_known_by_the_id(actor: str, kind: str, expected: Speaker) -> None:
    assert speaker(actor, kind) == expected
    assert speaker(actor, kind, 2, 9) == replace(expected, epoch=2, pid=9)


@pytest.mark.parametrize(
    ("change", "level", "event", "fields"),
    [
        (status("starting", pid=7), "info", "started", {}),
        (status("starting", pid=7, restarts=2), "info", "started", {"restarts": 2}),
        (
            status("ready", started_ns=0, ready_ns=71_000_000),
            "info",
            "ready",
            {"after_ms": 71},
        ),
        (status("hung", reason="no heartbeat"), "warning", "hung", {"reason": "no heartbeat"}),
        (status("over_memory", reason="5 MiB"), "warning", "over memory", {"reason": "5 MiB"}),
        (
            status("backoff", next_restart_mono_ns=NOW + 65_200_000_000, attempt=1, phase=1),
            "info",
            "waits",
            {"wait_s": 65.2, "attempt": 1, "phase": 1},
        ),
        (status("quarantined", reason="no key"), "warning", "quarantined", {"reason": "no key"}),
        (status("stopping"), "debug", "stopping", {}),
        (status("stopped"), "debug", "stopped", {}),
    ],
)
def test_each_event_of_a_life_is_one_line(
    change: ChildStatus, level: str, event: str, fields: dict[str, object]
) -> None:
    lives = LifeLines()
    record = lives.of(change, NOW)
    assert record is not None
    assert (record.level, record.event, record.fields) == (level, event, fields)
    assert lives.of(change, NOW + 10**9) is None, "the figures of a beat are no news"


@pytest.mark.parametrize("change", [status("new"), status("starting")])
def test_what_leads_to_an_event_is_none(change: ChildStatus) -> None:
    assert LifeLines().of(change, NOW) is None


def test_memory_of_what_was_said_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life_lines, "ACTORS_MAX", 3)
    lives = LifeLines()
    for number in range(5):
        lives.of(ChildStatus(actor=f"x:{number}", kind="stream", state="ready"), NOW)
    assert len(lives._said) == 3


def test_an_end_names_its_signal_and_shows_the_stacks_of_the_hung() -> None:
    whose, record = obituary(ended("hung", signal=9, dump="Thread 1:\n  main\n"), "account")
    assert whose == Speaker(ACTOR, "account", 3, 70, "extended", "1")
    assert (record.level, record.event) == ("warning", "ended")
    assert record.fields == {
        "cause": "hung",
        "code": None,
        "signal": "SIGKILL",
        "uptime_s": 8.1,
        "stacks": "Thread 1:\n  main\n",
    }


@pytest.mark.parametrize(
    ("record", "level"),
    [
        (ended("stopped", exit_code=0, dump="x"), "info"),
        (ended("stopped", signal=9), "info"),
        (ended("exit", exit_code=1), "warning"),
        (ended("signal", signal=200), "warning"),
        (ended("lost"), "warning"),
    ],
)
def test_an_end_that_was_wanted_is_no_warning(record: RestartRecord, level: str) -> None:
    _, line = obituary(record, "account")
    assert line.level == level
    assert "stacks" not in line.fields
