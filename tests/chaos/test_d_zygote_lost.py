"""(d) kill -9 and SIGSTOP of the zygote: actors live on, and the next crash is restarted."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.conftest import StartZoo
from tests.chaos.service import ZooService, descendants, wait_for

ACTORS = [f"orderbook:zoo:linear:{number}" for number in range(8)]
NEW_ZYGOTE_S_MAX = 5.0
ROUNDS = 4
"""A zygote lost again and again comes back after 0, 0.1, 0.5, 1, … s."""
RESETS = {"reset_after_stream_s": 0.0, "heartbeat_deadline_s": 30.0}


def _new_zygote(service: ZooService, old: int) -> int:
    def look() -> int | None:
        pid: int | None = service.call("tree")["zygote_pid"]
        return pid if pid is not None and pid != old else None

    found = wait_for("a new zygote", look, NEW_ZYGOTE_S_MAX)
    assert found is not None
    return found


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_d_zygote_lost_and_actors_live_on(start_zoo: StartZoo, number: signal.Signals) -> None:
    service = start_zoo({actor: ("idle", {}) for actor in ACTORS}, RESETS)
    before = service.children()
    old = service.tree()["zygote_pid"]

    lost = time.monotonic()
    os.kill(old, number)
    new = _new_zygote(service, old)
    print(f"{number.name}: a new zygote after {time.monotonic() - lost:.2f} s")

    after = service.children()
    assert {actor: after[actor]["pid"] for actor in ACTORS} == {
        actor: before[actor]["pid"] for actor in ACTORS
    }
    assert all(child["state"] == "ready" for child in after.values())

    # The dead actor was adopted by the supervisor, its successor comes from the new zygote.
    victim = ACTORS[3]
    os.kill(after[victim]["pid"], signal.SIGKILL)
    reborn = service.wait_reborn(victim, after[victim]["epoch"], NEW_ZYGOTE_S_MAX)
    print(f"{number.name}: next crash restarted {time.monotonic() - lost:.2f} s after the loss")
    assert service.call("tree")["zygote_pid"] == new
    assert service.history(victim)[0]["signal"] == signal.SIGKILL
    # And once more, now that it is a child of the zygote that lives.
    os.kill(reborn["pid"], signal.SIGKILL)
    service.wait_reborn(victim, reborn["epoch"], NEW_ZYGOTE_S_MAX)
    others = [actor for actor in ACTORS if actor != victim]
    final = service.children()
    assert [final[actor]["pid"] for actor in others] == [before[actor]["pid"] for actor in others]
    assert service.stop() == 0


@pytest.mark.processes
def test_d_actor_that_dies_under_a_stopped_zygote_is_restarted(start_zoo: StartZoo) -> None:
    service = start_zoo({actor: ("idle", {}) for actor in ACTORS}, RESETS)
    victim = service.child(ACTORS[0])
    old = service.tree()["zygote_pid"]
    os.kill(old, signal.SIGSTOP)
    os.kill(victim["pid"], signal.SIGKILL)
    reborn = service.wait_reborn(ACTORS[0], victim["epoch"], NEW_ZYGOTE_S_MAX)
    last = service.history(ACTORS[0])[0]
    print(f"cause {last['cause']}, signal {last.get('signal')}, epoch {reborn['epoch']}")
    assert last["signal"] == signal.SIGKILL
    assert service.call("tree")["zygote_pid"] != old
    assert service.stop() == 0


@pytest.mark.processes
def test_d_zygote_lost_in_the_middle_of_starts_leaves_nobody_behind(
    start_zoo: StartZoo, seeded: random.Random
) -> None:
    service = start_zoo(dict.fromkeys(ACTORS, ("idle", {})), RESETS)
    for _ in range(ROUNDS):
        # Where the last one had answered every start, all are READY before the next one is there.
        zygote = wait_for("a zygote", lambda: service.tree()["zygote_pid"], NEW_ZYGOTE_S_MAX)
        before = service.children()
        for actor in ACTORS:
            os.kill(before[actor]["pid"], signal.SIGKILL)
        time.sleep(seeded.uniform(0.0, 0.02))
        os.kill(zygote, signal.SIGKILL)
        for actor in ACTORS:
            service.wait_reborn(actor, before[actor]["epoch"], NEW_ZYGOTE_S_MAX)

        def strangers() -> set[int]:
            tree = service.call("tree")
            known = {child["pid"] for child in tree["children"]} | {tree["zygote_pid"]}
            titles = {pid: _title(pid) for pid in descendants(service.pid)}
            return {pid for pid, title in titles.items() if title and pid not in known}

        wait_for("only known processes", lambda: not strangers(), 2.0)
    print(f"{ROUNDS} rounds, {len(ACTORS)} starts each under a dying zygote")
    assert service.stop() == 0


def _title(pid: int) -> str:
    """Empty for the resource tracker, which is multiprocessing's own."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
    return "" if "resource_tracker" in text else text
