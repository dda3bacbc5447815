"""What the terminal shows of a run: a line per actor and change, then what to try next."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape

from actors.messages.control import ChildStatus, LogRecord
from actors.messages.ids import account_actor
from actors.runtime.clock import Clock, SystemClock
from actors.supervision.life_lines import HOUSEHOLD
from actors.supervision.options import Announce, Silent
from actors.supervision.spec import ChildSpec
from actors.supervision.tree import orderbook_topics
from config.logs import LogSink, for_people
from config.plan import Plan

_SHOWN: Final = frozenset({"ready", "hung", "over_memory", "backoff", "quarantined", "stopped"})
"""States worth a line; the others are on the way to one of these."""

_COLORS: Final = {
    "ready": "green",
    "backoff": "yellow",
    "hung": "red",
    "over_memory": "red",
    "quarantined": "red",
    "stopped": "dim",
}
_MARKS: Final = {"ready": "✓", "backoff": "…", "quarantined": "✗", "hung": "✗", "over_memory": "✗"}
_ACTOR_WIDTH_MAX: Final = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What the announcement needs to know of the run besides its children."""

    url: str
    simulated: bool
    token_required: bool = False
    venues: tuple[str, ...] = ()
    book: str = ""
    account: str = ""
    remote: str = ""
    warnings: tuple[str, ...] = ()


def occasion(plan: Plan, port: int) -> Occasion:
    """What to say of a run of `plan` whose web listens on `port`."""
    # Nobody can call "everywhere", so this machine's own address is shown for it.
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
    host = everywhere.get(plan.host, plan.host)
    host = f"[{host}]" if ":" in host else host
    runs = [account for account in plan.accounts if not account.quarantined]
    return Occasion(
        url=f"http://{host}:{port}",
        simulated=plan.simulated,
        token_required=plan.token is not None,
        venues=tuple(venue.name for venue in plan.venues),
        book=next(iter(orderbook_topics(plan)), ""),
        account=account_actor(runs[0].venue, runs[0].name) if runs else "",
        remote=plan.front_end.base if plan.front_end is not None else "",
        warnings=plan.warnings,
    )


def announcement(specs: Sequence[ChildSpec], plan: Plan, port: int, log_sink: LogSink) -> Announce:
    """The terminal's, with its first lines said.

    Where machines read what we write, the log alone tells all of it: no other lines among its own.
    """
    told = occasion(plan, port)
    if sys.stdout.isatty() or for_people(plan.log_format, sys.stderr):
        announcer = Announcer(specs, told, SystemClock())
        announcer.opening()
        return announcer
    for record in opening_lines(told, plan.version):
        log_sink(HOUSEHOLD, record)
    return Silent()


def opening_lines(occasion: Occasion, version: str) -> list[LogRecord]:
    """The beginning of a run, for the log."""
    return [
        LogRecord(
            level="info",
            event="listening",
            fields={
                "url": occasion.url,
                "version": version,
                "simulated": occasion.simulated,
                **({"remote": occasion.remote} if occasion.remote else {}),
            },
        ),
        *(
            LogRecord(level="warning", event="configuration", fields={"message": warning})
            for warning in occasion.warnings
        ),
    ]


class Announcer:
    """Writes to the terminal; in a pipe the same lines without colours."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        occasion: Occasion,
        clock: Clock,
        stream: TextIO | None = None,
    ) -> None:
        # Lines are never wrapped: what a pipe receives must be one line per change.
        self._console = Console(file=stream or sys.stdout, highlight=False, soft_wrap=True)
        self._occasion = occasion
        self._clock = clock
        self._width = min(_ACTOR_WIDTH_MAX, max((len(spec.actor) for spec in specs), default=0))
        self._last: dict[str, tuple[str, int, str]] = {}
        self._pids: dict[str, int | None] = {}

    def opening(self) -> None:
        """Before the first child starts."""
        venues = " and ".join(venue.capitalize() for venue in self._occasion.venues)
        if self._occasion.simulated:
            venues = f"simulated {venues}, no keys needed"
        if self._occasion.remote:
            venues = escape(f"front end of {self._occasion.remote}")
        self._console.print(f"[bold]Broadcaster[/] ({venues})")
        for warning in self._occasion.warnings:
            self._console.print(f"[yellow]! {escape(warning)}[/]")

    def child(self, status: ChildStatus) -> None:
        """A line where the state is worth one and is news."""
        self._pids[status.actor] = status.pid
        if status.state not in _SHOWN:
            return
        news = (status.state, status.epoch, status.reason)
        if self._last.get(status.actor) == news:
            return
        self._last[status.actor] = news
        self._console.print(self._line(status))

    def _line(self, status: ChildStatus) -> str:
        color = _COLORS.get(status.state, "default")
        mark = _MARKS.get(status.state, "·")
        state = status.state.replace("_", " ")
        parts = [f"[{color}]{mark} {escape(status.actor):<{self._width}}  {state:<11}[/]"]
        if status.pid is not None and status.state == "ready":
            parts.append(f"pid {status.pid}")
        if status.restarts and status.state == "ready":
            parts.append(f"restart {status.restarts}")
        if status.next_restart_mono_ns is not None:
            wait_s = (status.next_restart_mono_ns - self._clock.monotonic_ns()) / 1e9
            parts.append(f"again in {max(0.0, wait_s):.0f} s (attempt {status.attempt})")
        asked_for = status.state in ("ready", "stopped")
        reason = status.reason or ("" if asked_for else _cause(status))
        if reason:
            parts.append(escape(reason))
        return "  ".join(parts).rstrip()

    def all_ready(self) -> None:
        """Everything runs: what to try next."""
        occasion = self._occasion
        token = ' -H "Authorization: Bearer $API_TOKEN"' if occasion.token_required else ""
        url = occasion.url
        pid = self._pids.get(occasion.account)
        rows = [("page", url), ("health", f"curl {url}/health")]
        if occasion.book:
            _, venue, _, symbol = occasion.book.split(":")
            query = f"venue={venue}&depth=5"
            rows.append(("a book", f"curl{token} '{url}/api/orderbook/{symbol}?{query}'"))
            rows.append(("live", f"curl{token} -N '{url}/api/stream?topics={occasion.book}'"))
        rows.append(("processes", f"curl{token} {url}/api/supervision"))
        if pid is not None:
            rows.append(("break one", f"kill -9 {pid}   ({occasion.account}; it comes back)"))
        rows.append(("stop", "Ctrl-C"))
        self._console.print()
        self._console.print(f"[bold]{self._verdict()}[/] What to try next:")
        for name, text in rows:
            self._console.print(f"  [cyan]{name:<10}[/] {escape(text)}")
        if occasion.simulated:
            self._console.print(
                "[magenta]All accounts and markets are simulated.[/] "
                "For your own: cp .env.example .env, fill in an account, start again."
            )

    def _verdict(self) -> str:
        aside = sorted(actor for actor, (state, *_) in self._last.items() if state == "quarantined")
        if not aside:
            return "Everything is ready."
        return escape(f"Everything is ready but {', '.join(aside)} (quarantined, see above).")


def _cause(status: ChildStatus) -> str:
    """Why a child does not run, in the words of its last exit."""
    last = status.last_exit
    if last is None:
        return ""
    if last.signal is not None:
        return f"{last.cause} {last.signal}"
    return last.cause if last.exit_code is None else f"{last.cause} {last.exit_code}"
