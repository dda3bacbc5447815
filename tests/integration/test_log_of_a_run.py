"""The log of a whole run as a machine reads it: every line an object, every life a story."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.service import ROOT, Service
from tests.full_service import plain_environment

ACTOR = "account:extended:1"
FIRST = ["timestamp", "level", "actor", "event", "kind"]


def test_every_line_is_an_object_and_each_event_of_a_life_one_line() -> None:
    with tempfile.TemporaryDirectory(prefix="log-") as name:
        folder = Path(name)
        env = plain_environment(
            DEMO="1", PORT="0", DATA_DIR=f"{folder}/data", RUNTIME_DIR=f"{folder}/run"
        )
        command = [sys.executable, str(ROOT / "main.py"), "run"]
        with Service(command, folder / "run", env, folder / "output") as service:
            service.start(30.0)
            pid = service.pids()[ACTOR]
            os.kill(pid, signal.SIGKILL)
            service.wait_reborn(ACTOR, 1, 20.0)
            assert service.stop() == 0
        lines = (folder / "output").read_text().splitlines()
    # Standard output and error are one file here: nothing but the log may be in it.
    told = [json.loads(line) for line in lines]
    for each in told:
        assert list(each)[: len(FIRST)] == FIRST
        assert each["timestamp"].endswith("Z")
    times = [each["timestamp"] for each in told]
    assert times == sorted(times)

    story = [(each["event"], each.get("epoch")) for each in told if each["actor"] == ACTOR]
    assert story == [
        ("started", 1), ("ready", 1), ("ended", 1), ("started", 2), ("ready", 2), ("ended", 2),
    ]  # fmt: skip
    ended = next(each for each in told if each["actor"] == ACTOR and each["event"] == "ended")
    assert (ended["pid"], ended["signal"], ended["level"]) == (pid, "SIGKILL", "warning")
    assert (ended["venue"], ended["account"], ended["kind"]) == ("extended", "1", "account")
    household = [each["event"] for each in told if each["actor"] == "supervisor"]
    assert household == ["listening", "all ready", "stopping", "stopped"]
