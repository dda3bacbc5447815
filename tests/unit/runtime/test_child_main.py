"""A child's main: what it keeps, what it says, and with which code it leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from actors.messages.control import LogRecord, Pause, Reconnect, Stop
from actors.runtime.isolation import DUMP_SIGNAL
from actors.supervision import heartbeat
from actors.supervision.events import Beat, BecameReady, Exited
from config.credentials import seal
from tests.zoo.nursery import Nursery

pytestmark = pytest.mark.processes
ROOT = Path(__file__).parents[3]
SECRET = "canary-4711-canary"


async def test_beats_come_first_and_each_second_and_ready_once() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        ready = await nursery.wait(BecameReady, child)
        told = [m for m in nursery.messages if isinstance(m, (Beat, BecameReady))]
        assert isinstance(told[0], Beat)
        first = told[0].heartbeat
        assert first.rss_bytes > 5_000_000
        assert first.good_events == 0
        seen = nursery.messages.index(ready) + 1
        # With Ready goes a beat that says what was achieved; the next ones come by the clock.
        soon = await nursery.wait(Beat, child, after=seen)
        assert soon.heartbeat.good_events == 1
        later = await nursery.wait(Beat, child, after=nursery.messages.index(soon) + 1)
        assert 0.9e9 <= later.heartbeat.at_mono_ns - first.at_mono_ns <= 1.5e9
        assert len([m for m in nursery.messages if isinstance(m, BecameReady)]) == 1
        assert later.heartbeat.private_bytes > 1_000_000


async def test_stop_ends_an_entry_in_order() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        await nursery.wait(BecameReady, child)
        nursery.children.send_stop(*child)
        info = await nursery.end(child)
    assert (info.code, info.signal) == (0, None)


async def test_stop_that_came_before_the_start_is_heard() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("never_ready")
        nursery.children.send_stop(*child)
        assert (await nursery.end(child)).code == 0


@pytest.mark.slow
async def test_an_entry_that_does_not_stop_is_canceled_and_says_so() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("deaf")
        await nursery.wait(BecameReady, child)
        nursery.children.send_stop(*child)
        info = await nursery.end(child)
        assert info.code == 0
        assert any("stop took too long" in line for line in info.last_lines)


@pytest.mark.parametrize(
    ("function", "code", "kind", "text"),
    [
        ("crasher", 1, "RuntimeError", "the zoo's crasher"),
        ("key_rejected", 77, "KeyRejected", "does not accept the key"),
        ("misconfigured", 78, "ConfigFault", "MARKETS: found 'NOPE'"),
        ("returner", 1, "RuntimeError", "returned without having been asked"),
        ("no.such.module:run", 78, "ConfigFault", "entry: found no.such.module:run"),
        ("tests.zoo.children:nobody", 78, "ConfigFault", "module:function"),
        ("exiter", 3, None, ""),
    ],
)
async def test_each_end_has_its_code_and_says_why(
    function: str, code: int, kind: str | None, text: str
) -> None:
    async with Nursery() as nursery:
        info = await nursery.end(nursery.spawn(function))
        assert (info.code, info.signal) == (code, None)
        if kind is not None:
            assert [fault.kind for fault in nursery.faults] == [kind]
            assert text in nursery.faults[0].message
            assert any(text in line for line in info.last_lines)


async def test_last_words_are_kept_even_of_a_child_that_dies_at_once() -> None:
    async with Nursery() as nursery:
        info = await nursery.end(nursery.spawn("crasher"))
    assert any("Traceback" in line for line in info.last_lines)
    assert "in crasher" in "\n".join(info.last_lines)
    assert len(info.last_lines) <= 20


_ISOLATED = """
import os, socket, sys
from actors.runtime.child_context import Birth
from actors.runtime.main import isolate
reads, lifeline = os.pipe()
others = [open(os.devnull) for _ in range(20)] + [socket.socket() for _ in range(20)]
control, listener, dump = os.open("/", 0), os.open("/", 0), os.memfd_create("dump")
more = [os.pipe() for _ in range(20)]
own = {"control": control, "lifeline": reads, "dump": dump, "listener": listener}
os.fork() and (os.wait(), os._exit(0))
os.close(lifeline)
birth = Birth(actor="stream:x", epoch=1, entry="a:b", config={}, descriptors=own)
lifeline = os.open("/", 0)
isolate(birth)
found = set()
for number in range(1000):
    try:
        os.fstat(number)
        found.add(number)
    except OSError:
        pass
print(found == {0, 1, 2, *own.values()}, os.readlink("/proc/self/fd/0"), flush=True)
os._exit(0)
"""


def test_child_closes_all_descriptors_but_its_own() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _ISOLATED], capture_output=True, timeout=20, cwd=ROOT, check=False
    )
    assert ran.stdout.decode().split() == ["True", "/dev/null"], ran.stderr.decode()


async def test_child_ignores_the_groups_signals_and_bears_its_own_name() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        await nursery.wait(BecameReady, child)
        pid = await nursery.pid(child)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            os.kill(pid, number)
        seen = len(nursery.messages)
        await nursery.wait(Beat, child, after=seen)
        assert not [m for m in nursery.messages if isinstance(m, Exited)]
        assert psutil.Process(pid).cmdline()[0] == "broadcaster: stream idle"


async def test_secrets_are_read_once_and_masked_in_all_that_is_said() -> None:
    memory = seal({"api_key": SECRET, "client_id": "7"})
    async with Nursery() as nursery:
        child = nursery.spawn("confidant", None, {"secrets": memory})
        os.close(memory)
        await nursery.wait(BecameReady, child)
        record = next(r for _, r in nursery.lines if r.event == "secrets")
        assert record.fields["count"] == 2
        assert record.fields["said"] == "***"
        assert SECRET not in repr(nursery.lines) + repr(nursery.faults)
        nursery.children.send_stop(*child)
        info = await nursery.end(child)
        assert SECRET not in repr(info)
        assert info.code == 0
        assert any(fault.kind == "UsageFault" for fault in nursery.faults)


async def test_operators_messages_reach_their_handlers_and_a_bad_handler_is_a_crash() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("obedient")
        await nursery.wait(BecameReady, child)
        assert nursery.children.forward(child[0], "reconnect", Reconnect("rest"))
        await nursery.until(
            "the message was handled",
            lambda: next((r for _, r in nursery.lines if r.fields.get("lane") == "rest"), None),
        )
        # Nobody handles this one, which is no fault.
        assert nursery.children.forward(child[0], "resume", Stop())
        assert nursery.children.forward(child[0], "pause", Pause())
        info = await nursery.end(child)
        assert info.code == 1
        assert nursery.faults[0].message == "pause is not for me"
        assert not nursery.children.forward(child[0], "pause", Pause())


async def test_link_closed_by_the_supervisor_ends_the_child() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("babbler")
        info = await nursery.end(child)
        assert info.code == 1
        assert nursery.faults[0].kind == "MalformedEnvelope"
        assert "control link closed" in nursery.faults[0].message
        assert any("MalformedEnvelope" in line for line in info.last_lines)


@pytest.mark.parametrize("function", ["spinner", "sleeper", "blocked", "stopper", "idle"])
async def test_stacks_can_be_taken_whatever_it_does(function: str) -> None:
    async with Nursery() as nursery:
        child = nursery.spawn(function, {"good_s": 0.0})
        await nursery.wait(BecameReady, child)
        pid = await nursery.pid(child)
        if function == "stopper":
            async with asyncio.timeout(5):
                while psutil.Process(pid).status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        life = nursery.children._table[child]
        begun = asyncio.get_running_loop().time()
        await heartbeat.take_dump(life, 0.5)
        took_s = asyncio.get_running_loop().time() - begun
        text = life.dump_text()
        print(f"{function}: {len(text)} characters after {took_s * 1e3:.0f} ms")
        assert "most recent call first" in text
        assert "in run_child\n" in text
        assert "zygote.py" not in text
        heartbeat.kill(life)
        info = await nursery.end(child)
        assert info.signal == signal.SIGKILL
        assert info.dump == text


async def test_a_dump_asked_for_too_early_ends_nobody() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        pid = await nursery.pid(child)
        os.kill(pid, DUMP_SIGNAL)
        await nursery.wait(BecameReady, child)


async def test_kill_before_the_start_was_answered_still_ends_it() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        nursery.children.kill(*child)
        info = await nursery.end(child)
    assert info.signal == signal.SIGKILL or info.code == 1


async def test_inspection_is_forbidden() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("idle")
        await nursery.wait(BecameReady, child)
        # The kernel gives the files of a process that is not dumpable to root.
        assert os.stat(f"/proc/{await nursery.pid(child)}/environ").st_uid == 0  # noqa: PTH116


async def test_what_libraries_say_ends_in_the_log_masked_and_not_on_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("quoter", {"api_key": SECRET})
        await nursery.wait(BecameReady, child)

        def told() -> list[LogRecord] | None:
            records = [record for _, record in nursery.lines if record.event == "library"]
            return records if len(records) >= 6 else None

        records = await nursery.until("six lines", told)
        nursery.children.send_stop(*child)
        await nursery.end(child)
    by_logger = [(record.level, record.fields["logger"]) for record in records]
    assert by_logger == [
        ("warning", "library.loud"),
        ("error", "library.clumsy"),
        ("warning", "py.warnings"),
        ("error", "thread"),
        ("error", "interpreter"),
        ("error", "library.loud"),
    ]
    assert records[0].fields["message"] == "refused ***"
    assert "LookupError: no such ***" in str(records[3].fields["traceback"])
    assert "LookupError: no such ***" in str(records[5].fields["traceback"])
    assert SECRET not in repr(nursery.lines) + repr(nursery.faults)
    assert capfd.readouterr().err == ""
