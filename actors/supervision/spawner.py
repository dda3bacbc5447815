"""Keeps a zygote alive and asks it for children; lives on the watcher's loop."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
from collections import deque
from collections.abc import Sequence
from multiprocessing.context import SpawnProcess
from typing import Final, Protocol

from actors.errors import UsageFault
from actors.runtime.clock import Clock
from actors.supervision import zygote, zygote_wire
from actors.supervision.incarnation import Incarnation
from actors.supervision.reaper import Death
from actors.supervision.zygote_wire import Ended, Ping, Pong, Refused, Reply, Started, Warm
from config.descriptors import close_all

PING_S: Final = 0.5
SILENCE_S: Final = 2.0
"""Silence of the zygote with work outstanding; a deadline for each start would kill a healthy one
that has a hundred to do."""

STALL_S: Final = 1.5
"""A check that comes so late shows that the supervisor itself stood still."""

WARM_UP_S: Final = 15.0
CLOSE_S: Final = 0.5
HEALTHY_S: Final = 10.0
"""A zygote that was warm for so long starts the next one's delays anew."""


class Household(Protocol):
    """Who is told what became of the starts."""

    def started(self, actor: str, epoch: int, pid: int, pidfd: int) -> None: ...

    def refused(self, actor: str, epoch: int, reason: str) -> None: ...

    def ended(self, actor: str, epoch: int, death: Death) -> None: ...

    def zygote_warm(self, missing: dict[str, str]) -> None: ...

    def zygote_lost(self, unanswered: Sequence[tuple[str, int]], reason: str) -> None: ...


class _Zygote:
    """One zygote process and what is owed to it and by it."""

    __slots__ = (
        "born_ns",
        "channel",
        "heard_ns",
        "is_warm",
        "lifeline",
        "owed_since_ns",
        "pidfd",
        "process",
        "reason",
        "unsent",
    )

    def __init__(self, preload: Sequence[str], now_ns: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        hang_up, keep = context.Pipe(duplex=False)
        self.lifeline = os.dup(keep.fileno())
        try:
            self.process: SpawnProcess = context.Process(
                target=zygote.main, args=(theirs, hang_up, tuple(preload)), name="zygote"
            )
            self.process.start()
            self.pidfd = os.pidfd_open(self.process.pid or 0)
        except OSError:
            self.channel.close()
            os.close(self.lifeline)
            raise
        finally:
            theirs.close()
            hang_up.close()
            keep.close()
        self.channel.setblocking(False)
        self.is_warm = False
        self.born_ns = self.heard_ns = now_ns
        self.owed_since_ns: int | None = None
        self.unsent: deque[Incarnation] = deque()
        self.reason = "it ended by itself"


class Spawner:
    """At most one zygote at a time, replaced when it dies, hangs or talks nonsense."""

    def __init__(
        self,
        household: Household,
        clock: Clock,
        delays_s: Sequence[float],
        preload: Sequence[str],
    ) -> None:
        self._household = household
        self._clock = clock
        self._delays_s = delays_s
        self._preload = preload
        self._loop = asyncio.get_running_loop()
        self._zygote: _Zygote | None = None
        self._asked: dict[tuple[str, int], Incarnation] = {}
        self._births = 0
        self._failures = 0
        self._checked_ns = 0
        self._is_closed = False
        self._gone = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The zygote's process id."""
        return self._zygote.process.pid if self._zygote else None

    @property
    def generation(self) -> int:
        """Which zygote this is, from 1; 0 while there is none."""
        return self._births if self._zygote is not None else 0

    def open(self) -> None:
        """Start a zygote; on failure again after the next delay."""
        if self._is_closed:
            return
        now = self._clock.monotonic_ns()
        try:
            born = _Zygote(self._preload, now)
        except OSError as error:
            self._lose(f"it could not be started: {error}")
            return
        self._zygote = born
        self._gone.clear()
        self._births += 1
        self._checked_ns = now
        self._loop.add_reader(born.channel, self._on_reply)
        self._loop.add_reader(born.pidfd, self._on_death)
        self._timer = self._loop.call_later(PING_S, self._check)

    def start(self, incarnation: Incarnation) -> bool:
        """Ask for a child; the answer comes to the household. False: there is no zygote.

        Whoever asked could not know yet, and will be told of the loss; so no answer follows.
        """
        held = self._zygote
        if held is None:
            return False
        self._asked[incarnation.key] = incarnation
        held.unsent.append(incarnation)
        if held.is_warm:
            self._send_starts()
        return True

    async def close(self) -> None:
        """End the zygote for good; its children stay."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._zygote is not None:
            self._kill("the service ends")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._gone.wait()

    # requests

    def _send_starts(self) -> None:
        held = self._zygote
        if held is None:
            return
        while held.unsent:
            incarnation = held.unsent[0]
            try:
                packed = zygote_wire.pack(incarnation.start)
                socket.send_fds(held.channel, [packed], incarnation.handed)
            except BlockingIOError:
                self._loop.add_writer(held.channel, self._send_starts)
                return
            except UsageFault as fault:
                self._drop(incarnation.key)
                self._household.refused(*incarnation.key, f"description of the child: {fault}")
            except OSError:
                # It is dying; its pidfd tells, and this start counts as unanswered.
                return
            else:
                self._owe(held)
            incarnation.close_handed()
            held.unsent.popleft()
        self._loop.remove_writer(held.channel)

    def _owe(self, held: _Zygote) -> None:
        if held.owed_since_ns is None:
            held.owed_since_ns = self._clock.monotonic_ns()

    def _drop(self, key: tuple[str, int]) -> None:
        self._asked.pop(key, None)

    # replies

    def _on_reply(self) -> None:
        held = self._zygote
        if held is None:
            return
        try:
            if not self._read_reply(held):
                self._loop.remove_reader(held.channel)
                self._kill("it closed its channel")
        except UsageFault as fault:
            self._kill(f"its answer made no sense: {fault}")

    def _read_reply(self, held: _Zygote) -> bool:
        """Handle one reply; False at the end of the channel."""
        try:
            data, descriptors = zygote_wire.receive(held.channel)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        try:
            held.heard_ns = self._clock.monotonic_ns()
            held.owed_since_ns = held.heard_ns if self._asked else None
            self._handle(held, zygote_wire.read_reply(data), descriptors)
        finally:
            close_all(descriptors)
        return True

    def _handle(self, held: _Zygote, reply: Reply, descriptors: list[int]) -> None:
        match reply:
            case Pong():
                pass
            case Warm(missing):
                held.is_warm = True
                self._household.zygote_warm(missing)
                self._send_starts()
            case Started() as started:
                key = (started.actor, started.epoch)
                self._drop(key)
                if len(descriptors) == 1:
                    self._household.started(*key, started.pid, descriptors.pop())
                else:
                    # Its lifeline is cut by the refusal: nobody could watch over it.
                    self._household.refused(*key, "its pidfd did not come: out of descriptors")
            case Refused() as refused:
                self._drop((refused.actor, refused.epoch))
                self._household.refused(refused.actor, refused.epoch, refused.reason)
            case Ended() as ended:
                death = Death(ended.code, ended.signal, ended.cpu_ms)
                self._household.ended(ended.actor, ended.epoch, death)

    # life

    def _check(self) -> None:
        """Each PING_S: ask for a sign of life, and judge the silence."""
        held = self._zygote
        if held is None or self._is_closed:
            return
        self._timer = self._loop.call_later(PING_S, self._check)
        now = self._clock.monotonic_ns()
        if now - self._checked_ns > STALL_S * 1e9:
            # It was the supervisor that stood still, so the silence counts from now.
            held.heard_ns = now
        self._checked_ns = now
        if not held.is_warm:
            if now - max(held.born_ns, held.heard_ns) > WARM_UP_S * 1e9:
                self._kill(f"it was not warm after {WARM_UP_S} s")
            return
        if now - held.born_ns > HEALTHY_S * 1e9:
            self._failures = 0
        owed = held.owed_since_ns
        if owed is not None and now - max(owed, held.heard_ns) > SILENCE_S * 1e9:
            self._kill(f"it was silent for {SILENCE_S} s")
            return
        with contextlib.suppress(OSError):
            held.channel.send(zygote_wire.pack(Ping()))
        # A full channel is work outstanding too.
        self._owe(held)

    def _kill(self, reason: str) -> None:
        held = self._zygote
        if held is not None:
            held.reason = reason
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(held.pidfd, signal.SIGKILL)

    def _on_death(self) -> None:
        held = self._zygote
        if held is None:
            return
        # What it said before it died stays true, and pidfds in it stay valid.
        with contextlib.suppress(UsageFault):
            while self._read_reply(held) and _has_more(held.channel):
                pass
        self._zygote = None
        for watched in (held.channel, held.pidfd):
            self._loop.remove_reader(watched)
        self._loop.remove_writer(held.channel)
        held.channel.close()
        os.close(held.lifeline)
        os.close(held.pidfd)
        # By its own Process and not by waitid, which would leak the object and two descriptors.
        if held.process.exitcode is not None:
            held.process.close()
        self._lose(held.reason)

    def _lose(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._gone.set()
        unanswered = tuple(self._asked)
        self._asked.clear()
        if self._is_closed:
            return
        delay_s = self._delays_s[min(self._failures, len(self._delays_s) - 1)]
        self._failures += 1
        self._timer = self._loop.call_later(delay_s, self.open)
        self._household.zygote_lost(unanswered, reason)


def _has_more(channel: socket.socket) -> bool:
    try:
        channel.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return False
    return True
