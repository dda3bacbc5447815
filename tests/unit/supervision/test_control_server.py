"""The control socket: bad requests get a clear answer, and disturb nobody."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import pytest

from actors.errors import ConnectTimeout, Disconnected, LinkFault
from actors.runtime.control_client import ControlClient, ControlRefused, call_blocking
from actors.supervision import control_server
from actors.supervision.control_server import ControlServer, Operation, Refusal
from actors.supervision.sockets import listen_unix

KNOWN = ("cache", "web:1")


async def _answer(op: str, args: Mapping[str, str]) -> dict[str, Any]:
    actor = args.get("actor", "")
    if actor == "slow":
        await asyncio.sleep(60)
    if actor == "broken":
        raise RuntimeError("inside")
    if op != "tree" and actor not in KNOWN:
        raise Refusal("unknown_actor", f"there is no actor {actor!r}", KNOWN)
    return {"op": op, **args}


def _operations(limit_s: float) -> dict[str, Operation]:
    actor, lane = frozenset({"actor"}), frozenset({"lane"})
    table = {"tree": Operation(answer=partial(_answer, "tree"))}
    for op in ("history", "restart", "stop", "start", "reset"):
        table[op] = Operation(answer=partial(_answer, op), must=actor, limit_s=limit_s)
    for op in ("reconnect", "refresh", "pause", "resume"):
        table[op] = Operation(answer=partial(_answer, op), must=actor, may=lane)
    topics = frozenset({"topics"})
    table["want"] = Operation(answer=partial(_answer, "tree"), must=topics, lists=topics)
    return table


@asynccontextmanager
async def _served(limit_s: float = 1.5) -> AsyncIterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="control-"))
    path = home / "control.sock"
    server = ControlServer(listen_unix(path), _operations(limit_s))
    await server.open()
    try:
        yield path
    finally:
        server.close()
        await asyncio.sleep(0)
        shutil.rmtree(home)


async def _raw(path: Path, data: bytes) -> list[Any]:
    """All answers to `data`; the connection's end closes the list."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(5):
        answers = await reader.read()
    writer.close()
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(answers)
    return list(unpacker)


async def test_questions_are_answered_in_order_on_one_connection() -> None:
    async with _served() as path:
        data = b"".join(
            msgpack.packb([number, "restart", {"actor": "cache"}]) for number in range(20)
        )
        answers = await _raw(path, data)
    assert answers == [[number, "ok", {"op": "restart", "actor": "cache"}] for number in range(20)]


async def test_client_gets_the_body_or_the_refusal() -> None:
    async with _served() as path:
        client = ControlClient(path)
        assert await client.call("tree") == {"op": "tree"}
        assert await client.call("reconnect", actor="web:1", lane="rest") == {
            "op": "reconnect",
            "actor": "web:1",
            "lane": "rest",
        }
        with pytest.raises(ControlRefused, match="there is no actor 'nobody'") as refused:
            await client.call("stop", actor="nobody")
        assert (refused.value.kind, refused.value.known) == ("unknown_actor", KNOWN)
        body = await asyncio.to_thread(call_blocking, path, "history", 2.0, actor="cache")
        assert body["actor"] == "cache"
        with pytest.raises(ControlRefused):
            await asyncio.to_thread(call_blocking, path, "history", 2.0, actor="nobody")


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ([1, "nonsense", {}], "op: expected one of tree, history"),
        ([1, "restart", {}], "actor: expected a text, found nothing"),
        ([1, "restart", {"actor": 7}], "actor: expected a text, found 7"),
        ([1, "restart", {"actor": "x" * 300}], "actor: expected a text"),
        ([1, "restart", {"actor": "cache", "force": "yes"}], "expected actor, found 'force'"),
        ([1, "tree", {"actor": "cache"}], "tree: expected no argument, found 'actor'"),
        ([1, "pause", {"lane": "rest"}], "actor: expected a text, found nothing"),
        ([1, "tree"], "expected [id, op, args]"),
        (["1", "tree", {}], "expected [id, op, args]"),
        ([1, b"tree", {}], "expected [id, op, args]"),
        ([1, "tree", []], "expected [id, op, args]"),
        ({"op": "tree"}, "expected [id, op, args]"),
        (7, "expected [id, op, args]"),
        (None, "expected [id, op, args]"),
    ],
)
async def test_bad_request_is_named(item: object, found: str) -> None:
    async with _served() as path:
        answers = await _raw(path, msgpack.packb(item))
        assert len(answers) == 1
        _, verdict, body = answers[0]
        assert verdict == "error"
        assert body["kind"] == "bad_request"
        assert found in body["detail"]
        assert await ControlClient(path).call("tree") == {"op": "tree"}


async def test_random_bytes_disturb_nobody() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    async with _served() as path:
        for _ in range(60):
            data = generator.randbytes(generator.randrange(1, 400))
            for answer in await _raw(path, data):
                assert answer[1] == "error"
                assert answer[2]["kind"] == "bad_request"
        assert await ControlClient(path).call("tree") == {"op": "tree"}


async def test_a_request_without_end_is_cut_off() -> None:
    async with _served() as path:
        size = control_server.REQUEST_BYTES_MAX + 10
        answers = await _raw(path, b"\xc6" + size.to_bytes(4, "big") + b"x" * size)
        assert answers[-1][2]["kind"] == "bad_request"


async def test_slow_and_broken_answers_are_said_to_be() -> None:
    async with _served(0.05) as path:
        client = ControlClient(path)
        for actor, detail in (("slow", "no answer to stop in time"), ("broken", "RuntimeError")):
            with pytest.raises(ControlRefused, match=detail) as refused:
                await client.call("stop", actor=actor)
            assert refused.value.kind == "busy"


async def test_a_list_of_texts_is_taken_and_anything_else_refused() -> None:
    async with _served() as path:
        client = ControlClient(path)
        assert (await client.call("want", topics=["a", "b"]))["topics"] == ["a", "b"]
        for wrong in ("a", ["a", 1], ["a"] * (control_server.ITEMS_MAX + 1), None):
            with pytest.raises(ControlRefused, match="topics: expected") as refused:
                await client.call("want", topics=wrong)
            assert refused.value.kind == "bad_request"


async def test_client_that_waits_too_long_says_so() -> None:
    async with _served() as path:
        with pytest.raises(ConnectTimeout, match=r"no answer to stop in 0\.05 s"):
            await ControlClient(path).call("stop", timeout_s=0.05, actor="slow")


async def test_too_many_connections_are_refused_and_the_others_go_on() -> None:
    async with _served() as path:
        held = [
            await asyncio.open_unix_connection(path) for _ in range(control_server.CONNECTIONS_MAX)
        ]
        # Each has been accepted once it was answered.
        for reader, writer in held:
            writer.write(msgpack.packb([1, "tree", {}]))
            assert await reader.read(100)
        with pytest.raises(ControlRefused, match="at most 64 connections"):
            await ControlClient(path).call("tree")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(5):
            while True:
                try:
                    assert await ControlClient(path).call("tree") == {"op": "tree"}
                    break
                except ControlRefused:
                    await asyncio.sleep(0.01)


async def test_strangers_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "peer_uid", lambda _: os.getuid() + 1)
    async with _served() as path:
        with pytest.raises(Disconnected):
            await ControlClient(path).call("tree")


def test_no_service_is_a_fault_of_the_link(tmp_path: Path) -> None:
    with pytest.raises(LinkFault, match=r"control\.sock"):
        call_blocking(tmp_path / "control.sock", "tree")


async def test_answers_that_make_no_sense_are_faults_of_the_link() -> None:
    home = Path(tempfile.mkdtemp(prefix="control-"))
    path = home / "s"

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(msgpack.packb([1, "maybe", {}]))
        writer.close()

    server = await asyncio.start_unix_server(lie, path)
    try:
        with pytest.raises(LinkFault, match=r"expected .*ok or error"):
            await ControlClient(path).call("tree")
    finally:
        server.close()
        shutil.rmtree(home)


def test_socket_is_for_this_user_alone_and_replaces_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "s"
    first = listen_unix(path)
    first.close()
    with listen_unix(path) as second, socket.socket(socket.AF_UNIX) as client:
        assert path.stat().st_mode & 0o777 == 0o600
        client.connect(str(path))
        second.accept()[0].close()
