"""The zygote: what it starts, what it refuses, and how each end is reported."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from actors.supervision import reaper, zygote, zygote_wire
from actors.supervision.events import BecameReady, SpawnFailed
from actors.supervision.spawner import PING_S
from actors.supervision.zygote_wire import Ping, Refused, Start
from config.descriptors import close_all
from tests.zoo.nursery import Nursery

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("function", "code", "number"),
    [
        ("crasher", 1, None),
        ("key_rejected", 77, None),
        ("misconfigured", 78, None),
        ("segfaulter", None, signal.SIGSEGV),
    ],
)
async def test_each_end_is_reported_as_it_was(
    function: str, code: int | None, number: int | None
) -> None:
    async with Nursery() as nursery:
        info = await nursery.end(nursery.spawn(function))
    assert (info.code, info.signal) == (code, number)
    assert info.cpu_ms is not None


async def test_killed_child_is_reported_with_signal_and_cpu() -> None:
    async with Nursery() as nursery:
        child = nursery.spawn("spinner", {"good_s": 0.0})
        pid = await nursery.pid(child)
        await nursery.wait(BecameReady, child)
        async with asyncio.timeout(10):
            while (reaper.cpu_ms(pid) or 0) < 50:  # noqa: ASYNC110 - a process gives no event
                await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        info = await nursery.end(child)
    assert info.signal == signal.SIGKILL
    assert info.cpu_ms is not None
    assert info.cpu_ms >= 50


async def test_descriptors_stay_flat_over_crashes() -> None:
    cycles = 30
    async with Nursery() as nursery:
        counts: list[tuple[int, int]] = []
        zygote_pid = nursery.children.spawner.pid
        assert zygote_pid is not None
        found = psutil.Process(zygote_pid)
        for number in range(cycles):
            await nursery.end(nursery.spawn("key_rejected"))
            if number in (2, cycles - 1):
                # A pong says that the zygote is done with what was before.
                await asyncio.sleep(2 * PING_S)
                # Only root may count a process's descriptors once inspection is forbidden.
                zygotes = found.num_fds() if os.getuid() == 0 else 0
                counts.append((_descriptors(), zygotes))
        print(f"descriptors of supervisor and zygote: {counts[0]} → {counts[1]}")
        assert counts[0] == counts[1]
        assert found.num_threads() == 1


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_modules_that_cannot_be_imported_are_told_and_left_out() -> None:
    async with Nursery(preload=("no.such.module", "tests.zoo.children")) as nursery:
        assert [fault.kind for fault in nursery.faults] == ["Preload"]
        assert "no.such.module" in nursery.faults[0].message
        await nursery.wait(BecameReady, nursery.spawn("idle"))


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"text": "x" * zygote_wire.MESSAGE_BYTES_MAX}, "expected at most 65536 bytes"),
        ({"thing": object()}, "expected plain data"),
    ],
)
async def test_description_that_cannot_travel_is_refused(
    config: dict[str, Any], found: str
) -> None:
    async with Nursery() as nursery:
        refused = await nursery.wait(SpawnFailed, nursery.spawn("idle", config))
        assert found in refused.reason
        await nursery.wait(BecameReady, nursery.spawn("idle"))


async def test_more_descriptors_than_fit_are_refused() -> None:
    with socket.socket() as shared:
        many = {f"d{number}": shared.fileno() for number in range(zygote_wire.DESCRIPTORS_MAX)}
        async with Nursery() as nursery:
            refused = await nursery.wait(SpawnFailed, nursery.spawn("idle", None, many))
    assert "expected at most 8 descriptors" in refused.reason


class _FailingContext:
    """What a kernel that is out of processes does to multiprocessing."""

    def Process(self, **_: Any) -> _FailingContext:  # noqa: N802 - multiprocessing's name
        return self

    def start(self) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")


def _start(*names: str) -> Start:
    return Start(actor="stream:x", epoch=3, entry="a:b", config={}, names=names)


@pytest.mark.parametrize(
    ("names", "sent", "found"),
    [
        (("control", "lifeline", "dump"), 2, "expected 3 descriptors, found 2"),
        (("control", "lifeline"), 2, "expected descriptors"),
    ],
)
def test_start_without_its_descriptors_is_refused(
    names: tuple[str, ...], sent: int, found: str
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        served = zygote.Zygote(theirs)
        socket.send_fds(ours, [zygote_wire.pack(_start(*names))], [ours.fileno()] * sent)
        assert served._answer()
        reply = zygote_wire.read_reply(ours.recv(4096))
    assert isinstance(reply, Refused)
    assert (reply.actor, reply.epoch) == ("stream:x", 3)
    assert found in reply.reason


def test_forks_that_keep_failing_end_the_zygote_after_each_was_told() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        served = zygote.Zygote(theirs)
        served._context = _FailingContext()  # type: ignore[assignment]
        before = _descriptors()
        for _ in range(zygote.FORK_FAILURES_MAX):
            packed = zygote_wire.pack(_start("control", "lifeline", "dump"))
            socket.send_fds(ours, [packed], [ours.fileno()] * 3)
        served.serve()
        replies = [zygote_wire.read_reply(ours.recv(4096)) for _ in range(zygote.FORK_FAILURES_MAX)]
        assert _descriptors() == before
    assert all(isinstance(reply, Refused) and "fork:" in reply.reason for reply in replies)


def test_zygote_ends_with_its_channel() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        served = zygote.Zygote(theirs)
        ours.send(zygote_wire.pack(Ping()))
        assert served._answer()
        assert isinstance(zygote_wire.read_reply(ours.recv(64)), zygote_wire.Pong)
        ours.close()
        served.serve()


@pytest.mark.parametrize(
    "data", [b"\x00", b"\xc1", b"\x81\xa4type\xa5start", b"\x81\xa4type\xa7unknown", b"x" * 300]
)
def test_nonsense_is_named_on_both_sides(data: bytes) -> None:
    with pytest.raises(zygote_wire.UsageFault, match="expected a request"):
        zygote_wire.read_request(data)
    with pytest.raises(zygote_wire.UsageFault, match="expected a reply"):
        zygote_wire.read_reply(data)


def test_received_descriptors_close_at_an_exec() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [ours.fileno()] * 2)
        data, descriptors = zygote_wire.receive(theirs)
        try:
            assert data == b"x"
            assert [os.get_inheritable(number) for number in descriptors] == [False, False]
        finally:
            close_all(descriptors)


def test_more_descriptors_than_a_message_may_have_leave_none_open() -> None:
    before = _descriptors()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"x"], [ours.fileno()] * (zygote_wire.DESCRIPTORS_MAX + 1))
        assert zygote_wire.receive(theirs) == (b"x", [])
    assert _descriptors() == before


def test_a_cut_message_is_noticed() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(b"x" * (zygote_wire.MESSAGE_BYTES_MAX + 1))
        with pytest.raises(zygote_wire.UsageFault, match="expected a message of at most"):
            zygote_wire.receive(theirs)
