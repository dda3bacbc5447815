"""kill -9 → the replacement's first frame, start of an actor, private memory of a working one."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from end_to_end import answered, free_port, started  # noqa: E402 - below the path it needs
from report import Row, Section, publish  # noqa: E402

from tests.chaos.service import Service, ZooService  # noqa: E402

KILLS = 200
ACTORS = 6
STARTS = 40
SPAWN_STARTS = 12
SETTLE_SECONDS = 5.0
SEED = 7
FRAME = struct.Struct(">IQ")
FIRST_FRAME_SECONDS_MAX = 5.0
RESETS = {"reset_after_stream_s": 0.0, "heartbeat_deadline_s": 30.0}


class FirstFrames(threading.Thread):
    """Notes when the first frame of each (actor, epoch) arrived, on the monotonic clock."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._seen: dict[tuple[str, int], float] = {}
        self._news = threading.Condition()

    def run(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            name = stream.read(stream.read(1)[0]).decode()
            frame = stream.read(FRAME.size)
            now = time.monotonic()
            if len(frame) < FRAME.size:
                return
            epoch, _number = FRAME.unpack(frame)
            with self._news:
                self._seen[name, epoch] = now
                self._news.notify_all()
            while stream.read(FRAME.size):
                pass

    def when(self, actor: str, epoch: int) -> float:
        with self._news:
            if not self._news.wait_for(
                lambda: (actor, epoch) in self._seen, FIRST_FRAME_SECONDS_MAX
            ):
                raise SystemExit(f"no frame of {actor} epoch {epoch}")
            return self._seen[actor, epoch]


def measure_kills(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds from kill -9 to the replacement's first frame, and from `start` to the first."""
    frames = FirstFrames(folder / "frames")
    frames.start()
    config = {"reader": str(folder / "frames")}
    actors = [f"orderbook:zoo:linear:A{number}" for number in range(ACTORS)]
    generator = random.Random(SEED)
    reborn: list[float] = []
    begun: list[float] = []
    with ZooService(dict.fromkeys(actors, ("counter", config)), RESETS) as service:
        service.start()
        for number in range(KILLS):
            actor = actors[number % ACTORS] if number < ACTORS else generator.choice(actors)
            child = service.child(actor)
            began = time.monotonic()
            os.kill(child["pid"], signal.SIGKILL)
            reborn.append(frames.when(actor, child["epoch"] + 1) - began)
            service.wait_reborn(actor, child["epoch"], FIRST_FRAME_SECONDS_MAX)
        for _ in range(STARTS):
            actor = generator.choice(actors)
            epoch = service.child(actor)["epoch"]
            service.call("stop", actor=actor)
            stopped(service, actor)
            began = time.monotonic()
            service.call("start", actor=actor)
            begun.append(frames.when(actor, epoch + 1) - began)
            service.wait_reborn(actor, epoch, FIRST_FRAME_SECONDS_MAX)
        service.stop()
    return reborn, begun


def stopped(service: Service, actor: str) -> None:
    ends = time.monotonic() + FIRST_FRAME_SECONDS_MAX
    while service.child(actor)["state"] != "stopped":
        if time.monotonic() > ends:
            raise SystemExit(f"{actor} does not stop")
        time.sleep(0.005)


def measure_memory(folder: Path) -> tuple[int, int, dict[str, list[float]]]:
    """Private bytes of a working order book actor and account actor, and the spawned peer's."""
    port, venue_port = free_port(), free_port()
    accounts = folder / "accounts.json"
    accounts.write_text(json.dumps([{"name": "1", "api_key": "bench-key-1"}]))
    simulate = ["simulate", "--venue", "extended", "--port", str(venue_port)]
    base_url = f"http://127.0.0.1:{venue_port}/api/v1"
    ws_url = f"ws://127.0.0.1:{venue_port}/stream.extended.exchange/v1"
    (folder / ".env").write_text(
        f"PORT={port}\nDATA_DIR={folder}/data\nRUNTIME_DIR={folder}/run\nRATE_LIMIT=0\n"
        f"EXTENDED_MARKETS=BTC-USD\nEXTENDED_BASE_URL={base_url}\nEXTENDED_WS_URL={ws_url}\n"
        "Extended_1_BENCH_API_KEY=bench-key-1\n"
    )
    main = str(ROOT / "main.py")
    simulator = started(
        [main, *simulate, "--accounts-file", str(accounts)], folder, "simulator.log"
    )
    try:
        answered(f"http://127.0.0.1:{venue_port}/_simulator/state")
        service = started([main, "run"], folder, "service.log")
        try:
            answered(f"http://127.0.0.1:{port}/ready")
            time.sleep(SETTLE_SECONDS)
            book, account = working_memory(folder)
        finally:
            service.terminate()
            service.wait(15)
        stream = {
            "actor": "orderbook:extended:linear:BTC-USD",
            "entry": "actors.stream:run",
            "config": {
                "venue": "extended",
                "kind": "orderbook",
                "product": "linear",
                "symbol": "BTC-USD",
                "base_url": base_url,
                "ws_url": ws_url,
            },
        }
        return book, account, spawned(stream)
    finally:
        simulator.terminate()
        simulator.wait(10)


def working_memory(folder: Path) -> tuple[int, int]:
    from processes_peer import private_bytes

    from actors.runtime.control_client import call_blocking

    tree = call_blocking(folder / "run" / "control.sock", "tree", 5.0)
    pids = {child["actor"]: child["pid"] for child in tree["children"]}
    book = private_bytes(pids["orderbook:extended:linear:BTC-USD"])
    return book, private_bytes(pids["account:extended:1"])


def spawned(told: dict[str, object]) -> dict[str, list[float]]:
    arguments = [json.dumps(told), str(SPAWN_STARTS), str(SETTLE_SECONDS / 2)]
    answer = subprocess.run(
        [sys.executable, str(HERE / "processes_peer.py"), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    figures: dict[str, list[float]] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        reborn, begun = measure_kills(Path(name))
    with tempfile.TemporaryDirectory() as name:
        book, account, peer = measure_memory(Path(name))
    reborn.sort()
    spawn_start = statistics.median(peer["took_s"]) * 1e3
    spawn_private = statistics.median(peer["private_bytes"]) / 2**20
    start = statistics.median(begun) * 1e3
    p50, p99 = statistics.median(reborn) * 1e3, reborn[int(len(reborn) * 0.99)] * 1e3
    spawn = "multiprocessing spawn"
    publish(
        Section(
            "processes",
            "Processes",
            f"{KILLS} kills of {ACTORS} actors (seed {SEED}), {STARTS} starts asked over the "
            f"control socket, {SPAWN_STARTS} starts of the peer: the same entry in a spawned "
            "process that imports what the actor needs. Memory is the private part "
            "(smaps_rollup) of an order book actor at work on the simulator.",
            (
                Row("kill -9 → replacement's first frame, p50", p50, "ms"),
                Row("kill -9 → replacement's first frame, p99", p99, "ms"),
                Row("start of an actor, p50", start, "ms", spawn, spawn_start, 1 / 10),
                Row(
                    "private memory, order book actor",
                    book / 2**20,
                    "MiB",
                    spawn,
                    spawn_private,
                    1 / 3,
                ),
                Row("private memory, account actor", account / 2**20, "MiB"),
            ),
        )
    )


if __name__ == "__main__":
    main()
