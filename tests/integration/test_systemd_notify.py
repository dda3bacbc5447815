"""The real service under a service manager: ready, alive while it lives, silent while it stands."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.service import ROOT, Service, wait_for
from tests.full_service import plain_environment

WATCHDOG_US = 1_000_000
QUIET_S = 2.0


class Manager:
    """Keeps every datagram with the time at which it was read."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def read(self) -> list[str]:
        """What is new."""
        before = len(self.heard)
        while True:
            try:
                self.heard.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard[before:]

    def wait_for(self, text: str, timeout_s: float) -> None:
        """Until a datagram that is new holds `text`."""
        wait_for(text, lambda: any(text in each for each in self.read()), timeout_s, 0.02)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="manager-") as name:
        yield Path(name)


def test_ready_watchdog_and_stopping_of_the_real_service(folder: Path) -> None:
    manager = Manager(folder / "notify")
    env = plain_environment(
        DEMO="1",
        PORT="0",
        LOG_FORMAT="json",
        DATA_DIR=str(folder / "data"),
        RUNTIME_DIR=str(folder / "run"),
        NOTIFY_SOCKET=str(folder / "notify"),
        WATCHDOG_USEC=str(WATCHDOG_US),
    )
    command = [sys.executable, str(ROOT / "main.py"), "run", "--demo"]
    with Service(command, folder / "run", env, folder / "output") as service:
        service.launch()
        manager.wait_for("READY=1", 30.0)
        serving = {service.child(actor)["state"] for actor in ("cache", "web:1")}
        assert serving == {"ready"}
        manager.wait_for("STATUS=16 of 16 ready", 15.0)
        manager.wait_for("WATCHDOG=1", 5.0)
        assert_not_inherited(service)

        os.kill(service.pid, signal.SIGSTOP)
        manager.read()
        try:
            # Nothing can be waited for: what counts is that nothing comes.
            time.sleep(QUIET_S)
            assert manager.read() == [], "a supervisor that stands still gives no sign of life"
        finally:
            os.kill(service.pid, signal.SIGCONT)
        manager.wait_for("WATCHDOG=1", 5.0)

        assert service.stop() == 0
        manager.wait_for("STOPPING=1", 1.0)
    assert sum("READY=1" in each for each in manager.heard) == 1
    manager.close()


def assert_not_inherited(service: Service) -> None:
    """No process of the service has the manager's socket in its environment."""
    pids = [service.pid, *service.remember_processes()]
    read = 0
    for pid in pids:
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            # Not for us to see, where the tests do not run as root.
            continue
        read += 1
        assert b"NOTIFY_SOCKET" not in environ
        assert b"WATCHDOG" not in environ
    assert read or os.geteuid() != 0
