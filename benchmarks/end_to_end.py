"""Exchange frame → client: 500 book updates a second to 100 WebSocket clients, p50 and p99.

The simulator of Extended stamps each frame with its wall time (`ts`, whole milliseconds); clients
on the same machine subtract it from theirs. The peer is the usual design: one asyncio process
that reads the exchange, keeps the book, and gives each client a queue and a send.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from fanout import Program
from report import Row, Section, publish

HERE = Path(__file__).parent
ROOT = HERE.parent
UPDATES_PER_SECOND = 500
CLIENTS = 100
TIMED_CLIENTS = 5
WARM_SECONDS = 3.0
SECONDS = 10.0
START_SECONDS_MAX = 30.0
MARKET = "BTC-USD"
TOPIC = f"orderbook:extended:linear:{MARKET}"
SUBSCRIBE = json.dumps({"op": "subscribe", "topics": [TOPIC]})


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def started(arguments: list[str], folder: Path, log: str) -> subprocess.Popen[bytes]:
    output = (folder / log).open("wb")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def answered(url: str) -> None:
    """Waits until `url` answers 200."""
    ends = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within {START_SECONDS_MAX} s")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def load(port: int, path: str, hello: str) -> dict[str, Any]:
    """Ages that the timed ones of 100 clients saw while the market ran at full rate."""
    program = Program(
        "load_clients.py",
        "websocket",
        "127.0.0.1",
        str(port),
        path,
        str(CLIENTS),
        '"update"',
        hello,
        str(TIMED_CLIENTS),
    )
    try:
        program.read()
        time.sleep(WARM_SECONDS + SECONDS)
        program.tell("stop")
        return dict(program.read())
    finally:
        program.end()


def measure_ours(simulator_port: int, folder: Path) -> dict[str, Any]:
    port = free_port()
    base = f"127.0.0.1:{simulator_port}"
    settings = {
        "PORT": port,
        "DATA_DIR": folder / "data",
        "RUNTIME_DIR": folder / "run",
        "RATE_LIMIT": 0,  # hundreds of clients of one address
        "EXTENDED_MARKETS": MARKET,
        "EXTENDED_BASE_URL": f"http://{base}/api/v1",
        "EXTENDED_WS_URL": f"ws://{base}/stream.extended.exchange/v1",
        "Extended_1_BENCH_API_KEY": "bench-key-1",
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    service = started([str(ROOT / "main.py"), "run"], folder, "service.log")
    try:
        answered(f"http://127.0.0.1:{port}/ready")
        return load(port, "/ws", SUBSCRIBE)
    finally:
        service.terminate()
        service.wait(15)


def measure_peer(simulator_port: int) -> dict[str, Any]:
    url = f"ws://127.0.0.1:{simulator_port}/stream.extended.exchange/v1/orderbooks/{MARKET}"
    program = Program("end_to_end_peer.py", url)
    try:
        return load(int(program.read()["port"]), "/ws", "")
    finally:
        program.end()


def legs(ages: dict[str, Any]) -> dict[str, float]:
    """p50 and p99 of the whole way, and of the way from each time that an event carries."""
    figures: dict[str, float] = {"updates": len(ages["venue_time_us"])}
    if figures["updates"] < UPDATES_PER_SECOND:
        raise SystemExit(f"only {figures['updates']} updates arrived")
    for name in ("venue_time_us", "received_us", "at_us"):
        values = ages[name]
        warmed = values[int(len(values) * WARM_SECONDS / (WARM_SECONDS + SECONDS)) :]
        if warmed:
            figures[f"{name} p50"] = percentile(warmed, 0.5)
            figures[f"{name} p99"] = percentile(warmed, 0.99)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        accounts = folder / "accounts.json"
        accounts.write_text(json.dumps([{"name": "1", "api_key": "bench-key-1"}]))
        port = free_port()
        simulator = started(
            [
                *(str(ROOT / "main.py"), "simulate", "--venue", "extended"),
                *("--port", str(port), "--accounts-file", str(accounts)),
            ],
            folder,
            "simulator.log",
        )
        try:
            answered(f"http://127.0.0.1:{port}/_simulator/state")
            set_rate(port)
            ours = legs(measure_ours(port, folder))
            peer = legs(measure_peer(port))
        finally:
            simulator.terminate()
            simulator.wait(10)
    publish(section(ours, peer))


def set_rate(port: int) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_simulator/rate",
        data=json.dumps({"market": MARKET, "updates_per_s": UPDATES_PER_SECOND}).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        answer.read()


LEGS = {
    "venue_time_us": "exchange → client",
    "received_us": "leg: received by our process → client",
    "at_us": "leg: composed in web → client",
}


def section(ours: dict[str, float], peer: dict[str, float]) -> Section:
    rows = []
    for name, what in LEGS.items():
        for share in ("p99", "p50"):
            figure = f"{name} {share}"
            aim = 1 / 2 if figure == "venue_time_us p99" else None
            against = "queue per client" if figure in peer else ""
            rows.append(Row(f"{what}, {share}", ours[figure], "ms", against, peer.get(figure), aim))
    return Section(
        "end_to_end",
        "Exchange frame → client",
        f"{UPDATES_PER_SECOND} book updates a second from the simulator, {CLIENTS} WebSocket "
        f"clients, {SECONDS:g} s, {TIMED_CLIENTS} clients timed "
        f"({ours['updates']:.0f} and {peer['updates']:.0f} updates seen: a server that does not "
        "keep up delivers fewer, later). Ours goes through three processes (stream, cache, web), "
        "the peer is one. The exchange's time has whole milliseconds.",
        tuple(rows),
    )


if __name__ == "__main__":
    main()
