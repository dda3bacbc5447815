"""(a) 200 times kill -9 of actors: READY again each time within a second, siblings lose nothing."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.chaos.conftest import StartZoo
from tests.chaos.service import ZooService, wait_for

KILLS = 200
WARM_UP_KILLS = 20
VICTIMS = 6
SIBLINGS = 4
READY_AGAIN_S_MAX = 1.0
DESCRIPTORS_SLACK = 3
RESETS = {"reset_after_stream_s": 0.0, "heartbeat_deadline_s": 30.0}
_FRAME = struct.Struct(">IQ")


class Reader(threading.Thread):
    """Receives the numbered frames of all actors and counts each hole in the numbers."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self.last: dict[tuple[str, int], int] = {}
        self.lost = 0
        self.doubled = 0
        self.longest_gap_s: dict[str, float] = {}

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._read, args=(connection,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            name = stream.read(stream.read(1)[0]).decode()
            before = time.monotonic()
            while len(frame := stream.read(_FRAME.size)) == _FRAME.size:
                epoch, number = _FRAME.unpack(frame)
                now = time.monotonic()
                expected = self.last.get((name, epoch), 0) + 1
                self.lost += max(0, number - expected)
                self.doubled += number < expected
                self.last[name, epoch] = number
                gap = max(self.longest_gap_s.get(name, 0.0), now - before)
                self.longest_gap_s[name] = gap
                before = now

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join(5)
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


@pytest.fixture
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    path = Path(tmp_path_factory.mktemp("r")) / "r"
    reader = Reader(path)
    reader.path = path  # type: ignore[attr-defined]
    reader.start()
    yield reader
    reader.close()


def _zygote_descriptors(service: ZooService) -> int | None:
    """None where only root may look (inspection of our processes is forbidden)."""
    zygote = psutil.Process(service.tree()["zygote_pid"])
    try:
        return zygote.num_fds()
    except psutil.AccessDenied:
        return None


def _zombies(service: ZooService) -> int:
    supervisor = psutil.Process(service.pid)
    states = [child.status() for child in supervisor.children(recursive=True)]
    return states.count(psutil.STATUS_ZOMBIE)


@pytest.mark.processes
def test_a_200_kills_ready_again_within_a_second_and_siblings_lose_nothing(
    start_zoo: StartZoo, reader: Reader, seeded: random.Random
) -> None:
    config = {"reader": str(reader.path)}  # type: ignore[attr-defined]
    victims = [f"orderbook:zoo:linear:V{number}" for number in range(VICTIMS)]
    siblings = [f"orderbook:zoo:linear:S{number}" for number in range(SIBLINGS)]
    service = start_zoo(dict.fromkeys(victims + siblings, ("counter", config)), RESETS)
    before = service.children()
    took_s: list[float] = []
    flat: list[tuple[int, int | None]] = []
    begun = time.monotonic()
    for number in range(KILLS):
        if number == WARM_UP_KILLS:
            flat.append((service.tree()["descriptors"], _zygote_descriptors(service)))
        victim = seeded.choice(victims)
        child = service.child(victim)
        killed_ns = time.time_ns()
        os.kill(child["pid"], signal.SIGKILL)
        reborn = service.wait_reborn(victim, child["epoch"], 5.0)
        assert reborn["epoch"] == child["epoch"] + 1
        assert reborn.get("attempt", 0) == 0
        took_s.append((reborn["ready_ns"] - killed_ns) / 1e9)
    elapsed_s = time.monotonic() - begun
    flat.append((service.tree()["descriptors"], _zygote_descriptors(service)))

    took_s.sort()
    p50, p99 = statistics.median(took_s), took_s[int(KILLS * 0.99)]
    print(f"kill -9 to READY, n={KILLS} in {elapsed_s:.1f} s: p50 {p50 * 1e3:.1f} ms, ", end="")
    print(f"p99 {p99 * 1e3:.1f} ms, max {took_s[-1] * 1e3:.1f} ms")
    assert took_s[-1] <= READY_AGAIN_S_MAX

    after = service.children()
    for sibling in siblings:
        assert after[sibling]["pid"] == before[sibling]["pid"]
        assert after[sibling]["epoch"] == 1
    # Each sibling still sends, and its newest number is as far as the time that has passed.
    reached = dict(reader.last)
    wait_for(
        "siblings go on",
        lambda: all(reader.last[actor, 1] > reached[actor, 1] for actor in siblings),
        5.0,
    )
    frames = {actor: reader.last[actor, 1] for actor in siblings}
    gaps = {actor: round(reader.longest_gap_s[actor] * 1e3) for actor in siblings}
    print(f"siblings' frames {frames}, longest gap in ms {gaps}, lost {reader.lost}")
    assert reader.lost == 0
    assert reader.doubled == 0

    (supervisor_first, zygote_first), (supervisor_last, zygote_last) = flat
    print(f"descriptors: supervisor {supervisor_first} → {supervisor_last}, ", end="")
    print(f"zygote {zygote_first} → {zygote_last}")
    assert abs(supervisor_last - supervisor_first) <= DESCRIPTORS_SLACK
    if zygote_first is not None and zygote_last is not None:
        assert abs(zygote_last - zygote_first) <= DESCRIPTORS_SLACK
    wait_for("no zombies", lambda: _zombies(service) == 0, 2.0)
    assert service.stop() == 0
