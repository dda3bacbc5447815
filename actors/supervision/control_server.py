"""The control socket: who may ask, what can be asked, and how a refusal reads."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgpack

from actors.errors import UsageFault
from actors.supervision.sockets import peer_uid

REQUEST_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 64
REQUESTS_PER_CONNECTION_MAX: Final = 1_000
IDLE_S: Final = 30.0
ANSWER_S: Final = 1.5
"""The kernel's actor answers within milliseconds; who waits longer is told so."""

SLOW_ANSWER_S: Final = 15.0
"""A reset reads the configuration again, in a process of its own."""

_READ_BYTES: Final = 16 * 1024

ITEMS_MAX: Final = 1_000
"""As many as market streams may run on demand, so that all their topics fit one request."""
TEXT_LENGTH_MAX: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What can be asked: the arguments that it must and may have, and who answers.

    All arguments are texts, those in `lists` lists of texts. `answer(args)` gives the body or
    raises Refusal; it is given up after `limit_s`.
    """

    answer: Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    limit_s: float = ANSWER_S


class Refusal(UsageFault):
    """The answer is no: `kind` is `unknown_actor`, `bad_request` or `busy`."""

    def __init__(self, kind: str, detail: str, known: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.known = known
        super().__init__(detail)


class _Malformed(UsageFault):
    """What came is no request; the connection ends after the answer."""


class ControlServer:
    """Serves requests one after the other on each connection, on the loop it is opened in."""

    def __init__(self, listener: socket.socket, operations: Mapping[str, Operation]) -> None:
        self._listener = listener
        self._operations = operations
        self._connections = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=self._listener)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("socket")
        self._connections += 1
        try:
            if peer_uid(peer) != os.getuid():
                return
            if self._connections > CONNECTIONS_MAX:
                refusal = Refusal("busy", f"expected at most {CONNECTIONS_MAX} connections")
                await _write(writer, _refused(0, refusal))
                return
            await self._converse(reader, writer)
        except (OSError, TimeoutError):
            # The peer left, said nothing for too long, or does not read: nothing waits for it.
            writer.transport.abort()
        finally:
            self._connections -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=REQUEST_BYTES_MAX)
        served = 0
        while served < REQUESTS_PER_CONNECTION_MAX:
            async with asyncio.timeout(IDLE_S):
                data = await reader.read(_READ_BYTES)
            if not data:
                return
            try:
                unpacker.feed(data)
                for item in unpacker:
                    served += 1
                    await _write(writer, await self._respond(item))
            except _Malformed as fault:
                await _write(writer, _refused(0, Refusal("bad_request", str(fault))))
                return
            except (ValueError, RecursionError, msgpack.UnpackException) as error:
                detail = f"expected msgpack of at most {REQUEST_BYTES_MAX} bytes, found {error!r}"
                await _write(writer, _refused(0, Refusal("bad_request", detail)))
                return

    async def _respond(self, item: object) -> list[Any]:
        match item:
            case [int() as number, str() as op, dict() as args]:
                pass
            case _:
                raise _Malformed(f"expected [id, op, args], found {item!r:.100}")
        try:
            operation = self._operations.get(op)
            if operation is None:
                known = tuple(self._operations)
                detail = f"op: expected one of {', '.join(known)}, found {op!r:.60}"
                raise Refusal("bad_request", detail, known)
            checked = _checked(op, operation, args)
            async with asyncio.timeout(operation.limit_s):
                return [number, "ok", await operation.answer(checked)]
        except Refusal as refusal:
            return _refused(number, refusal)
        except TimeoutError:
            return _refused(number, Refusal("busy", f"no answer to {op} in time"))
        except Exception as error:  # noqa: BLE001 - the guard of this connection handler
            return _refused(number, Refusal("busy", f"{op} failed: {type(error).__name__}"))


def _checked(op: str, operation: Operation, args: Mapping[object, object]) -> dict[str, Any]:
    """The arguments, or a Refusal that names the one that is wrong."""
    must, may = operation.must, operation.may
    checked: dict[str, Any] = {}
    for name, value in args.items():
        if not isinstance(name, str) or name not in must | may:
            allowed = ", ".join(sorted(must | may)) or "no argument"
            raise Refusal("bad_request", f"{op}: expected {allowed}, found {name!r:.60}")
        if name in operation.lists:
            if not isinstance(value, list) or len(value) > ITEMS_MAX:
                detail = f"{name}: expected a list of at most {ITEMS_MAX} texts"
                raise Refusal("bad_request", f"{detail}, found {value!r:.60}")
            checked[name] = [_text(name, item) for item in value]
        else:
            checked[name] = _text(name, value)
    for name in must - checked.keys():
        expected = "a list of texts" if name in operation.lists else "a text"
        raise Refusal("bad_request", f"{name}: expected {expected}, found nothing")
    return checked


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX:
        raise Refusal("bad_request", f"{name}: expected a text, found {value!r:.60}")
    return value


def _refused(number: int, refusal: Refusal) -> list[Any]:
    body = {"kind": refusal.kind, "detail": str(refusal), "known": list(refusal.known)}
    return [number, "error", body]


async def _write(writer: asyncio.StreamWriter, answer: list[Any]) -> None:
    writer.write(msgpack.packb(answer))
    async with asyncio.timeout(IDLE_S):
        await writer.drain()
