"""The kernel's Pykka actor and its voice: nothing that is told to them ends them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pykka
import pytest

from actors.messages.control import ChildStatus, FaultReport, LogRecord
from actors.runtime.clock import FakeClock
from actors.supervision import voice
from actors.supervision.actor import Question, SupervisorActor
from actors.supervision.events import Boot, Shutdown, Tick
from actors.supervision.options import Silent
from actors.supervision.schedule import Limits
from actors.supervision.spec import ChildKind, ChildSpec
from actors.supervision.states import new_state
from actors.supervision.voice import Line, Mouth
from config.logs import Speaker

WAIT_S = 5.0


class Hands:
    """Keeps what it was asked to do."""

    def __init__(self) -> None:
        self.done: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def spawn(self, spec: ChildSpec, epoch: int) -> None:
        self.done.put(("spawn", spec.actor, epoch))

    def act(self, effect: object) -> None:
        self.done.put(("act", effect))

    def publish(self, status: ChildStatus) -> None:
        self.done.put(("publish", status.state))

    def fault(self, report: FaultReport) -> None:
        self.done.put(("fault", report))

    def arm(self, deadline_ns: int | None) -> None:
        self.done.put(("arm", deadline_ns))

    def retire(self, number: int) -> None:
        self.done.put(("retire", number))

    def quit(self, code: int) -> None:
        self.done.put(("quit", code))

    def wait(self, what: str) -> tuple[Any, ...]:
        while True:
            done = self.done.get(timeout=WAIT_S)
            if done[0] == what:
                return done


class Deaf(pykka.ThreadingActor):
    """Stands where the journal would."""

    def on_receive(self, message: object) -> None:
        return


@pytest.fixture
def running() -> Iterator[tuple[Hands, Any]]:
    hands = Hands()
    journal = Deaf.start()
    mouth = Mouth(lambda *_: None, Silent())
    actor = SupervisorActor.start(new_state(Limits(), 1), hands, journal, mouth, FakeClock())
    yield hands, actor
    for each in (actor, journal, mouth.actor):
        each.stop(timeout=WAIT_S)


def _ask(actor: Any, op: str, name: str = "", spec: ChildSpec | None = None) -> Any:
    answers: queue.Queue[Any] = queue.Queue()
    actor.tell(Question(op, name, lambda body, known: answers.put((body, known)), spec))
    return answers.get(timeout=WAIT_S)


def test_a_message_that_cannot_be_handled_changes_nothing_and_is_told(
    running: tuple[Hands, Any],
) -> None:
    hands, actor = running
    spec = ChildSpec(actor="stream:x", kind=ChildKind.STREAM, entry="a:b")
    actor.tell(Boot((spec,)))
    assert hands.wait("spawn") == ("spawn", "stream:x", 1)
    actor.tell(Boot(7))  # type: ignore[arg-type]
    report = hands.wait("fault")[1]
    assert report.actor == "supervisor"
    assert "Boot could not be handled" in report.message
    body, known = _ask(actor, "tree")
    assert [child["state"] for child in body["children"]] == ["starting"]
    assert known == ("stream:x",)


def test_what_is_asked_of_nobody_names_who_there_is(running: tuple[Hands, Any]) -> None:
    _, actor = running
    spec = ChildSpec(actor="stream:x", kind=ChildKind.STREAM, entry="a:b")
    actor.tell(Boot((spec,)))
    assert _ask(actor, "restart", "stream:y") == (None, ("stream:x",))


def test_reset_with_new_secrets_starts_from_them_and_retires_the_old(
    running: tuple[Hands, Any],
) -> None:
    hands, actor = running
    spec = ChildSpec(
        actor="account:x:1",
        kind=ChildKind.ACCOUNT,
        entry="a:b",
        descriptors={"secrets": 70},
        quarantined="API_KEY: found nothing, expected a key",
    )
    actor.tell(Boot((spec,)))
    found, _ = _ask(actor, "look", "account:x:1")
    assert found == {
        "actor": "account:x:1",
        "kind": "account",
        "state": "quarantined",
        "secrets": True,
    }
    renewed = replace(spec, descriptors={"secrets": 71}, quarantined="")
    body, _ = _ask(actor, "reset", "account:x:1", renewed)
    assert body["state"] == "starting"
    assert hands.wait("spawn") == ("spawn", "account:x:1", 1)
    assert hands.wait("retire") == ("retire", 70)


def test_deadlines_are_armed_and_shutdown_quits(running: tuple[Hands, Any]) -> None:
    hands, actor = running
    actor.tell(Boot(()))
    actor.tell(Tick())
    assert hands.wait("arm") == ("arm", None)
    actor.tell(Shutdown())
    assert hands.wait("quit") == ("quit", 0)


def test_a_terminal_that_stands_still_costs_lines_and_not_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voice, "WAITING_MAX", 10)
    go_on = threading.Event()
    said: list[str] = []
    lost: list[object] = []

    def sink(_speaker: Speaker, record: LogRecord) -> None:
        go_on.wait(WAIT_S)
        if record.event == "lines lost":
            lost.append(record.fields["count"])
            return
        said.append(record.event)
        if record.event == "3":
            raise BrokenPipeError

    mouth = Mouth(sink, Silent())
    for number in range(50):
        mouth.say(Line(Speaker("x"), LogRecord(level="info", event=str(number))))
    assert mouth.dropped == 40
    go_on.set()
    mouth.actor.stop(timeout=WAIT_S)
    assert said == [str(number) for number in range(10)]
    assert sum(map(int, lost)) == 40, "how many were lost is told"  # type: ignore[call-overload]
    assert mouth.failures == 1
