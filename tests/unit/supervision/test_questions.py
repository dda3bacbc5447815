"""Questions of operators to living children: answers, refusals, ends, and pauses from birth."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from actors.messages.control import Pause, Resume
from actors.runtime.clock import FakeClock
from actors.supervision.actor import Question as KernelQuestion
from actors.supervision.control_server import Refusal
from actors.supervision.events import BecameReady, Spawned
from actors.supervision.pause_desk import PauseDesk
from actors.supervision.pauses import Pauses
from actors.supervision.questions import PENDING_MAX, QuestionDesk
from tests.zoo.nursery import Nursery

WITNESS = "stream:witness"


async def look(question: KernelQuestion) -> dict[str, Any]:
    if question.actor == "nobody":
        raise Refusal("unknown_actor", "there is no actor 'nobody'", (WITNESS,))
    kind = "cache" if question.actor == "cache" else "stream"
    return {"actor": question.actor, "state": "ready", "kind": kind, "secrets": False}


async def refusal(work: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await work
    return refused.value


async def test_a_child_answers_and_what_it_cannot_is_named() -> None:
    async with Nursery() as nursery:
        desk = QuestionDesk(nursery.children, look)
        child = nursery.spawn("witness")
        await nursery.wait(BecameReady, child)
        answered = await desk.operations()["frames"].answer({"actor": WITNESS, "limit": "3"})
        assert answered == {"actor": WITNESS, "heard": [], "args": {"limit": "3"}}
        for op, kind, part in (
            ("nonsense", "unsupported", "has no nonsense"),
            ("broken", "unanswered", "broken failed: RuntimeError"),
            ("large", "unanswered", "expected an answer of at most 131072 bytes"),
        ):
            found = await refusal(desk.put(WITNESS, op, {}))
            assert (found.kind, part in str(found)) == (kind, True), found
        found = await refusal(desk.operations()["storage"].answer({"actor": WITNESS}))
        assert (found.kind, "has no storage" in str(found)) == ("unsupported", True)
        # A broken handler is no crash.
        assert await desk.put(WITNESS, "frames", {})
        found = await refusal(desk.put("nobody", "frames", {}))
        assert (found.kind, found.known) == ("unknown_actor", (WITNESS,))
        found = await refusal(desk.put("stream:unborn", "frames", {}))
        assert found.kind == "not_running"


async def test_a_child_that_hangs_or_dies_leaves_nobody_waiting() -> None:
    async with Nursery() as nursery:
        desk = QuestionDesk(nursery.children, look, answer_s=0.3)
        child = nursery.spawn("witness")
        await nursery.wait(BecameReady, child)
        pid = await nursery.pid(child)
        os.kill(pid, signal.SIGSTOP)
        found = await refusal(desk.put(WITNESS, "frames", {}))
        assert (found.kind, "did not answer frames within 0.3 s" in str(found)) == (
            "unanswered",
            True,
        )
        patient = QuestionDesk(nursery.children, look, answer_s=20.0)
        waiting = [asyncio.ensure_future(patient.put(WITNESS, "frames", {})) for _ in range(3)]
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        for each in waiting:
            assert (await refusal(each)).kind == "not_running"


async def test_the_number_of_open_questions_is_bounded() -> None:
    async with Nursery() as nursery:
        desk = QuestionDesk(nursery.children, look, answer_s=0.5)
        child = nursery.spawn("witness")
        await nursery.wait(BecameReady, child)
        os.kill(await nursery.pid(child), signal.SIGSTOP)
        asked = [desk.put(WITNESS, "frames", {}) for _ in range(PENDING_MAX + 1)]
        kinds = [
            str(getattr(it, "kind", it))
            for it in await asyncio.gather(*asked, return_exceptions=True)
        ]
        assert sorted(kinds) == ["busy"] + ["unanswered"] * PENDING_MAX


async def test_a_pause_is_the_first_that_each_incarnation_hears(tmp_path: Path) -> None:
    async with Nursery() as nursery:
        complaints: list[str] = []
        pauses = PauseDesk(
            pauses=Pauses(tmp_path / "pauses.json"),
            children=nursery.children,
            ask=look,
            clock=FakeClock(),
            complain=lambda kind, message: complaints.append(f"{kind}: {message}"),
        )
        questions = QuestionDesk(nursery.children, look)
        operations = pauses.operations()
        # Not running yet: taken all the same.
        answered = await operations["pause"].answer({"actor": WITNESS})
        assert answered == {"actor": WITNESS, "state": "ready", "paused": True}
        child = nursery.spawn("witness", {"listens_after_s": 0.3})
        await nursery.wait(Spawned, child)
        # Said before it listens; the last word counts, in whatever order it learns to listen.
        assert nursery.children.forward(WITNESS, "resume", Resume())
        assert nursery.children.forward(WITNESS, "pause", Pause())
        await nursery.wait(BecameReady, child)
        body = await questions.put(WITNESS, "frames", {})
        assert body["heard"] == ["pause", "resume", "pause"]
        assert list((await operations["pauses"].answer({}))["paused"]) == [WITNESS]

        answered = await operations["resume"].answer({"actor": WITNESS})
        assert not answered["paused"]
        body = await questions.put(WITNESS, "frames", {})
        assert body["heard"][-1] == "resume"
        found = await refusal(operations["pause"].answer({"actor": "cache"}))
        assert found.kind == "bad_request"
        assert "of kind cache" in str(found)
        assert complaints == []


async def test_a_pause_that_cannot_be_kept_is_said_once(tmp_path: Path) -> None:
    async with Nursery() as nursery:
        complaints: list[str] = []
        desk = PauseDesk(
            pauses=Pauses(tmp_path / "gone" / "pauses.json"),
            children=nursery.children,
            ask=look,
            clock=FakeClock(),
            complain=lambda kind, message: complaints.append(f"{kind}: {message}"),
        ).operations()
        for actor in ("stream:a", "stream:b"):
            assert (await desk["pause"].answer({"actor": actor}))["paused"]
        assert len(complaints) == 1
        assert "PausesNotKept: pauses.json: No such file" in complaints[0]
        assert (await desk["pauses"].answer({}))["failure"]
