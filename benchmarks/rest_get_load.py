"""Pollers in one process: each keeps its connection and asks again as soon as it was answered.

`python rest_get_load.py HOST PORT PATH CONNECTIONS SECONDS`: prints one JSON line with how many
answers came, their size, and the times to the answer in ms.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time

READ_BYTES = 65_536
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


class Poller:
    """One connection; one request at a time."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.connection = socket.create_connection((host, port), timeout=10)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.times_ms: list[float] = []
        self.body = b""
        self._request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
        self._held = b""
        self._asked = 0.0

    def ask(self) -> None:
        self._asked = time.perf_counter()
        self.connection.sendall(self._request)

    def read(self) -> bool:
        """Whether the answer is whole now."""
        data = self.connection.recv(READ_BYTES)
        if not data:
            raise SystemExit("the server closed")
        self._held += data
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end:
            return False
        length = LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise SystemExit(f"refused: {head[:200]!r}")
        if len(body) < int(length[1]):
            return False
        self.times_ms.append((time.perf_counter() - self._asked) * 1e3)
        self.body, self._held = body, b""
        return True


def main() -> None:
    host, port, path, count, seconds = sys.argv[1:6]
    selector = selectors.DefaultSelector()
    pollers = [Poller(host, int(port), path) for _ in range(int(count))]
    for poller in pollers:
        selector.register(poller.connection, selectors.EVENT_READ, poller)
        poller.ask()
    ends = time.monotonic() + float(seconds)
    while time.monotonic() < ends:
        for key, _ in selector.select(1.0):
            if key.data.read():
                key.data.ask()
    times = sorted(each for poller in pollers for each in poller.times_ms)
    told = {
        "answers": len(times),
        "bytes": len(pollers[0].body),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[int(len(times) * 0.99)],
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
