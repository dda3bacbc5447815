"""Asks the supervisor over its control socket; one connection a question."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, Final

import msgpack

from actors.errors import ConnectTimeout, Disconnected, LinkFault, UsageFault

ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
"""200 children with 20 incarnations of 16 kB dumps would not fit; `tree` carries no dumps."""

_READ_BYTES: Final = 64 * 1024
_ID: Final = 1


class ControlRefused(UsageFault):
    """The supervisor said no.

    `kind` is `unknown_actor`, `bad_request` or `busy`; `known` names what it would have taken.
    """

    def __init__(self, kind: str, detail: str, known: tuple[str, ...] = ()) -> None:
        self.kind = kind
        self.detail = detail
        self.known = known
        super().__init__(f"{kind}: {detail}")


def _request(op: str, args: dict[str, Any]) -> bytes:
    packed: bytes = msgpack.packb([_ID, op, args])
    return packed


def _unpacker() -> msgpack.Unpacker:
    return msgpack.Unpacker(raw=False, max_buffer_size=ANSWER_BYTES_MAX)


def _answer(unpacker: msgpack.Unpacker, data: bytes) -> dict[str, Any] | None:
    """The answer's body once it is whole; raises ControlRefused or LinkFault."""
    try:
        unpacker.feed(data)
        answer = next(unpacker, None)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise LinkFault(f"control socket: answer is not msgpack: {error}") from error
    match answer:
        case None:
            return None
        case [_, "ok", dict() as body]:
            return body
        case [_, "error", {"kind": str() as kind, "detail": str() as detail, **rest}]:
            known = rest.get("known")
            raise ControlRefused(kind, detail, tuple(known) if isinstance(known, list) else ())
    raise LinkFault(f"control socket: expected [id, ok or error, body], found {answer!r:.100}")


class ControlClient:
    """For processes with an event loop."""

    __slots__ = ("_path",)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]:
        """The answer's body.

        Raises ControlRefused where the supervisor says no, LinkFault (ConnectTimeout,
        Disconnected) where it cannot be asked.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ask(_request(op, args))
        except TimeoutError as error:
            raise ConnectTimeout(f"{self._path}: no answer to {op} in {timeout_s} s") from error
        except OSError as error:
            raise Disconnected(f"{self._path}: {error}") from error

    async def _ask(self, request: bytes) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(request)
            await writer.drain()
            unpacker = _unpacker()
            while data := await reader.read(_READ_BYTES):
                if (body := _answer(unpacker, data)) is not None:
                    return body
        finally:
            writer.close()
        raise Disconnected(f"{self._path}: closed without an answer")


def call_blocking(
    path: str | os.PathLike[str], op: str, timeout_s: float = 2.0, **args: Any
) -> dict[str, Any]:
    """As `ControlClient.call`, for the command line; the time-out holds for each step."""
    name = os.fspath(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(name)
            connection.sendall(_request(op, args))
            unpacker = _unpacker()
            while data := connection.recv(_READ_BYTES):
                if (body := _answer(unpacker, data)) is not None:
                    return body
    except TimeoutError as error:
        raise ConnectTimeout(f"{name}: no answer to {op} in {timeout_s} s") from error
    except OSError as error:
        raise Disconnected(f"{name}: {error}") from error
    raise Disconnected(f"{name}: closed without an answer")
