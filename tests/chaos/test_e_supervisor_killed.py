"""(e) kill -9 of the supervisor, whatever its children do: no process is left after 250 ms."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.conftest import StartZoo
from tests.chaos.service import wait_for

NOBODY_LEFT_S_MAX = 0.25
RUNS = 3
KINDS = {"idle": 4, "blocked": 3, "sleeper": 2, "stopper": 3, "spinner": 2}
PATIENT = {"heartbeat_deadline_s": 60.0}


@pytest.mark.processes
@pytest.mark.parametrize("zygote", ["alive", "stopped", "alive again"][:RUNS])
def test_e_supervisor_killed_leaves_no_process(start_zoo: StartZoo, zygote: str) -> None:
    children = {
        f"orderbook:zoo:linear:{kind}{number}": (kind, {"good_s": 0.05})
        for kind, count in KINDS.items()
        for number in range(count)
    }
    service = start_zoo(children, PATIENT)
    pids = service.pids()
    stoppers = [pid for actor, pid in pids.items() if "stopper" in actor]
    wait_for("the stoppers have stopped", lambda: all(map(_is_stopped, stoppers)), 5.0)
    zygote_pid = service.tree()["zygote_pid"]
    if zygote == "stopped":
        os.kill(zygote_pid, signal.SIGSTOP)
    seen = service.remember_processes()
    assert set(pids.values()) | {zygote_pid} <= set(seen)
    assert len(pids) == sum(KINDS.values())

    killed = time.monotonic()
    service.kill()
    wait_for("nobody left", lambda: not service.living(), 5.0, 0.002)
    took_s = time.monotonic() - killed
    print(f"zygote {zygote}: {len(seen)} processes gone {took_s * 1e3:.0f} ms after the supervisor")
    assert took_s <= NOBODY_LEFT_S_MAX


def _is_stopped(pid: int) -> bool:
    text = Path(f"/proc/{pid}/stat").read_bytes()
    return text[text.rindex(b")") + 2 :].startswith(b"T")
