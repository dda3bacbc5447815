"""The entry of a forked child: cuts it loose from the zygote and runs one actor to its end."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final, NoReturn

from actors.errors import EXIT_CONFIG, EXIT_KEY_REJECTED, EXIT_OK, ConfigFault, KeyRejected
from actors.messages.control import FaultReport
from actors.runtime import isolation, library_logs, lifeline
from actors.runtime.child_context import Birth, ChildContext
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.context import ActorContext
from actors.runtime.loop import new_loop
from actors.runtime.masking import LIVE

EXIT_CRASH: Final = 1
STOP_GRACE_S: Final = 4.0
"""How long an entry may take to return after Stop; then it is cancelled, a second before the
supervisor would kill it."""

CANCEL_GRACE_S: Final = 1.0

Entry = Callable[[ActorContext], Awaitable[None]]


def run_child(birth: Birth) -> NoReturn:
    """Run in a fresh fork, as its last call; always leaves by os._exit.

    An interpreter's usual exit would join threads and run the zygote's exit hooks.
    """
    code = EXIT_CRASH
    try:
        isolate(birth)
        loop = new_loop()
        asyncio.set_event_loop(loop)
        code = loop.run_until_complete(live(birth, SystemClock()))
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else EXIT_CRASH
    except BaseException:  # noqa: BLE001 - the guard of this process's main
        sys.stderr.write(LIVE.text(traceback.format_exc()))
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def isolate(birth: Birth) -> None:
    """Keep its own descriptors only, and arm what kills it, tells of it and hides it."""
    isolation.keep_only(birth.descriptors.values())
    isolation.settle_signals()
    lifeline.arm(birth.descriptors["lifeline"])
    isolation.forbid_inspection()
    dump = birth.descriptors["dump"]
    # A file that was enabled in the zygote would receive this child's stacks.
    faulthandler.enable(dump, all_threads=True)
    faulthandler.register(isolation.DUMP_SIGNAL, dump, all_threads=True, chain=False)
    isolation.entitle(birth.actor.replace(":", " ", 1))
    # Never gc.unfreeze(): the next collection would touch, and so copy, every shared page.
    gc.enable()


def load(entry: str) -> Entry:
    """The function behind "module:function"; ConfigFault where there is none."""
    module, _, name = entry.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigFault("entry", f"{entry} ({error})", "module:function") from error
    function: Entry = found
    return function


async def live(birth: Birth, clock: Clock) -> int:
    """Connect to the supervisor, beat, run the entry; the exit code."""
    context = ChildContext(birth, clock)
    await context.open()
    library_logs.listen(context.log_from_any_thread)
    try:
        code = await _work(context, birth.entry)
    except (KeyRejected, ConfigFault) as fault:
        context.fault(fault, level="error")
        code = EXIT_KEY_REJECTED if isinstance(fault, KeyRejected) else EXIT_CONFIG
    except Exception as error:  # noqa: BLE001 - the guard of this process's main
        _report_crash(context, error)
        code = EXIT_CRASH
    await context.flush()
    return code


async def _work(context: ChildContext, entry: str) -> int:
    """Run the entry until it ends, is told to, or has nobody left to work for; the exit code."""
    function = load(entry)
    work = asyncio.ensure_future(function(context))
    stop = asyncio.create_task(context.stopping.wait())
    lost = asyncio.create_task(context.supervisor.lost.wait())
    ends: set[asyncio.Future[Any]] = {work, lost, context.failed}
    await asyncio.wait({*ends, stop}, return_when=asyncio.FIRST_COMPLETED)
    if stop.done() and not any(end.done() for end in ends):
        await asyncio.wait(ends, timeout=STOP_GRACE_S, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            context.log("warning", "stop took too long, canceled", limit_s=STOP_GRACE_S)
    if not work.done():
        work.cancel()
        await asyncio.wait({work}, timeout=CANCEL_GRACE_S)
    if work.done() and not work.cancelled():
        work.result()
    if context.failed.done():
        context.failed.result()
    if lost.done():
        # Nobody is left to hear a reason.
        return EXIT_CRASH
    if stop.done():
        return EXIT_OK
    raise RuntimeError(f"{entry} returned without having been asked to stop")


def _report_crash(context: ChildContext, error: Exception) -> None:
    frames = "".join(traceback.format_exception(error))
    context.log("error", "crashed", traceback=frames)
    context.capture(error, fatal=True)
    context.fault(
        FaultReport(
            actor=context.actor_id,
            kind=type(error).__name__,
            message=str(error) or type(error).__name__,
            level="error",
            at_ns=context.clock.wall_ns(),
        )
    )
