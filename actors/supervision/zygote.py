"""The warm process: imports once, then forks each child on request and reports each death.

It is single-threaded and waits in `poll` alone. It keeps numbers instead of socket and file
objects where it can: a child closes all descriptors but its own, and an object left over would
later close a stranger's.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import multiprocessing
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Final, NamedTuple, NoReturn

from actors.runtime import isolation, lifeline
from actors.runtime.child_context import Birth
from actors.runtime.loop import new_loop
from actors.runtime.main import run_child
from actors.runtime.tls import client_context
from actors.supervision import reaper
from actors.supervision.zygote_wire import (
    OWN_DESCRIPTORS,
    Ended,
    Ping,
    Pong,
    Refused,
    Reply,
    Start,
    Started,
    Warm,
    pack,
    read_request,
    receive,
)
from config.descriptors import close_all

PRELOAD: Final = (
    "asyncio",
    "aiohttp",
    "aiohttp_socks",
    "faulthandler",
    "msgpack",
    "msgspec",
    "ssl",
    "uvloop",
    "websockets.asyncio.client",
    "actors.messages.kinds",
    "actors.runtime.link",
    "actors.runtime.outbox",
)
"""What every child needs; the entries' own modules are named by the supervisor."""

FORK_FAILURES_MAX: Final = 3
"""Each failing `Process.start()` leaks four descriptors, so a new zygote is due after these."""

SMALL_BYTES_MAX: Final = 512
SMALL_STEP_BYTES: Final = 16
EMPTY_BYTES: Final = sys.getsizeof(b"")
HOLES_PER_SIZE: Final = 200
"""CPython's allocator serves what is at most SMALL_BYTES_MAX from pools of one size each."""

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1


class _Forked(NamedTuple):
    actor: str
    epoch: int
    process: ForkProcess


def main(requests: socket.socket, lifeline_end: Connection, preload: Sequence[str]) -> NoReturn:
    """The entry of the spawned process; leaves by os._exit, as an exit hook would join all."""
    code = EXIT_FAILED
    try:
        # Before the heavy imports, so that a supervisor's early end ends this too.
        held = os.dup(lifeline_end.fileno())
        lifeline_end.close()
        lifeline.arm(held)
        isolation.settle_signals()
        # Inherited as ignored, so that a dump asked for too early does not end a child.
        signal.signal(isolation.DUMP_SIGNAL, signal.SIG_IGN)
        isolation.forbid_inspection()
        isolation.entitle("zygote")
        missing = warm_up((*PRELOAD, *preload))
        filling = fill_holes()
        zygote = Zygote(requests)
        zygote.reply(Warm(missing))
        zygote.serve()
        filling.clear()
        code = EXIT_DONE
    except BaseException:  # noqa: BLE001 - the guard of this process's main
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def warm_up(modules: Sequence[str]) -> dict[str, str]:
    """Import `modules` into pages that all children share; those that failed, with the reason."""
    missing: dict[str, str] = {}
    gc.disable()
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - a module may raise anything at its import
            missing[module] = f"{type(error).__name__}: {error}"[:200]
    client_context()
    rehearse()
    if threading.active_count() > 1:
        # A fork copies the locks that other threads hold, and not the threads.
        names = ", ".join(thread.name for thread in threading.enumerate())
        missing["(threads)"] = f"expected one thread after the imports, found {names}"[:200]
    gc.collect()
    gc.freeze()
    return missing


def rehearse() -> None:
    """Run an empty loop once: what that makes for good is shared then (0.8 MB a child)."""
    loop = new_loop()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def fill_holes() -> list[object]:
    """Small objects of each size, to be held for as long as children are forked.

    The imports leave the allocator's pages full of holes. A child that put its own small objects
    there would copy a page for each; with the holes filled it opens fresh pages, densely used
    (0.7 MB less private memory a child, for 1.8 MB that all share).
    """
    filling: list[object] = []
    for size in range(SMALL_STEP_BYTES, SMALL_BYTES_MAX + 1, SMALL_STEP_BYTES):
        filling += [bytes(max(0, size - EMPTY_BYTES)) for _ in range(HOLES_PER_SIZE)]
        filling += [float(number) for number in range(HOLES_PER_SIZE // 8)]
    return filling


class Zygote:
    """Serves one channel; each death before any request, as its zombie must still be there."""

    __slots__ = ("_children", "_context", "_failures", "_poll", "_requests")

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._context = multiprocessing.get_context("fork")
        self._children: dict[int, _Forked] = {}
        self._failures = 0
        self._poll = select.poll()
        self._poll.register(requests.fileno(), select.POLLIN)

    def serve(self) -> None:
        """Until the supervisor closes the channel, or forks keep failing."""
        channel = self._requests.fileno()
        while self._failures < FORK_FAILURES_MAX:
            ready = {number for number, _ in self._poll.poll()}
            for pidfd in ready - {channel}:
                self._bury(pidfd)
            if channel in ready and not self._answer():
                return

    def reply(self, message: Reply, descriptors: Sequence[int] = ()) -> None:
        socket.send_fds(self._requests, [pack(message)], descriptors)

    def _answer(self) -> bool:
        """Serve one request; False at the end of the channel."""
        data, descriptors = receive(self._requests)
        if not data:
            return False
        try:
            match read_request(data):
                case Ping():
                    self.reply(Pong())
                case Start() as start if len(start.names) == len(descriptors):
                    self._start(start, descriptors)
                case Start() as start:
                    reason = f"expected {len(start.names)} descriptors, found {len(descriptors)}"
                    self._refuse(start, reason)
        finally:
            close_all(descriptors)
        return True

    def _refuse(self, start: Start, reason: str) -> None:
        self.reply(Refused(actor=start.actor, epoch=start.epoch, reason=reason))

    def _start(self, start: Start, descriptors: Sequence[int]) -> None:
        if not set(OWN_DESCRIPTORS) <= set(start.names):
            self._refuse(start, f"expected descriptors {OWN_DESCRIPTORS}, found {start.names}")
            return
        birth = Birth(
            actor=start.actor,
            epoch=start.epoch,
            entry=start.entry,
            config=start.config,
            descriptors=dict(zip(start.names, descriptors, strict=True)),
            reporting=start.reporting,
        )
        process = self._context.Process(target=self._become, args=(birth,), name=start.actor)
        try:
            process.start()
        except OSError as error:
            self._failures += 1
            self._refuse(start, f"fork: {error}")
            return
        assert process.pid is not None
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError as error:
            # Without a pidfd nobody could watch over it; its id is safe while it is unreaped.
            os.kill(process.pid, signal.SIGKILL)
            self._failures += 1
            self._refuse(start, f"pidfd_open: {error}")
            return
        self._children[pidfd] = _Forked(start.actor, start.epoch, process)
        self._poll.register(pidfd, select.POLLIN)
        self.reply(Started(actor=start.actor, epoch=start.epoch, pid=process.pid), [pidfd])

    def _become(self, birth: Birth) -> NoReturn:
        """In the child: let go of the one socket object, as its number will be a stranger's."""
        self._requests.detach()
        run_child(birth)

    def _bury(self, pidfd: int) -> None:
        """Look, tell, only then reap: a code that was reaped by a zygote that died is lost."""
        actor, epoch, process = self._children[pidfd]
        try:
            death = reaper.peek(pidfd)
        except ChildProcessError:
            # Process.start() reaps other dead children in passing; the code it kept.
            code = process.exitcode
            if code is None:
                death = reaper.UNKNOWN
            else:
                death = reaper.Death(code=code) if code >= 0 else reaper.Death(signal=-code)
        if death is None:
            return
        self.reply(
            Ended(
                actor=actor,
                epoch=epoch,
                code=death.code,
                signal=death.signal,
                cpu_ms=death.cpu_ms,
            )
        )
        self._poll.unregister(pidfd)
        del self._children[pidfd]
        os.close(pidfd)
        if process.exitcode is not None:
            process.close()
