"""What befalls one child: start, beats, silence, end, and what the schedule makes of it."""

from __future__ import annotations

import signal as signals
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from actors.errors import EXIT_CONFIG, EXIT_KEY_REJECTED
from actors.messages.control import Heartbeat, RestartRecord
from actors.supervision.effects import Kill, Remembered, SendStop, Spawn, TakeDump
from actors.supervision.events import ExitInfo
from actors.supervision.schedule import (
    CLEAN,
    INFRASTRUCTURE,
    after_crash,
    longest_wait_ns,
    memory_limit_bytes,
    ns,
    quarantine_ns,
    reset_after_ns,
)
from actors.supervision.spec import ChildSpec
from actors.supervision.states import (
    ALIVE,
    BY_CONFIG,
    BY_KEY,
    BY_SPEC,
    WORKING,
    Child,
    State,
    Then,
    Trigger,
    digest_of,
)
from actors.supervision.turn import Turn

REASON_LENGTH_MAX: Final = 300


# into life


def restored(turn: Turn, spec: ChildSpec, memory: Remembered) -> Child:
    """A child as the last supervisor left it: its waits go on, its process is gone."""
    child = Child(
        spec=spec,
        digest=digest_of(spec),
        epoch=memory.last_epoch,
        tally=replace(CLEAN, attempt=memory.attempt, free_used=memory.free_used),
        restarts=memory.restarts,
        rejections=memory.rejections,
        last_exit=memory.last_exit,
    )
    if spec.quarantined:
        return turn.put(_quarantined_by_spec(child))
    if memory.digest and memory.digest != child.digest:
        # Another configuration: what was said of the old one says nothing of this one.
        return turn.put(replace(child, rejections=0))
    if memory.quarantine == BY_CONFIG:
        return turn.put(child.moved(Trigger.QUARANTINE, quarantine=BY_CONFIG, reason=memory.reason))
    quarantined = memory.quarantine == BY_KEY
    longest = min(memory.wait_ns, longest_wait_ns(turn.limits, spec.kind, quarantined))
    # The wall clock may have stepped either way since: never longer than the wait ever was.
    left = min(max(memory.not_before_ns - turn.now.wall_ns, 0), longest)
    if left == 0:
        return turn.put(child)
    return turn.put(
        child.moved(
            Trigger.QUARANTINE if quarantined else Trigger.BACK_OFF,
            quarantine=memory.quarantine,
            reason=memory.reason or "waited when the supervisor ended",
            deadline_ns=turn.now.mono_ns + left,
            not_before_ns=turn.now.wall_ns + left,
            wait_ns=memory.wait_ns,
        )
    )


def start(turn: Turn, child: Child) -> Child:
    """Wanted now: NEW until the zygote is asked; a spec that is mistaken stays in quarantine."""
    if child.spec.quarantined:
        return turn.put(_quarantined_by_spec(child))
    if child.state is State.NEW:
        return child
    return turn.put(child.moved(Trigger.START, deadline_ns=None, reason="", **_NO_WAIT))


def spawn(turn: Turn, child: Child) -> None:
    """Asks for the next incarnation."""
    epoch = child.epoch + 1
    turn.put(
        child.moved(
            Trigger.SPAWN,
            epoch=epoch,
            pid=None,
            asked=turn.now,
            started=None,
            ready=None,
            heartbeat=None,
            cpu_percent=None,
            deadline_ns=turn.after_ns(turn.limits.starting_deadline_s),
            then=Then.BACK_OFF,
            told=False,
            killed=False,
            restarts=child.restarts + child.ended,
            ended=False,
            reason="",
            **_NO_WAIT,
        )
    )
    turn.act(Spawn(child.spec.actor, epoch))


_NO_WAIT: Final[Mapping[str, Any]] = {"quarantine": "", "not_before_ns": 0, "wait_ns": 0}


def _quarantined_by_spec(child: Child) -> Child:
    changes: dict[str, Any] = {
        "deadline_ns": None,
        "reason": child.spec.quarantined,
        **_NO_WAIT,
        "quarantine": BY_SPEC,
    }
    if child.state is State.QUARANTINED:
        return replace(child, **changes)
    return child.moved(Trigger.QUARANTINE, **changes)


# alive


def spawned(turn: Turn, child: Child, pid: int) -> None:
    owed = turn.after_ns(turn.limits.starting_deadline_s)
    first_due = child.state is State.STARTING and child.heartbeat is None
    turn.put(
        replace(
            child,
            pid=pid,
            started=turn.now,
            deadline_ns=owed if first_due else child.deadline_ns,
        )
    )


def became_ready(turn: Turn, child: Child) -> None:
    if child.state is State.STARTING:
        child = child.moved(Trigger.READY, ready=turn.now, been_ready=True)
        turn.put(settled(turn, child))


def beat(turn: Turn, child: Child, heartbeat: Heartbeat) -> None:
    """Puts off the deadline, counts success, and looks at the memory."""
    if child.state not in WORKING:
        return
    weight = _weight_bytes(child, heartbeat)
    child = replace(
        child,
        heartbeat=heartbeat,
        cpu_percent=_cpu_percent(child, heartbeat),
        deadline_ns=turn.after_ns(turn.limits.heartbeat_deadline_s),
        rejections=0 if heartbeat.good_events else child.rejections,
    )
    child = turn.put(settled(turn, child))
    limit = memory_limit_bytes(turn.limits, child.spec.kind)
    if limit and weight > limit:
        _too_heavy(turn, child, f"{weight >> 20} MiB of memory, limit {limit >> 20} MiB")


def _weight_bytes(child: Child, heartbeat: Heartbeat) -> int:
    """What replacing the child would give back: its own pages, not those it shares with all.

    The first beat does not tell them yet; where the kernel never does, RSS has to stand for them.
    """
    if heartbeat.private_bytes or child.heartbeat is None:
        return heartbeat.private_bytes
    return heartbeat.rss_bytes


def _too_heavy(turn: Turn, child: Child, reason: str) -> None:
    """A planned end: what it does now is written down first, then it is told to stop."""
    wait_s = turn.limits.dump_wait_s
    child = settled(turn, child).moved(
        Trigger.MEMORY, deadline_ns=turn.after_ns(wait_s), reason=reason
    )
    turn.put(child)
    if child.pid is None:
        relieve(turn, child, turn.limits.stop_grace_s)
    else:
        turn.act(TakeDump(child.spec.actor, child.epoch, child.pid))


def relieve(turn: Turn, child: Child, grace_s: float) -> None:
    """Its dump is written, or the time for that is over."""
    turn.put(replace(child, told=True, deadline_ns=turn.after_ns(grace_s)))
    turn.act(SendStop(child.spec.actor, child.epoch))


def _cpu_percent(child: Child, new: Heartbeat) -> float | None:
    old = child.heartbeat
    if old is None or new.at_mono_ns <= old.at_mono_ns:
        return child.cpu_percent
    elapsed_ms = (new.at_mono_ns - old.at_mono_ns) / 1e6
    return round(max(new.cpu_ms - old.cpu_ms, 0.0) / elapsed_ms * 100, 2)


def settled(turn: Turn, child: Child) -> Child:
    """The child with a clean tally, if its success has lasted long enough by now."""
    if child.state is not State.READY or child.ready is None:
        return child
    # Infrastructure reports no venue's events: to be READY and stable is its success.
    infrastructure = child.spec.kind in INFRASTRUCTURE
    good = infrastructure or (child.heartbeat is not None and child.heartbeat.good_events > 0)
    stable_ns = turn.now.mono_ns - child.ready.mono_ns
    if not good or child.tally == CLEAN:
        return child
    if stable_ns < reset_after_ns(turn.limits, child.spec.kind):
        return child
    return replace(child, tally=CLEAN)


def silent(turn: Turn, child: Child) -> None:
    """A beat is overdue: take the dump, then kill; a start that was never answered is redone."""
    pid = child.pid
    if pid is None:
        unanswered(turn, child)
        return
    if child.heartbeat is None:
        reason = f"no first heartbeat within {turn.limits.starting_deadline_s:g} s"
    else:
        reason = f"no heartbeat for {turn.limits.heartbeat_deadline_s:g} s"
    child = turn.put(
        settled(turn, child).moved(
            Trigger.SILENCE,
            deadline_ns=turn.after_ns(turn.limits.dump_wait_s),
            reason=reason,
        )
    )
    turn.act(TakeDump(child.spec.actor, child.epoch, pid))


def unanswered(turn: Turn, child: Child) -> None:
    turn.put(child.moved(Trigger.UNANSWERED, deadline_ns=None, heartbeat=None, ready=None))


def tell_to_stop(turn: Turn, child: Child, grace_s: float) -> None:
    """Asks a working child to end; it is killed when the grace is over."""
    child = settled(turn, child)
    deadline = turn.after_ns(grace_s)
    turn.put(child.moved(Trigger.STOP, deadline_ns=deadline, reason="", told=True))
    turn.act(SendStop(child.spec.actor, child.epoch))


def kill(turn: Turn, child: Child) -> None:
    """Kills, and again as long as no end is seen; a start never answered is given up instead."""
    if child.pid is None:
        ended(turn, child, ExitInfo())
        return
    again = turn.after_ns(turn.limits.kill_repeat_s)
    turn.put(replace(child, killed=True, deadline_ns=again))
    turn.act(Kill(child.spec.actor, child.epoch, child.pid))


# out of life


def ended(turn: Turn, child: Child, exit_info: ExitInfo) -> None:
    """The incarnation is over: record it, and decide what follows."""
    child = settled(turn, child)
    cause = _cause(child.state, exit_info)
    record = _record(turn, child, cause, exit_info)
    turn.record(record)
    child = child.moved(
        Trigger.EXIT,
        pid=None,
        heartbeat=None,
        cpu_percent=None,
        deadline_ns=None,
        ended=True,
        last_exit=msgspec.structs.replace(record, dump="", last_lines=()),
        reason=child.reason or _reason(exit_info),
    )
    _follow(turn, child, cause, exit_info)


def _follow(turn: Turn, child: Child, cause: str, exit_info: ExitInfo) -> None:
    if child.then is Then.REMOVE:
        turn.retire(child.moved(Trigger.STOP, reason="removed"))
    elif turn.closing is not None or child.then is Then.STOP:
        turn.put(child.moved(Trigger.STOP, reason=""))
    elif child.then is Then.START:
        start(turn, child)
    elif cause == "config":
        detail = exit_info.last_lines[-1] if exit_info.last_lines else "see its log"
        reason = f"configuration error: {detail}"[:REASON_LENGTH_MAX]
        turn.put(child.moved(Trigger.QUARANTINE, quarantine=BY_CONFIG, reason=reason))
    elif cause == "key":
        count = child.rejections + 1
        child = replace(child, rejections=count)
        reason = f"key rejected ({count} in a row)"
        wait_ns = quarantine_ns(turn.limits, count)
        _wait(turn, child, Trigger.QUARANTINE, wait_ns, quarantine=BY_KEY, reason=reason)
    elif cause == "memory" and _was_calm(turn, child):
        start(turn, replace(child, relieved_ns=turn.now.mono_ns))
    else:
        if cause == "memory":
            child = replace(child, relieved_ns=turn.now.mono_ns)
        tally, wait_ns = after_crash(
            turn.limits, child.spec.kind, child.tally, child.been_ready, turn.chance()
        )
        _wait(turn, replace(child, tally=tally), Trigger.BACK_OFF, wait_ns)


def _was_calm(turn: Turn, child: Child) -> bool:
    """Whether replacing it helped the last time, if there was one: then it is no crash."""
    last_ns = child.relieved_ns
    return last_ns is None or turn.now.mono_ns - last_ns >= ns(turn.limits.memory_calm_s)


def _wait(turn: Turn, child: Child, trigger: Trigger, wait_ns: int, **changes: str) -> None:
    turn.put(
        child.moved(
            trigger,
            deadline_ns=turn.now.mono_ns + wait_ns,
            not_before_ns=turn.now.wall_ns + wait_ns,
            wait_ns=wait_ns,
            **changes,
        )
    )


def _cause(state: State, exit_info: ExitInfo) -> str:
    """Why it ended; what the supervisor did to it speaks louder than its status."""
    ours = {State.HUNG: "hung", State.OVER_MEMORY: "memory", State.STOPPING: "stopped"}
    if state in ours:
        return ours[state]
    if exit_info.code is not None:
        return {EXIT_KEY_REJECTED: "key", EXIT_CONFIG: "config"}.get(exit_info.code, "exit")
    return "lost" if exit_info.signal is None else "signal"


def _reason(exit_info: ExitInfo) -> str:
    if exit_info.code is not None:
        return f"exit code {exit_info.code}"
    if exit_info.signal is None:
        return "exit status unknown"
    try:
        name = signals.Signals(exit_info.signal).name
    except ValueError:
        return f"signal {exit_info.signal}"
    return f"signal {exit_info.signal} ({name})"


def _record(turn: Turn, child: Child, cause: str, exit_info: ExitInfo) -> RestartRecord:
    began = child.started or child.asked or turn.now
    beat = child.heartbeat
    return RestartRecord(
        actor=child.spec.actor,
        epoch=child.epoch,
        pid=child.pid or 0,
        started_ns=began.wall_ns,
        ended_ns=turn.now.wall_ns,
        uptime_ms=(turn.now.mono_ns - began.mono_ns) / 1e6,
        cause=cause,
        exit_code=exit_info.code,
        signal=exit_info.signal,
        cpu_ms=exit_info.cpu_ms,
        rss_bytes=beat.rss_bytes if beat else None,
        dump=exit_info.dump,
        last_lines=exit_info.last_lines,
    )


def not_started(turn: Turn, child: Child, reason: str) -> None:
    """The zygote could not fork: an end without a life."""
    ended(
        turn,
        replace(child, reason=f"not started: {reason}"[:REASON_LENGTH_MAX]),
        ExitInfo(last_lines=(reason,)),
    )


def stop(turn: Turn, child: Child) -> None:
    """A child without a process stays without one; its waits are kept for later."""
    assert child.state not in ALIVE
    if child.state is not State.STOPPED:
        turn.put(child.moved(Trigger.STOP, deadline_ns=None, reason=""))
