"""The spawner: a zygote that dies, hangs or cannot be started is replaced, actors live on."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.clock import SystemClock
from actors.supervision import spawner
from actors.supervision.events import (
    Beat,
    BecameReady,
    Exited,
    SpawnFailed,
    ZygoteLost,
    ZygoteReady,
)
from actors.supervision.spawner import Spawner
from tests.zoo.nursery import Nursery

pytestmark = pytest.mark.processes


def _zygote_pid(nursery: Nursery) -> int:
    pid = nursery.children.spawner.pid
    assert pid is not None
    return pid


async def test_killed_zygote_is_replaced_and_children_live_on() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        await nursery.wait(BecameReady, child)
        pid = await nursery.pid(child)
        old = _zygote_pid(nursery)
        seen = len(nursery.messages)
        os.kill(old, signal.SIGKILL)
        await nursery.wait(ZygoteLost, after=seen)
        await nursery.wait(ZygoteReady, after=seen)
        assert _zygote_pid(nursery) != old
        seen = len(nursery.messages)
        await nursery.wait(Beat, child, after=seen)
        os.kill(pid, signal.SIGKILL)
        # This test is no sub-reaper, so nobody can know how its orphan ended: that is legal.
        info = await nursery.end(child)
        assert (info.code, info.signal) == (None, None)
        assert any(fault.kind == "ZygoteLost" for fault in nursery.faults)


async def test_stopped_zygote_is_replaced_and_its_unanswered_starts_leave_nobody() -> None:
    async with Nursery() as nursery:
        old = _zygote_pid(nursery)
        os.kill(old, signal.SIGSTOP)
        begun = time.monotonic()
        seen = len(nursery.messages)
        asked = [nursery.spawn("idle") for _ in range(5)]
        await nursery.wait(ZygoteLost, after=seen)
        took_s = time.monotonic() - begun
        assert spawner.SILENCE_S <= took_s <= spawner.SILENCE_S + 2 * spawner.PING_S + 0.5
        await nursery.wait(ZygoteReady, after=seen)
        answered = [m for m in nursery.messages[seen:] if isinstance(m, (BecameReady, SpawnFailed))]
        assert answered == []
        assert nursery.children._table == {}
        child = nursery.spawn("idle")
        await nursery.wait(BecameReady, child)
        assert len(asked) == 5


async def test_zygote_that_dies_with_starts_under_way_leaves_nobody_unknown() -> None:
    async with Nursery() as nursery:
        asked = [nursery.spawn("idle") for _ in range(10)]
        os.kill(_zygote_pid(nursery), signal.SIGKILL)
        await nursery.wait(ZygoteLost)
        known = {life.pid for life in nursery.children._table.values()}
        assert None not in known
        assert len(known) <= len(asked)
        # Whoever was forked but never named dies by its lifeline.
        unknown = {pid for pid in _children_of_this_process() if pid not in known}
        unknown.discard(nursery.children.spawner.pid or 0)
        await _until_gone(unknown)


def _children_of_this_process() -> set[int]:
    tasks = Path("/proc/self/task").iterdir()
    texts = [(task / "children").read_text() for task in tasks]
    pids = {int(pid) for text in texts for pid in text.split()}
    return {pid for pid in pids if "broadcaster: stream" in _title(pid)}


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


async def _until_gone(pids: set[int]) -> None:
    async with asyncio.timeout(2.0):
        while any(_title(pid) for pid in pids):  # noqa: ASYNC110 - other processes give no event
            await asyncio.sleep(0.01)


async def test_a_start_without_a_zygote_is_dropped_as_the_loss_was_told() -> None:
    async with Nursery() as nursery:
        os.kill(_zygote_pid(nursery), signal.SIGKILL)
        await nursery.wait(ZygoteLost)
        nursery.children.spawner._zygote, held = None, nursery.children.spawner._zygote
        child = nursery.spawn("idle")
        assert not nursery.children._table
        nursery.children.spawner._zygote = held
        assert not [m for m in nursery.messages if isinstance(m, (SpawnFailed, Exited))]
        assert child[0] == "stream:idle"


class _Household:
    """Counts losses."""

    def __init__(self) -> None:
        self.reasons: list[tuple[float, str]] = []
        self.enough = asyncio.Event()

    def zygote_lost(self, unanswered: Any, reason: str) -> None:
        assert unanswered == ()
        self.reasons.append((time.monotonic(), reason))
        if len(self.reasons) == 4:
            self.enough.set()


async def test_zygote_that_cannot_be_started_is_tried_again_after_each_delay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(11, "no processes")

    monkeypatch.setattr(spawner, "_Zygote", refuse)
    household = _Household()
    tried = Spawner(household, SystemClock(), (0.0, 0.05, 0.1), ())  # type: ignore[arg-type]
    tried.open()
    async with asyncio.timeout(5):
        await household.enough.wait()
    await tried.close()
    times = [at for at, _ in household.reasons]
    waits = [after - before for before, after in itertools.pairwise(times)]
    assert waits[0] < 0.05
    assert waits[1] >= 0.05
    assert waits[2] >= 0.1
    assert "no processes" in household.reasons[0][1]


async def test_silence_is_forgiven_when_the_supervisor_itself_stood_still() -> None:
    async with Nursery() as nursery:
        old = _zygote_pid(nursery)
        seen = len(nursery.messages)
        held = nursery.children.spawner._zygote
        assert held is not None
        # As after a pause of the machine: long ago something was owed, and long ago we looked.
        long_ago = time.monotonic_ns() - 60 * 10**9
        held.heard_ns = held.owed_since_ns = long_ago
        nursery.children.spawner._checked_ns = long_ago
        nursery.children.spawner._check()
        await nursery.wait(BecameReady, nursery.spawn("idle"))
        assert _zygote_pid(nursery) == old
        assert not [m for m in nursery.messages[seen:] if isinstance(m, ZygoteLost)]
