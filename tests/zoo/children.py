"""Children that behave, and children that do not: entries for supervision's tests."""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import signal
import socket
import struct
import threading
import time
import warnings
from collections.abc import Mapping
from typing import Any

from actors.errors import ConfigFault, KeyRejected, UsageFault
from actors.runtime.context import ActorContext
from actors.runtime.masking import register_secrets

FRAME_S = 0.01
_NUMBER = struct.Struct(">IQ")


async def idle(context: ActorContext) -> None:
    """Does its work, which is none."""
    context.progress.good_event()
    context.ready()
    await context.stopping.wait()


async def crasher(context: ActorContext) -> None:
    """Ready, then an exception after `after_s`."""
    context.progress.good_event()
    context.ready()
    await asyncio.sleep(context.config.get("after_s", 0.0))
    raise RuntimeError("the zoo's crasher")


async def never_ready(context: ActorContext) -> None:
    """Beats, and never says that it is ready."""
    await context.stopping.wait()


async def spinner(context: ActorContext) -> None:
    """Holds the loop and the interpreter, for ever."""
    await _worked_for(context)
    while True:
        pass


async def sleeper(context: ActorContext) -> None:
    """Sleeps in its loop, as code that was never meant for one."""
    await _worked_for(context)
    time.sleep(1_000)  # noqa: ASYNC251 - the very mistake


async def blocked(context: ActorContext) -> None:
    """Waits in a system call for bytes that nobody sends."""
    await _worked_for(context)
    ours, _theirs = socket.socketpair()
    ours.recv(1)


async def stopper(context: ActorContext) -> None:
    """Stops itself by SIGSTOP."""
    await _worked_for(context)
    os.kill(os.getpid(), signal.SIGSTOP)
    await context.stopping.wait()


async def deaf(context: ActorContext) -> None:
    """Does not care for Stop."""
    context.ready()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def key_rejected(context: ActorContext) -> None:
    raise KeyRejected("the venue does not accept the key (401)")


async def misconfigured(context: ActorContext) -> None:
    raise ConfigFault("MARKETS", "'NOPE'", "a market of the venue")


async def memory_eater(context: ActorContext) -> None:
    """Takes `bytes` more memory, and touches every page of it."""
    context.progress.good_event()
    context.ready()
    region = mmap.mmap(-1, context.config["bytes"])
    for offset in range(0, len(region), mmap.PAGESIZE):
        region[offset] = 1
    await context.stopping.wait()


async def grower(context: ActorContext) -> None:
    """Takes a megabyte more each 20 ms, up to `bytes`, and ends in order when it is told to."""
    context.progress.good_event()
    context.ready()
    held: list[bytearray] = []
    while not context.stopping.is_set():
        if len(held) << 20 < context.config["bytes"]:
            held.append(bytearray(os.urandom(1) * (1 << 20)))
        # Its stack has this very line: while a loop waits, its stack says nothing.
        time.sleep(0.02)  # noqa: ASYNC251 - as a child that works
        await asyncio.sleep(0)


async def quoter(context: ActorContext) -> None:
    """Lets libraries, a thread and the interpreter say its secret, in their own ways."""
    held = context.config["api_key"]
    register_secrets({"api_key": held}, None)
    context.ready()
    logging.getLogger("library.loud").warning("refused %s", held)
    logging.getLogger("library.quiet").info("of its own insides")
    logging.getLogger("library.clumsy").error("%d", held)
    warnings.warn(f"old: {held}", UserWarning, stacklevel=1)
    thread = threading.Thread(target=_fail, args=(held,), name="lost")
    thread.start()
    await asyncio.to_thread(thread.join)
    _Unraisable(held).close()
    try:
        _fail(held)
    except LookupError:
        logging.getLogger("library.loud").exception("caught")
    await context.stopping.wait()


class _Unraisable:
    """Raises where nobody can catch it."""

    def __init__(self, held: str) -> None:
        self._held = held

    def close(self) -> None:
        """Nothing: it is the end of the object that raises."""

    def __del__(self) -> None:
        _fail(self._held)


def _fail(held: str) -> None:
    raise LookupError(f"no such {held}")


async def segfaulter(context: ActorContext) -> None:
    """Dies of SIGSEGV after it was ready."""
    context.ready()
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGSEGV)
    await asyncio.sleep(10)


async def babbler(context: ActorContext) -> None:
    """Breaks the protocol of its control link."""
    context.ready()
    os.write(context.descriptor("control"), b"\xc1 this is no msgpack")
    await context.stopping.wait()


async def counter(context: ActorContext) -> None:
    """Sends numbered frames (epoch, number) over a unix socket to `reader`, each FRAME_S."""
    reader = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    reader.connect(context.config["reader"])
    name = context.actor_id.encode()
    reader.sendall(bytes([len(name)]) + name)
    number = 0
    due = time.monotonic()
    context.progress.good_event()
    context.ready()
    while not context.stopping.is_set():
        number += 1
        reader.sendall(_NUMBER.pack(context.epoch, number))
        context.progress.frame(number)
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def confidant(context: ActorContext) -> None:
    """Reads its secrets, and tells how many there were, and tries to say one aloud."""
    fields = context.secrets()
    context.log("info", "secrets", count=len(fields), said=fields.get("api_key", ""))
    try:
        context.secrets()
    except UsageFault as fault:
        context.fault(fault)
    context.ready()
    await context.stopping.wait()


async def _worked_for(context: ActorContext) -> None:
    """A while of good behaviour, so that the deadline counts from a real heartbeat."""
    context.progress.good_event()
    context.ready()
    await asyncio.sleep(context.config.get("good_s", 0.2))


async def returner(context: ActorContext) -> None:
    """Returns although nobody asked it to."""
    context.ready()


async def exiter(context: ActorContext) -> None:
    """Leaves by SystemExit with a code of its own."""
    raise SystemExit(3)


async def obedient(context: ActorContext) -> None:
    """Does what it is told, up to a point."""

    def refuse(_message: object) -> None:
        raise ValueError("pause is not for me")

    context.on_control("reconnect", lambda message: context.log("info", "told", lane=message.lane))
    context.on_control("pause", refuse)
    context.ready()
    await context.stopping.wait()


async def betrayer(context: ActorContext) -> None:
    """Crashes with a secret in its message, in a local variable, in a cause and in its config."""
    held = context.config["api_key"]
    register_secrets({"api_key": held}, None)
    context.progress.good_event()
    context.ready()
    try:
        {}[f"https://venue.example/?key={held}"]
    except KeyError as cause:
        raise RuntimeError(f'refused: {{"apiKey": "{held}"}} for {held}') from cause


async def stumbler(context: ActorContext) -> None:
    """Lives on, though a callback of its loop raises."""
    context.progress.good_event()
    context.ready()
    asyncio.get_running_loop().call_soon(_stumble)
    await context.stopping.wait()


def _stumble() -> None:
    raise LookupError("a callback of the zoo")


async def witness(context: ActorContext) -> None:
    """Answers what it is asked: what it heard, or nothing that could be sent."""
    heard: list[str] = []

    def broken(_: Mapping[str, str]) -> dict[str, Any]:
        raise RuntimeError("the zoo's broken handler")

    # Whoever was born to an order must hear it whole, and in order, before it works.
    await asyncio.sleep(context.config.get("listens_after_s", 0.0))
    context.on_control("resume", lambda _: heard.append("resume"))
    context.on_control("pause", lambda _: heard.append("pause"))
    context.on_question("frames", lambda args: {"heard": heard, "args": dict(args)})
    context.on_question("broken", broken)
    context.on_question("large", lambda _: {"text": "x" * 1024 * 1024})
    context.ready()
    await context.stopping.wait()
