"""GET of a held answer of about 2 kB: our web app against the usual Quart route with `jsonify`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from fanout import Program
from report import Row, Section, publish

HERE = Path(__file__).parent
HOST = "127.0.0.1"
CONNECTIONS = 16
SECONDS = 2.0
ROUNDS = 3
PATHS = {
    "an account": "/api/accounts/1",
    "an order book of 42 levels a side": "/api/orderbook/BTC-USD",
}


def load(port: int, path: str) -> dict[str, Any]:
    arguments = [HOST, str(port), path, str(CONNECTIONS), str(SECONDS)]
    ran = subprocess.run(
        [sys.executable, str(HERE / "rest_get_load.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if ran.returncode:
        raise SystemExit(f"{path}: {ran.stderr[-1_000:]}")
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def measure(program: Program, port: int, path: str) -> dict[str, float]:
    """One round: requests a second, CPU of the server in µs a request."""
    program.tell("now")
    before = program.read()["cpu_s"]
    answered = load(port, path)
    program.tell("now")
    spent = program.read()["cpu_s"] - before
    count = answered["answers"]
    return {**answered, "rate": count / SECONDS, "cpu_us": spent / count * 1e6}


def profiled(program: Program, port: int, path: str) -> list[tuple[str, float]]:
    program.tell("profile")
    program.read()
    load(port, path)
    program.tell("now")
    told: Any = program.read()
    return [(name, share) for name, share in told["top"]]


def main() -> None:
    ours = Program("rest_get_servers.py", "ours")
    rows: list[Row] = []
    told = []
    try:
        port = int(ours.read()["port"])
        for what, path in PATHS.items():
            with urllib.request.urlopen(f"http://{HOST}:{port}{path}", timeout=5) as answer:
                body = answer.read()
            if not 1_500 <= len(body) <= 2_500:
                raise SystemExit(f"{path} has {len(body)} bytes, expected about 2 kB")
            rows += compared(what, path, body, ours, port)
            tops = profiled(ours, port, path)
            told.append(f"{what}: " + ", ".join(f"`{name}` {share:.0%}" for name, share in tops))
    finally:
        ours.end()
    publish(
        Section(
            "rest_get",
            "REST GET of a held answer",
            f"{CONNECTIONS} pollers that keep their connection and ask again at once, median of "
            f"{ROUNDS} rounds of {SECONDS:g} s in turn, uvloop on both sides. Ours checks Host, "
            "Origin and token, composes freshness anew for each answer and is never a stored one; "
            "the peer is Quart on Hypercorn with one route and `jsonify` of the very same dict. "
            f"What our time goes to (share of own time, profiled): {'; '.join(told)}.",
            tuple(rows),
        )
    )


def compared(what: str, path: str, body: bytes, ours: Program, port: int) -> list[Row]:
    with tempfile.NamedTemporaryFile(suffix=".json") as held:
        held.write(body)
        held.flush()
        peer = Program("rest_get_servers.py", "usual", held.name)
        try:
            peer_port = int(peer.read()["port"])
            rounds: list[tuple[dict[str, float], dict[str, float]]] = [
                (measure(ours, port, path), measure(peer, peer_port, "/held"))
                for _ in range(ROUNDS)
            ]
        finally:
            peer.end()

    def medians(figure: str) -> tuple[float, float]:
        mine, theirs = ([pair[side][figure] for pair in rounds] for side in (0, 1))
        return statistics.median(mine), statistics.median(theirs)

    figures = {
        "CPU a request": ("cpu_us", "µs"),
        "requests a second": ("rate", "/s"),
        "time to the answer, p50": ("p50_ms", "ms"),
        "time to the answer, p99": ("p99_ms", "ms"),
    }
    rows = []
    for name, (figure, unit) in figures.items():
        mine, theirs = medians(figure)
        label = f"{what} ({len(body)} bytes): {name}"
        rows.append(Row(label, mine, unit, "Quart, jsonify", theirs))
    return rows


if __name__ == "__main__":
    main()
