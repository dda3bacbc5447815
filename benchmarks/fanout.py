"""Server CPU per delivery of one 300-byte event to 100 and 1,000 WebSocket and SSE clients."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from report import Row, Section, publish

HERE = Path(__file__).parent
CLIENTS = (100, 1_000)
DELIVERIES_PER_SECOND = 20_000
SECONDS = 4.0
ROUNDS = 3
MARKS = {"ours": '"kind":"mark_price"', "peer": "bench-"}


class Program:
    """A child that answers lines on stdin with JSON lines on stdout."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> dict[str, float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended: {self._process.wait(5)}")
        answer: dict[str, float] = json.loads(line)
        return answer

    def tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def measure(server: tuple[str, ...], kind: str, path: str, clients: int, hello: str) -> float:
    """CPU of the server in µs a delivery; every event must have reached every client."""
    program = Program(*server)
    try:
        port = int(program.read()["port"])
        mark = MARKS["ours" if server[0] == "fanout_ours.py" else "peer"]
        load = Program(
            "load_clients.py", kind, "127.0.0.1", str(port), path, str(clients), mark, hello
        )
        try:
            load.read()
            rate = DELIVERIES_PER_SECOND / clients
            program.tell(f"{rate} 1")
            program.read()
            figures = []
            events = 0
            for _ in range(ROUNDS):
                program.tell(f"{rate} {SECONDS}")
                answer = program.read()
                events += int(answer["events"])
                figures.append(answer["cpu_s"] / (answer["events"] * clients))
            load.tell("stop")
            arrived = load.read()["events"]
            expected = (events + int(rate)) * clients
            if arrived != expected:
                raise SystemExit(f"{server}: {arrived} deliveries of {expected}")
            return min(figures) * 1e6
        finally:
            load.end()
    finally:
        program.end()


SUBSCRIBE = '{"op":"subscribe","topics":["mark:bench:linear:X"]}'


def main() -> None:
    rows = []
    for clients in CLIENTS:
        ours = measure(("fanout_ours.py",), "websocket", "/ws", clients, SUBSCRIBE)
        usual = measure(("fanout_peers.py", "usual"), "websocket", "/ws", clients, "")
        broadcast = measure(("fanout_peers.py", "broadcast"), "websocket", "/", clients, "")
        what = f"WebSocket, {clients} clients"
        rows.append(Row(what, ours, "µs", "queue per client", usual, 1 / 4))
        rows.append(Row(what, ours, "µs", "websockets.broadcast()", broadcast, 1.0))
        ours = measure(
            ("fanout_ours.py",), "sse", "/api/stream?topics=mark:bench:linear:X", clients, ""
        )
        usual = measure(("fanout_peers.py", "usual"), "sse", "/sse", clients, "")
        rows.append(Row(f"SSE, {clients} clients", ours, "µs", "queue per client", usual, 1 / 4))
    publish(
        Section(
            "fanout",
            "Fan-out",
            "Server CPU µs per delivery of one 300-byte event, one event a loop turn, "
            f"{DELIVERIES_PER_SECOND} deliveries a second, every one counted at the client; "
            f"best of {ROUNDS} rounds of {SECONDS:g} s; all servers on uvloop. Our events are "
            "larger than the peers': they carry id, previous id and freshness. The peer is the "
            "same app as usually written: Quart on Hypercorn, a queue and a send per client.",
            tuple(rows),
        )
    )


if __name__ == "__main__":
    main()
