"""What the service manager is told, over a real datagram socket and on a fake clock."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.errors import ConfigFault
from actors.messages.control import ChildStatus
from actors.runtime.clock import FakeClock
from actors.supervision.notify import Notifier
from config.environment import scrubbed
from config.notify_socket import NotifySocket, read_notify_socket

SECOND_US = 1_000_000


class Manager:
    """Stands where systemd listens."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Manager]:
    # Paths of unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="notify-") as folder:
        path = f"{folder}/notify"
        listening = Manager(path if request.param == "path" else f"@broadcaster-test-{os.getpid()}")
        yield listening
        listening.close()


class Told:
    """A notifier whose pulse answers when the test wants it to."""

    def __init__(self, address: str, watchdog_us: int = 0) -> None:
        self.clock = FakeClock()
        self.pulses = 0
        self.complaints: list[str] = []
        self.notifier = Notifier(
            NotifySocket(address=address, watchdog_us=watchdog_us),
            self.clock,
            pulse=self._pulse,
            complain=self.complaints.append,
        )

    def _pulse(self) -> None:
        self.pulses += 1

    def child(self, actor: str, kind: str, state: str, reason: str = "") -> None:
        self.notifier.child(ChildStatus(actor=actor, kind=kind, state=state, reason=reason))

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.notifier.turn()


Tell = Callable[..., Told]


@pytest.fixture
def tell() -> Iterator[Tell]:
    made: list[Told] = []

    def make(address: str, watchdog_us: int = 0) -> Told:
        made.append(Told(address, watchdog_us))
        return made[-1]

    yield make
    for told in made:
        told.notifier.close()


def test_ready_is_said_once_when_cache_and_every_web_serve(manager: Manager, tell: Tell) -> None:
    told = tell(manager.address)
    told.child("account:x:1", "account", "quarantined")
    for actor, kind in (("cache", "cache"), ("web:1", "web"), ("web:2", "web")):
        told.child(actor, kind, "new")
    told.child("cache", "cache", "ready")
    told.child("web:1", "web", "ready")
    assert manager.heard() == []
    told.child("web:2", "web", "ready")
    assert manager.heard() == ["READY=1\nSTATUS=3 of 4 ready; quarantined: account:x:1"]
    told.child("web:2", "web", "backoff")
    told.child("web:2", "web", "ready")
    assert manager.heard() == [], "a restart is no second start"


def test_without_a_cache_nothing_serves(manager: Manager, tell: Tell) -> None:
    told = tell(manager.address)
    told.child("web:1", "web", "ready")
    assert manager.heard() == []


def test_the_status_follows_at_most_once_a_second_and_names_who_stands_aside(
    manager: Manager, tell: Tell
) -> None:
    told = tell(manager.address)
    told.child("cache", "cache", "ready")
    told.advance(0.25)
    assert manager.heard() == ["STATUS=1 of 1 ready"]
    for number in range(1, 8):
        told.child(f"account:x:{number}", "account", "backoff")
        told.advance(0.1)
    assert manager.heard() == []
    told.advance(0.3)
    names = ", ".join(f"account:x:{number}" for number in range(1, 6))
    assert manager.heard() == [f"STATUS=1 of 8 ready; backoff: {names} and 2 more"]
    told.advance(5.0)
    assert manager.heard() == [], "nothing changed"
    for number in range(1, 8):
        told.child(f"account:x:{number}", "account", "stopped", "removed")
    told.advance(1.0)
    assert manager.heard() == ["STATUS=1 of 1 ready"]


def test_a_sign_of_life_is_given_twice_per_interval_and_only_if_all_had_their_turn(
    manager: Manager, tell: Tell
) -> None:
    told = tell(manager.address, watchdog_us=4 * SECOND_US)
    for _ in range(16):
        told.advance(0.25)
    assert told.pulses == 2
    assert "WATCHDOG=1" not in manager.heard(), "nobody answered the pulse"
    told.notifier.alive()
    assert manager.heard() == ["WATCHDOG=1"]


def test_stopping_is_said_and_the_status_stays_so(manager: Manager, tell: Tell) -> None:
    told = tell(manager.address)
    told.notifier.stopping()
    assert manager.heard() == ["STOPPING=1\nSTATUS=stopping"]
    told.child("cache", "cache", "stopped")
    told.advance(2.0)
    assert set(manager.heard()) <= {"STATUS=stopping"}


def test_a_manager_that_is_gone_is_complained_of_once(tmp_path: Path, tell: Tell) -> None:
    told = tell(str(tmp_path / "nobody"))
    told.notifier.alive()
    told.notifier.stopping()
    (complaint,) = told.complaints
    assert "does not listen" in complaint


def test_without_a_manager_nothing_is_done(tell: Tell) -> None:
    told = tell("", watchdog_us=SECOND_US)
    told.child("cache", "cache", "ready")
    told.advance(5.0)
    told.notifier.stopping()
    told.notifier.close()
    assert (told.pulses, told.complaints) == (0, [])


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, NotifySocket()),
        ({"NOTIFY_SOCKET": "vsock:2:1"}, NotifySocket()),
        ({"WATCHDOG_USEC": "5"}, NotifySocket()),
        ({"NOTIFY_SOCKET": "@x"}, NotifySocket(address="@x")),
        (
            {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "30000000"},
            NotifySocket(address="/run/x", watchdog_us=30_000_000),
        ),
        (
            {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "7", "WATCHDOG_PID": "1"},
            NotifySocket(address="/run/x"),
        ),
        (
            {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "7", "WATCHDOG_PID": str(os.getpid())},
            NotifySocket(address="/x", watchdog_us=7),
        ),
    ],
)
def test_the_managers_variables(variables: dict[str, str], expected: NotifySocket) -> None:
    assert read_notify_socket(lambda name: variables.get(name, "")) == expected


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "²"])
def test_a_watchdog_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(ConfigFault, match="WATCHDOG_USEC"):
        read_notify_socket({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": text, "WATCHDOG_PID": ""}.get)


def test_no_child_inherits_them() -> None:
    names = {"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    assert not names.keys() & scrubbed({**names, "PATH": "/bin"}).keys()
