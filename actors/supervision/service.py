"""Runs the supervisor: claims, threads, signals, and the one exit code at the end."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Final

import pykka

from actors.errors import EXIT_OK
from actors.messages.control import FaultReport, LogRecord
from actors.messages.ids import SUPERVISOR
from actors.runtime import isolation, library_logs
from actors.runtime.clock import Clock, SystemClock
from actors.supervision.actor import SupervisorActor
from actors.supervision.alert_desk import open_alerts
from actors.supervision.effects import Remembered
from actors.supervision.events import Boot, Shutdown
from actors.supervision.life_lines import HOUSEHOLD
from actors.supervision.options import EXIT_FAILED, SupervisorOptions
from actors.supervision.sockets import Claim, listen_unix
from actors.supervision.spec import ChildSpec
from actors.supervision.states import new_state
from actors.supervision.voice import JournalActor, Line, Mouth
from actors.supervision.watcher import Watcher

CONTROL_SOCKET: Final = "control.sock"
JOURNAL: Final = "supervision.journal"

JOURNAL_OPEN_S: Final = 30.0
BOUND_SLACK_S: Final = 1.0
"""Beyond the kernel's own bound of a shutdown, which it keeps unless it is broken."""

CLOSE_S: Final = 1.0
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
SECOND_SIGNAL_S: Final = 0.5
"""A second signal ends the service at once, but not so soon after the first: `timeout` and others
signal both the process and its group."""

_QUIT: Final = b"q"
_SIGNALS: Final = frozenset(bytes([number]) for number in _ENDING)


def run_supervisor(
    specs: Sequence[ChildSpec], options: SupervisorOptions, claim: Claim | None = None
) -> int:
    """Run `specs` until SIGTERM, SIGINT or a failure; blocks the main thread.

    The caller leaves by os._exit with the code: an ordinary exit could hang in multiprocessing's
    hook. `claim` is taken here unless the caller (who makes sockets in the directories) took it.
    Raises ConfigFault before anything was started.
    """
    claim = claim or Claim(options.runtime_dir, options.data_dir)
    control = listen_unix(claim.runtime_dir / CONTROL_SOCKET)
    isolation.raise_descriptor_limit()
    isolation.adopt_orphans()
    isolation.forbid_inspection()
    isolation.entitle("supervisor")
    # A service manager that hears no sign of life ends us by SIGABRT: then our stacks are told.
    faulthandler.enable(all_threads=True)
    for ignored in (signal.SIGHUP, signal.SIGPIPE):
        signal.signal(ignored, signal.SIG_IGN)
    clock = SystemClock()
    mouth = Mouth(options.log_sink, options.announce, clock)

    def report(problem: str) -> None:
        mouth.say(Line(HOUSEHOLD, LogRecord(level="warning", event=problem)))

    library_logs.listen(mouth.say_plainly)
    watchers: list[Watcher] = []

    def report_journal(problem: str) -> None:
        if not watchers:
            report(problem)
            return
        at_ns = clock.wall_ns()
        kind = "SupervisionJournal"
        watchers[0].fault(FaultReport(actor=SUPERVISOR, kind=kind, message=problem, at_ns=at_ns))

    journal = JournalActor.start(claim.data_dir / JOURNAL, report_journal)
    remembered: dict[str, Remembered]
    remembered = journal.ask("remembered", block=True, timeout=JOURNAL_OPEN_S)
    ending = _Ending(clock)
    alerts = open_alerts(options.sentry, clock, report)
    watcher = Watcher(options, control, clock, mouth, ending.quit, alerts=alerts)
    watchers.append(watcher)
    state = new_state(options.limits, _seed(options))
    kernel = SupervisorActor.start(state, watcher, journal, mouth, clock, alerts=alerts)
    watcher.connect(kernel, journal)
    with ending.hears_signals():
        watcher.open()
        kernel.tell(Boot(tuple(specs), remembered))
        bound_s = options.limits.shutdown_bound_s + BOUND_SLACK_S

        def on_first_signal() -> None:
            mouth.say_plainly("info", "stopping")
            watcher.notifier.stopping()
            kernel.tell(Shutdown())
            alerts.finish()

        code = ending.wait(on_first_signal, bound_s)
        watcher.close(CLOSE_S)
        alerts.close()
        mouth.say_plainly("info", "stopped", code=code)
        for actor in (kernel, journal, mouth.actor):
            # What they were told before is done first; one that hangs is left behind.
            with contextlib.suppress(pykka.Timeout, pykka.ActorDeadError):
                actor.stop(block=True, timeout=CLOSE_S)
        claim.release()
    return code


def _seed(options: SupervisorOptions) -> int:
    return random.SystemRandom().getrandbits(63) if options.seed is None else options.seed


class _Ending:
    """What the main thread waits for: the kernel's word, a second signal, or the bound.

    A pipe that the interpreter itself writes each signal's number to (`set_wakeup_fd`): the
    kernel may give a signal to any thread, and a handler in Python would then wait until the main
    thread does something.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._news, self._tell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._code = EXIT_FAILED

    def quit(self, code: int) -> None:
        self._code = code
        os.write(self._tell, _QUIT)

    @contextlib.contextmanager
    def hears_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT are news, for as long as this holds."""
        before = {number: signal.signal(number, _ignore) for number in _ENDING}
        wakeup = signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)

    def wait(self, on_first: Callable[[], None], bound_s: float) -> int:
        """The exit code. The first signal calls `on_first`, and bounds the wait from then on."""
        asked_ns: int | None = None
        while True:
            ready, _, _ = select.select([self._news], [], [], self._left_s(asked_ns, bound_s))
            news = os.read(self._news, 1) if ready else _QUIT
            if news == _QUIT:
                return self._code
            if news not in _SIGNALS:
                continue
            now = self._clock.monotonic_ns()
            if asked_ns is None:
                asked_ns = now
                on_first()
            elif now - asked_ns > SECOND_SIGNAL_S * 1e9:
                return EXIT_OK

    def _left_s(self, asked_ns: int | None, bound_s: float) -> float | None:
        if asked_ns is None:
            return None
        return max(0.0, bound_s - (self._clock.monotonic_ns() - asked_ns) / 1e9)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """A handler has to be there; the signal is read from the pipe."""
