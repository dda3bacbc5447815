"""Many cheap stream clients in one process: they count what arrives, as fast as a socket reads.

Run as a program: prints one JSON line when all are connected, one when told to stop.
`python load_clients.py KIND HOST PORT PATH COUNT MARK HELLO [TIMED]`, KIND `sse` or `websocket`;
the first TIMED clients also note how old each event is (`venue_time_us`, `received_us`).
"""

from __future__ import annotations

import base64
import json
import os
import re
import selectors
import socket
import sys
import time

HANDSHAKE_BYTES_MAX = 65_536
READ_BYTES = 262_144
RUN_SECONDS_MAX = 120.0
TIMES = {
    name: re.compile(rb'"%s":(\d+)' % name.encode())
    for name in ("venue_time_us", "received_us", "at_us")
}


def request(kind: str, host: str, port: int, path: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    if kind == "sse":
        return f"{head}Accept: text/event-stream\r\n\r\n".encode()
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"{head}Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def masked_text(text: bytes) -> bytes:
    """A client's text frame with the zero mask, which leaves the payload as it is."""
    return bytes((0x81, 0x80 | len(text))) + b"\0\0\0\0" + text


def connect(kind: str, host: str, port: int, path: str, hello: bytes) -> tuple[socket.socket, int]:
    connection = socket.create_connection((host, port), timeout=20)
    connection.sendall(request(kind, host, port, path))
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(4096)
        if not chunk or len(head) > HANDSHAKE_BYTES_MAX:
            raise SystemExit(f"handshake refused: {head[:200]!r}")
        head += chunk
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")):
        raise SystemExit(f"handshake refused: {head[:200]!r}")
    if hello:
        connection.sendall(masked_text(hello))
    connection.setblocking(False)
    return connection, len(head)


class Stopwatch:
    """Ages in ms of the events that one connection reads, by each of the times they carry."""

    def __init__(self) -> None:
        self.ages: dict[str, list[float]] = {name: [] for name in TIMES}
        self._rest = b""

    def note(self, data: bytes) -> None:
        now_us = time.time() * 1e6
        data = self._rest + data
        # Only up to the last whole message: its times may not have come yet.
        whole = data.rfind(b"\x81")
        self._rest = data[whole:]
        for name, pattern in TIMES.items():
            ages = self.ages[name]
            ages += [(now_us - int(found[1])) / 1000 for found in pattern.finditer(data[:whole])]


def main() -> None:
    kind, host, port, path, count, mark = sys.argv[1:7]
    hello = sys.argv[7].encode() if len(sys.argv) > 7 else b""
    wanted = mark.encode()
    selector = selectors.DefaultSelector()
    watch = Stopwatch()
    timed = int(sys.argv[8]) if len(sys.argv) > 8 else 0
    for index in range(int(count)):
        connection, _size = connect(kind, host, int(port), path, hello)
        selector.register(connection, selectors.EVENT_READ, index < timed)
    print(json.dumps({"connected": int(count)}), flush=True)
    selector.register(sys.stdin, selectors.EVENT_READ)
    received = marks = 0
    ends_of: dict[object, bytes] = {}
    overlap = len(wanted) - 1
    ends = time.monotonic() + RUN_SECONDS_MAX
    while time.monotonic() < ends:
        for key, _events in selector.select(1.0):
            if key.fileobj is sys.stdin:
                if sys.stdin.readline().strip() != "stop":
                    raise SystemExit(1)
                told = {"bytes": received, "events": marks}
                print(json.dumps({**told, **(watch.ages if timed else {})}), flush=True)
                return
            try:
                data = key.fileobj.recv(READ_BYTES)  # type: ignore[union-attr]
            except BlockingIOError:
                continue
            received += len(data)
            # A mark may be cut in two by the end of a read.
            marks += (ends_of.get(key.fileobj, b"") + data).count(wanted)
            ends_of[key.fileobj] = data[-overlap:]
            if key.data:
                watch.note(data)
            if not data:
                selector.unregister(key.fileobj)


if __name__ == "__main__":
    main()
