"""(g) spinning, sleeping, blocked, stopped: found within the deadline + 10 %, dumped, replaced.

The deadline is 2 s here (the service's own is 5 s), so that the test stays short.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from tests.chaos.conftest import StartZoo
from tests.chaos.service import wait_for

DEADLINE_S = 2.0
SLACK = 0.1
HUNG = {"spinner": "spinner", "sleeper": "sleeper", "blocked": "blocked", "stopper": "stopper"}


@pytest.mark.processes
def test_g_hung_actors_are_found_dumped_and_replaced(start_zoo: StartZoo) -> None:
    actors = {kind: f"orderbook:zoo:linear:{kind}" for kind in HUNG}
    children: dict[str, tuple[str, dict[str, Any]]] = {
        actor: (kind, {"good_s": 0.1}) for kind, actor in actors.items()
    }
    children["orderbook:zoo:linear:idle"] = ("idle", {})
    service = start_zoo(children, {"heartbeat_deadline_s": DEADLINE_S})
    print(f"deadline {DEADLINE_S} s")
    for kind, actor in actors.items():
        reborn = service.wait_reborn(actor, 1, DEADLINE_S + 5.0)
        assert reborn["epoch"] == 2
        ready, hung, ready_again = wait_for(
            f"{kind} announced", lambda a=actor: _times(service, a), 5
        )
        # READY goes with a heartbeat, and the next one would be due a second after the first.
        detected_s = (hung - ready) / 1e9
        replaced_s = (ready_again - hung) / 1e9
        last = service.history(actor)[-1]
        print(f"{kind}: found after {detected_s:.3f} s, its successor READY {replaced_s:.3f} s on")
        assert detected_s <= DEADLINE_S * (1 + SLACK)
        assert detected_s >= DEADLINE_S * (1 - SLACK)
        assert last["cause"] == "hung"
        assert f" in {HUNG[kind]}\n" in last["dump"]
        assert "tests/zoo/children.py" in last["dump"]
        assert replaced_s <= 1.0
    idle = service.child("orderbook:zoo:linear:idle")
    assert (idle["epoch"], idle["state"]) == (1, "ready")
    assert service.stop() == 0


@pytest.mark.processes
def test_g_a_paused_supervisor_blames_nobody(start_zoo: StartZoo) -> None:
    """As when the machine itself is paused: what was said meanwhile is read before any verdict."""
    actors = [f"orderbook:zoo:linear:{number}" for number in range(6)]
    service = start_zoo({actor: ("idle", {}) for actor in actors}, {"heartbeat_deadline_s": 2.0})
    before = service.pids()
    zygote = service.tree()["zygote_pid"]
    os.kill(service.pid, signal.SIGSTOP)
    # The pause has to outlast the deadline; there is nothing to wait for but time.
    time.sleep(3.0)
    os.kill(service.pid, signal.SIGCONT)
    wait_for("the stall was noticed", lambda: "stood still" in service.log.read_text(), 5.0)
    # Longer than the next verdict would take.
    resumed = time.monotonic()
    wait_for("two more seconds", lambda: time.monotonic() - resumed > 2.2, 5.0, 0.1)
    assert service.pids() == before
    assert service.tree()["zygote_pid"] == zygote
    assert all(service.history(actor) == [] for actor in actors)
    assert service.stop() == 0


def _times(service: Any, actor: str) -> tuple[int, int, int] | None:
    """When the first incarnation was READY, when it was found hung, when the second was READY."""
    told = [line for line in service.announced() if line["actor"] == actor]
    at = {(line["state"], line["epoch"]): line["mono_ns"] for line in told}
    keys = (("ready", 1), ("hung", 1), ("ready", 2))
    return tuple(at[key] for key in keys) if all(key in at for key in keys) else None  # type: ignore[return-value]
