"""50 actors, 20 kills a second for 30 s: who comes back, how soon, and what is left behind."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from report import Row, Section, publish  # noqa: E402 - below the path it needs

from tests.chaos.service import ZooService  # noqa: E402

ACTORS = 50
KILLS_PER_SECOND = 20
SECONDS = 30.0
SEED = 7
RECOVER_SECONDS_MAX = 10.0
SETTLE_SECONDS = 2.0
LIMITS = {"reset_after_stream_s": 0.0}


def descriptors(pids: list[int]) -> int:
    """How many files the processes hold open together."""
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)


def zombies_below(service: ZooService) -> int:
    """Dead children that nobody reaped, of the supervisor, its zygote and their children."""
    family = {service.pid, *service.remember_processes()}
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "stat").read_bytes()
        except OSError:
            continue
        fields = text[text.rindex(b")") + 2 :].split()
        count += fields[0] == b"Z" and int(fields[1]) in family
    return count


def storm(service: ZooService, actors: list[str]) -> dict[tuple[str, int], int]:
    """Kills at an even pace, never one that is already dead; when each (actor, epoch) died."""
    draw = random.Random(SEED)
    killed: dict[tuple[str, int], int] = {}
    began = time.monotonic()
    for number in range(int(KILLS_PER_SECOND * SECONDS)):
        time.sleep(max(0.0, began + number / KILLS_PER_SECOND - time.monotonic()))
        children = service.children()
        ready = [actor for actor in actors if children[actor]["state"] == "ready"]
        if not ready:
            raise SystemExit("nobody is ready any more")
        actor = draw.choice(ready)
        child = children[actor]
        killed[actor, child["epoch"]] = time.monotonic_ns()
        os.kill(child["pid"], signal.SIGKILL)
    took = time.monotonic() - began
    if took > SECONDS * 1.2:
        raise SystemExit(f"the storm took {took:.1f} s, expected {SECONDS:g}")
    return killed


def main() -> None:
    actors = [f"orderbook:zoo:linear:A{number}" for number in range(ACTORS)]
    with ZooService({actor: ("idle", {}) for actor in actors}, LIMITS, seed=SEED) as service:
        service.start(30.0)
        time.sleep(SETTLE_SECONDS)
        outer = [service.pid, *service.remember_processes()]
        lasting = [pid for pid in outer if pid not in service.pids().values()]
        before, family_before = descriptors(lasting), len(lasting)
        killed = storm(service, actors)
        service.wait_ready(RECOVER_SECONDS_MAX)
        time.sleep(SETTLE_SECONDS)
        living = [pid for pid in lasting if Path(f"/proc/{pid}").exists()]
        left_fds = descriptors(living) - before
        left_zombies = zombies_below(service)
        told = service.announced()
        service.stop()
    if len(living) != family_before:
        raise SystemExit("the supervisor or its zygote was replaced during the storm")
    ready_at = {(each["actor"], each["epoch"]): each for each in told if each["state"] == "ready"}
    took_ms = sorted(
        (ready_at[actor, epoch + 1]["mono_ns"] - died_ns) / 1e6
        for (actor, epoch), died_ns in killed.items()
        if (actor, epoch + 1) in ready_at
    )
    publish(section(len(killed), took_ms, left_fds, left_zombies))


def section(kills: int, took_ms: list[float], fds: int, zombies: int) -> Section:
    lost = kills - len(took_ms)
    return Section(
        "restart_storm",
        "Restart storm",
        f"{ACTORS} actors under the real supervisor, {KILLS_PER_SECOND} × kill -9 a second for "
        f"{SECONDS:g} s (seed {SEED}). Recovered = the very next incarnation said that it is "
        "ready. Open files and unreaped children are those of the supervisor and its zygote, "
        "after the storm less before.",
        (
            Row("kills", kills, ""),
            Row("recovered", 100 * len(took_ms) / kills, "%", note=verdict(lost == 0, "100 %")),
            Row("open files, more than before", fds, "", note=verdict(fds <= 0, "0")),
            Row("unreaped children", zombies, "", note=verdict(zombies == 0, "0")),
            Row("kill → ready, p50", took_ms[len(took_ms) // 2], "ms"),
            Row("kill → ready, p99", took_ms[int(len(took_ms) * 0.99)], "ms"),
            Row("kill → ready, longest", took_ms[-1], "ms"),
        ),
    )


def verdict(is_met: bool, aim: str) -> str:
    return f"{'met' if is_met else 'MISSED'}: {aim}"


if __name__ == "__main__":
    main()
