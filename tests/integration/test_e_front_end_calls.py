"""(e) HTTP through a front end: streamed, bounded, to one base alone, and by whose right."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from front_world import (
    LOCAL_TOKEN,
    REMOTE_TOKEN,
    Asked,
    Front,
    front_of,
    raw_call,
    remote_that,
    says,
)
from web_world import until

from web.remote.bounds import Limits

TICKET = "a" * 43


async def call(front: Front, path: str, method: str = "GET", **options: Any) -> Any:
    """Status, headers and body, the body as it travelled."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, front.url + path, allow_redirects=False, **options) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


def problem(body: bytes) -> str:
    document = json.loads(body)
    assert document["title"]
    kind: str = document["type"].removeprefix("/docs#problem-")
    return kind


async def test_a_call_and_its_answer_pass_as_they_are() -> None:
    packed = gzip.compress(b'{"accounts":[]}', mtime=0)
    fields = ("Content-Type: application/json", "Content-Encoding: gzip", 'ETag: "t"', "X-A: 1")
    async with (
        remote_that(says("200 OK", packed, *fields)) as remote,
        front_of(remote.base + "/below") as front,
    ):
        path = "/api/orderbook/BTC%2FUSDT:USDT?depth=5&x=%20"
        headers = {"If-None-Match": '"t"', "Accept-Encoding": "gzip"}
        url = front.url + path
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(aiohttp.client.URL(url, encoded=True), headers=headers) as answer,
        ):
            body = await answer.read()
        assert (answer.status, body) == (200, packed)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Length"] == str(len(packed))
        assert answer.headers["X-A"] == "1"
        assert len(answer.headers.getall("Date")) == 1
        # What the dashboard names as its source.
        assert answer.headers.getall("X-Broadcaster-Collector") == [f"{remote.base}/below"]
        asked = remote.asked[0]
        assert asked.line == f"GET /below{path} HTTP/1.1"
        assert asked.one("host") == f"127.0.0.1:{remote.port}"
        assert asked.one("if-none-match") == '"t"'
        assert asked.one("x-forwarded-for") == "127.0.0.1"
        assert asked.one("x-forwarded-host") == f"127.0.0.1:{front.port}"
        assert not asked.all("authorization")
    assert front.reported == []


async def test_whose_answer_it_is_only_who_may_call_is_told() -> None:
    """`/health` needs no token, and a collector cannot speak for another."""
    false = says("200 OK", b"{}", "X-Broadcaster-Collector: http://elsewhere")
    async with (
        remote_that(false) as remote,
        front_of(remote.base, token="t") as front,
        aiohttp.ClientSession() as session,
    ):
        for path, headers, told in (
            ("/health", {}, []),
            ("/api/accounts", {}, []),
            ("/api/accounts", {"Authorization": "Bearer t"}, [remote.base]),
        ):
            async with session.get(front.url + path, headers=headers) as answer:
                assert answer.headers.getall("X-Broadcaster-Collector", []) == told


async def test_answers_without_a_body() -> None:
    head = says("200 OK", b"", "Content-Length: 77", length=False)
    async with remote_that(head) as remote, front_of(remote.base) as front:
        status, headers, body = await call(front, "/api/accounts", "HEAD")
        assert (status, body, headers["Content-Length"]) == (200, b"", "77")
        remote.answer = says("304 Not Modified", b"", 'ETag: "t"', length=False)
        status, headers, body = await call(front, "/api/markets")
        assert (status, body, headers["ETag"]) == (304, b"", '"t"')
        remote.answer = says("204 No Content", b"", "Allow: GET", length=False)
        status, headers, body = await call(front, "/api/accounts", "OPTIONS")
        assert (status, body, headers["Allow"]) == (204, b"", "GET")
        assert "Content-Type" not in headers
        assert remote.asked[-1].line == "OPTIONS /api/accounts HTTP/1.1"


async def test_the_first_bytes_come_before_the_last_are_made() -> None:
    going_on = asyncio.Event()

    async def answer(asked: Asked) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        asked.writer.write(head.encode() + b"id: a-1\ndata: first\n\n")
        await asked.writer.drain()
        await going_on.wait()
        asked.writer.write(b"id: a-2\ndata: second\n\n")

    async with remote_that(answer) as remote, front_of(remote.base) as front:
        headers = {"Last-Event-ID": "a-0"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(front.url + "/api/stream?topics=x", headers=headers) as stream,
        ):
            async with asyncio.timeout(5):
                assert await stream.content.readany() == b"id: a-1\ndata: first\n\n"
            assert front.relay.running == 1
            going_on.set()
            assert await stream.content.read() == b"id: a-2\ndata: second\n\n"
        assert remote.asked[0].one("last-event-id") == "a-0"
        await until(lambda: front.relay.running == 0, "the stream is over")


async def test_a_body_is_sent_on_piece_by_piece() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def answer(asked: Asked) -> None:
        assert asked.one("transfer-encoding") == "chunked"
        while True:
            size = int(await asked.reader.readuntil(b"\r\n"), 16)
            piece = (await asked.reader.readexactly(size + 2))[:-2]
            heard.put_nowait(piece)
            if not size:
                return await says("201 Created", b"done")(asked)

    async with remote_that(answer) as remote, front_of(remote.base) as front:

        async def pieces() -> Any:
            for piece in (b"one", b"two"):
                yield piece
                async with asyncio.timeout(5):
                    assert await heard.get() == piece

        status, _, body = await call(front, "/api/x", "POST", data=pieces())
        assert (status, body) == (201, b"done")
        status, _, _ = await call(front, "/api/x", "POST", data=b"x" * 65_537)
        assert status == 413


async def test_a_body_of_known_length_stays_so_and_one_without_end_is_stopped() -> None:
    async def answer(asked: Asked) -> None:
        if asked.all("transfer-encoding"):
            await asked.reader.read()
            return
        length = int(asked.one("content-length") or 0)
        await says("200 OK", await asked.reader.readexactly(length))(asked)

    async with remote_that(answer) as remote, front_of(remote.base, max_body_bytes=1024) as front:
        status, _, body = await call(front, "/api/x", "POST", data=b"y" * 1024)
        assert (status, body) == (200, b"y" * 1024)
        status, _, _ = await call(front, "/api/x", "POST")
        assert status == 200
        assert remote.asked[-1].one("content-length") == "0"

        async def endless() -> Any:
            for _ in range(100):
                yield b"z" * 512
                await asyncio.sleep(0)

        head = f"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1:{front.port}\r\n"
        chunks = b"".join(b"200\r\n%b\r\n" % (b"z" * 512) for _ in range(10))
        text = head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
        heard = await raw_call(front.port, text)
        assert b" 413 " in heard.split(b"\r\n")[0], heard
        assert b"problem-too-large" in heard


async def test_no_second_call_hides_in_a_body() -> None:
    heard: list[bytes] = []

    async def answer(asked: Asked) -> None:
        body = b""
        if asked.all("transfer-encoding"):
            body = await asked.reader.readuntil(b"0\r\n\r\n")
        elif length := int(asked.one("content-length") or 0):
            body = await asked.reader.readexactly(length)
        heard.append(body)
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        # Whatever else came on this connection would be the next call.
        async with asyncio.timeout(0.2):
            heard.append(await asked.reader.read(1))

    async with remote_that(answer) as remote, front_of(remote.base) as front:
        hidden = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
        head = f"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1:{front.port}\r\nConnection: close\r\n"
        both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
        told = await raw_call(front.port, (head + both).encode() + chunks)
        assert b" 200 " in told.split(b"\r\n")[0], told
        assert heard[0].endswith(hidden + b"\r\n0\r\n\r\n")
        assert not any(heard[1:])
        assert all("/admin" not in asked.line for asked in remote.asked)


async def test_a_slow_reader_makes_the_remote_wait_and_is_dropped_at_last() -> None:
    sent = 0
    stuck = asyncio.Event()

    async def answer(asked: Asked) -> None:
        nonlocal sent
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            asked.writer.write(b"data: %b\n\n" % (b"x" * 65_536))
            sent += 65_536
            try:
                async with asyncio.timeout(0.5):
                    await asked.writer.drain()
            except TimeoutError:
                stuck.set()
                await asked.writer.drain()

    async with (
        remote_that(answer) as remote,
        front_of(remote.base, limits=Limits(stall_s=1.5)) as front,
    ):
        _, writer = await asyncio.open_connection("127.0.0.1", front.port, limit=1024)
        writer.write(b"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        async with asyncio.timeout(20):
            await stuck.wait()
        assert sent < 32 * 2**20
        await until(lambda: front.relay.running == 0, "it was dropped", 10)
        writer.close()
    assert front.reported == []


async def test_a_client_that_leaves_ends_the_remotes_stream() -> None:
    gone = asyncio.Event()

    async def answer(asked: Asked) -> None:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
        await asked.reader.read()
        gone.set()

    async with remote_that(answer) as remote, front_of(remote.base) as front:
        async with aiohttp.ClientSession() as session:
            stream = await session.get(front.url + "/api/stream")
            await stream.content.readany()
            stream.close()
        async with asyncio.timeout(5):
            await gone.wait()
        await until(lambda: front.relay.running == 0, "nothing runs")


async def test_the_remote_away_is_a_502_and_needs_no_restart() -> None:
    async with remote_that(says("200 OK", b"{}")) as remote, front_of(remote.base) as front:
        assert (await call(front, "/health"))[0] == 200
        port = remote.port
    async with front_of(f"http://127.0.0.1:{port}", remote_token=REMOTE_TOKEN) as front:
        for path in ("/health", "/ready", "/api/accounts", "/api/stream", "/metrics", "/docs"):
            status, headers, body = await call(front, path)
            assert status == 502
            assert headers["Content-Type"] == "application/problem+json"
            assert headers["Retry-After"] == "1"
            assert problem(body) == "remote-unreachable"
            assert REMOTE_TOKEN not in body.decode()
            assert str(port) not in body.decode()
        status, _, page = await call(front, "/")
        assert status == 200
        assert b"<title>Broadcaster</title>" in page
        assert (await call(front, "/supervision"))[2] == page
        async with remote_that(says("200 OK", b"{}"), port):
            assert (await call(front, "/health"))[0] == 200
        assert (await call(front, "/health"))[0] == 502
        levels = [level for level, _ in front.said]
        assert levels == ["warning", "info", "warning"], front.said
        assert not any(REMOTE_TOKEN in text for _, text in front.said)
        assert front.reported == []


async def test_time_runs_out() -> None:
    async def silent(asked: Asked) -> None:
        await asked.reader.read()

    async def pausing(asked: Asked) -> None:
        kind = "text/event-stream" if "stream" in asked.line else "application/json"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        asked.writer.write(head.encode() + b"3\r\nabc\r\n")
        await asked.reader.read()

    limits = Limits(first_byte_s=0.3, idle_s=0.3, stream_idle_s=0.3)
    async with remote_that(silent) as remote, front_of(remote.base, limits=limits) as front:
        status, headers, body = await call(front, "/api/accounts")
        assert (status, problem(body)) == (504, "remote-silent")
        assert headers["Retry-After"] == "1"
        remote.answer = pausing
        async with asyncio.timeout(5):
            # A whole answer and a broken one must not look alike; a stream's end is an end.
            with pytest.raises(aiohttp.ClientPayloadError):
                await call(front, "/api/accounts")
            assert (await call(front, "/api/stream"))[2] == b"abc"
        assert front.reported == []


async def test_an_upload_that_stops_is_a_408() -> None:
    async def silent(asked: Asked) -> None:
        await asked.reader.read()

    limits = Limits(upload_idle_s=0.2)
    async with remote_that(silent) as remote, front_of(remote.base, limits=limits) as front:
        head = (
            f"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1:{front.port}\r\nContent-Length: 9\r\n\r\nab"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
        writer.write(head.encode())
        async with asyncio.timeout(5):
            heard = await reader.readuntil(b"\r\n")
        assert b" 408 " in heard
        writer.close()


async def test_a_truncated_answer_is_not_passed_off_as_whole() -> None:
    async def torn(asked: Asked) -> None:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    async with remote_that(torn) as remote, front_of(remote.base) as front:
        with pytest.raises(aiohttp.ClientPayloadError):
            await call(front, "/api/accounts")


async def test_garbage_is_a_502() -> None:
    async def garbage(asked: Asked) -> None:
        asked.writer.write(b"\x00\x01 not HTTP at all\r\n\r\n")

    async with remote_that(garbage) as remote, front_of(remote.base) as front:
        status, _, body = await call(front, "/api/accounts")
        assert (status, problem(body)) == (502, "remote-unreachable")


async def test_redirects_stay_here_or_end_here() -> None:
    async with remote_that(says("200 OK")) as remote, front_of(remote.base + "/below") as front:
        inside = f"{remote.base}/below/api/y?z=1"
        remote.answer = says("307 Temporary Redirect", b"", f"Location: {inside}")
        status, headers, _ = await call(front, "/api/x")
        assert (status, headers["Location"]) == (307, "/api/y?z=1")
        for outside in ("https://evil.example/", "//evil.example/", "/elsewhere", "\\\\evil"):
            remote.answer = says("302 Found", b"", f"Location: {outside}")
            status, headers, body = await call(front, "/api/x")
            assert (status, problem(body)) == (502, "remote-redirect")
            assert "Location" not in headers
            assert "evil" not in body.decode()
            remote.answer = says("201 Created", b"made", f"Location: {outside}")
            status, headers, body = await call(front, "/api/x", "POST")
            assert (status, body) == (201, b"made")
            assert "Location" not in headers
        assert len(remote.asked) == 9


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://evil.example/api/accounts", b" 40"),
        ("//evil.example/api/accounts", b" 40"),
        ("/api/../../etc/passwd", b" 400 "),
        ("/api/%2e%2e/%2e%2e/x", b" 400 "),
        ("/api/..%2f..%2fx", b" 400 "),
        ("/api\\..\\x", b" 400 "),
        ("/api/%0d%0aHost:%20evil.example", b" 404 "),
        ("/api/x#@evil.example", b" 400 "),
        ("@evil.example/api", b" 40"),
        ("*", b" 40"),
        ("/_simulator/state", b" 200 "),  # a view's, for all that this service knows
        ("/static/app.js", b" 404 "),
    ],
)
async def test_no_target_leads_elsewhere(target: str, status: bytes) -> None:
    async with remote_that(says("200 OK", b"{}")) as remote, front_of(remote.base) as front:
        text = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        heard = await raw_call(front.port, text.encode())
        assert status in heard.split(b"\r\n")[0], heard
        assert remote.asked == []


async def test_whatever_is_asked_stays_below_the_base() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    pieces = ["/api", "/ws", "/docs", "/", "..", ".", "%2e", "%2f", "%5c", "\\", "//", ":", "@"]
    pieces += ["?", "#", "%", "%25", "%0a", "evil.example", "http://", "x", "*", ";"]
    async with remote_that(says("200 OK", b"{}")) as remote:
        async with front_of(remote.base + "/below") as front:
            for _ in range(300):
                target = "".join(generator.choices(pieces, k=generator.randint(1, 7)))
                target = generator.choice(["", "/api", "/health"]) + target
                head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                told = await raw_call(front.port, head.encode())
                assert re.match(rb"HTTP/1\.1 (200|400|404) ", told), (target, told[:99])
            for asked in remote.asked:
                way = asked.line.split(" ")[1].partition("?")[0]
                assert re.match(r"/below/(api|ws|docs|health)(/|$)", way), way
                assert ".." not in unquote(unquote(way)).split("/"), way
            assert len(remote.asked) > 10
        assert front.reported == []


async def test_no_field_leads_elsewhere() -> None:
    async with remote_that(says("200 OK", b"{}")) as remote, front_of(remote.base) as front:
        fields = (
            "Host: localhost\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
            "X-Original-URL: /admin\r\nTE: trailers\r\n"
            "Connection: close, X-Gone\r\nX-Gone: 1\r\n"
        )
        heard = await raw_call(front.port, f"GET /api/x HTTP/1.1\r\n{fields}\r\n".encode())
        assert b" 200 " in heard.split(b"\r\n")[0], heard
        asked = remote.asked[0]
        assert asked.one("host") == f"127.0.0.1:{remote.port}"
        assert asked.one("x-forwarded-host") == "localhost"
        for name in ("forwarded", "x-original-url", "te", "x-gone"):
            assert not asked.all(name)
        heard = await raw_call(
            front.port, b"GET /api/x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert b" 403 " in heard.split(b"\r\n")[0], heard
        heard = await raw_call(
            front.port,
            b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        )
        assert b" 40" in heard.split(b"\r\n")[0], heard
        assert len(remote.asked) == 1


async def test_whose_token_opens_what() -> None:
    async with (
        remote_that(says("200 OK", b"{}")) as remote,
        front_of(remote.base, token=LOCAL_TOKEN, remote_token=REMOTE_TOKEN) as front,
    ):
        status, _, body = await call(front, "/api/accounts")
        assert (status, problem(body)) == (401, "token")
        wrong = {"Authorization": f"Bearer {REMOTE_TOKEN}"}
        assert (await call(front, "/api/accounts", headers=wrong))[0] == 401
        assert remote.asked == []
        right = {"Authorization": f"Bearer {LOCAL_TOKEN}"}
        assert (await call(front, "/api/accounts", headers=right))[0] == 200
        assert (await call(front, "/api/ticket", "POST", headers=right))[0] == 200
        assert (await call(front, f"/ws/dashboard?a=b&token={LOCAL_TOKEN}"))[0] == 200
        for asked in remote.asked:
            assert asked.one("authorization") == f"Bearer {REMOTE_TOKEN}"
        assert remote.asked[-1].line == "GET /ws/dashboard?a=b HTTP/1.1"
        # The remote alone can judge its tickets, so our right must not stand beside one.
        assert (await call(front, f"/api/stream?ticket={TICKET}"))[0] == 200
        assert not remote.asked[-1].all("authorization")
        assert remote.asked[-1].line == f"GET /api/stream?ticket={TICKET} HTTP/1.1"
        assert (await call(front, f"/api/accounts?ticket={TICKET}"))[0] == 401
        assert (await call(front, "/health"))[0] == 200


async def test_without_tokens_of_ours_the_clients_own_is_the_remotes_to_judge() -> None:
    own = {"Authorization": "Bearer of-the-client"}
    async with remote_that(says("401 Unauthorized", b"{}", "WWW-Authenticate: Bearer")) as remote:
        async with front_of(remote.base) as front:
            status, headers, _ = await call(front, "/api/accounts", headers=own)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert remote.asked[-1].one("authorization") == "Bearer of-the-client"
        async with front_of(remote.base, remote_token=REMOTE_TOKEN) as front:
            status, headers, body = await call(front, "/api/accounts", headers=own)
            assert (status, problem(body)) == (502, "remote-token")
            assert "WWW-Authenticate" not in headers
            assert REMOTE_TOKEN not in body.decode()
            assert [level for level, _ in front.said] == ["error"]


async def test_the_rules_of_this_side_hold() -> None:
    origin = "https://desk.example"
    cors = ("Access-Control-Allow-Origin: *",)
    async with (
        remote_that(says("200 OK", b"{}", *cors)) as remote,
        front_of(remote.base, cors_origins=[origin], rate_limit=2) as front,
    ):
        stranger = {"Origin": "https://evil.example"}
        assert (await call(front, "/api/accounts", headers=stranger))[0] == 403
        asks = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        assert (await call(front, "/api/accounts", "OPTIONS", headers=asks))[0] == 204
        assert remote.asked == []
        status, headers, _ = await call(front, "/api/accounts", headers={"Origin": origin})
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, origin)
        assert not remote.asked[0].all("origin")
        assert (await call(front, "/api/accounts"))[0] == 200
        status, headers, body = await call(front, "/api/accounts")
        assert (status, problem(body)) == (429, "rate-limit")
        assert len(remote.asked) == 2


async def test_room_runs_out_and_comes_back() -> None:
    async def stream(asked: Asked) -> None:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
        await asked.reader.read()

    async with (
        remote_that(stream) as remote,
        front_of(remote.base, streams_max=1) as front,
        aiohttp.ClientSession() as session,
    ):
        async with session.get(front.url + "/api/stream") as held:
            await held.content.readany()
            status, headers, body = await call(front, "/api/stream")
            assert (status, problem(body)) == (503, "relay-full")
            assert headers["Retry-After"] == "5"
        await until(lambda: front.relay.running == 0, "it ended")
        async with session.get(front.url + "/api/stream") as held:
            assert held.status == 200


async def test_a_service_in_front_of_itself_says_so() -> None:
    async with remote_that(says("200 OK", b"{}")) as remote, front_of(remote.base) as front:
        await call(front, "/health")
        via = remote.asked[0].one("via")
        status, _, body = await call(front, "/health", headers={"Via": via or ""})
        assert (status, problem(body)) == (508, "relay-loop")
        assert len(remote.asked) == 1


async def test_a_stop_tells_event_streams() -> None:
    async def stream(asked: Asked) -> None:
        asked.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
        await asked.reader.read()

    async with remote_that(stream) as remote, front_of(remote.base) as front:
        async with (
            aiohttp.ClientSession() as session,
            session.get(front.url + "/api/stream") as answer,
        ):
            assert await answer.content.readany() == b"data: x\n\n"
            front.relay.end_all()
            async with asyncio.timeout(5):
                rest = await answer.content.read()
        assert rest.startswith(b"event: closing\ndata: {")
        assert json.loads(rest.split(b"data: ")[1])["reason"] == "the service stops"
        status, _, _ = await call(front, "/api/accounts")
        assert status == 503
