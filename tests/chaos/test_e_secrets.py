"""(e) Secrets: whatever a service with canaries for secrets answers, logs, reports and keeps.

Its venue and its proxy repeat the canaries at every opportunity, its actors are killed, hung and
made to crash with them in their hands; then all of it is searched, in all spellings.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import secrets
import signal
import string
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from connect_proxy import ConnectProxy
from envelope_sink import EnvelopeSink
from full_service import (
    ROOT,
    START_SECONDS_MAX,
    Service,
    Simulator,
    account_settings,
    plain_environment,
    until,
)
from secret_scan import FRAGMENT_LENGTH, Needles, spellings
from web_world import World

from config.masking import MASK
from web.app import create_app

pytestmark = [pytest.mark.processes, pytest.mark.slow]

FIRST, SECOND = "account:extended:1", "account:extended:2"
REJECTED, MISTAKEN = "account:extended:3", "account:extended:4"
ARRIVAL_S = 15.0
STREAM_READ_S = 0.3
SPOILT_FRAMES_MIN = 10
MISTAKES_MIN = 6
PARAMETERS = {
    "index": ["1", "extended:2", "nobody"],
    "actor": [FIRST, SECOND, REJECTED, MISTAKEN, "nobody"],
    "market": ["BTC-USD", "NONE-USD"],
    "user_address": ["0x1"],
    "path": ["supervision", "assets/none.js"],
}
OPTIONS: list[list[str]] = [[], ["--json"]]
BYSTANDERS = ["cache", "web:1", "venue:extended", "orderbook:extended:linear:BTC-USD"]
"""Who is asked, and not told to stop."""


def word(length: int = 24, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def hard_word() -> str:
    """With all that URLs, JSON, regular expressions and Python's own texts spell otherwise."""
    return f"{word(16)}/+\"\\%&='{word(16)}"


class Canaries:
    """One for each secret that a service can be given, and where each is told to it."""

    def __init__(self) -> None:
        self.keys = {"1": hard_word(), "2": word()}
        self.rejected_key, self.spared_key = hard_word(), word()
        self.stark = {name: f"0x{word(48, 'abcdef')}" for name in self.keys}
        self.mistaken_stark = word(40)
        self.users = {name: word(16) for name in self.keys}
        self.passwords = {"1": hard_word(), "2": hard_word()}
        self.token, self.dsn_key = hard_word(), word()

    @property
    def all(self) -> dict[str, str]:
        several = {"key": self.keys, "Stark key": self.stark, "proxy password": self.passwords}
        several["proxy user"] = self.users
        found = {
            f"{what} {name}": text for what, of in several.items() for name, text in of.items()
        }
        return found | {
            "rejected key": self.rejected_key,
            "spared key": self.spared_key,
            "mistaken Stark key": self.mistaken_stark,
            "token": self.token,
            "DSN": self.dsn_key,
            "basic 1": b64encode(f"{self.users['1']}:{self.passwords['1']}".encode()).decode(),
        }

    def settings(self, venue: Simulator, proxy: ConnectProxy, sink: EnvelopeSink) -> dict[str, str]:
        """What stands in `.env`."""
        user, password = self.users["1"], self.passwords["1"]
        return account_settings(
            venue,
            {"1": self.keys["1"], "3": self.rejected_key, "4": self.spared_key},
            Extended_1_T1_STARKNET_PRIVATE=self.stark["1"],
            Extended_1_PROXY_1_URL=f"127.0.0.1:{proxy.port}:{user}:{password}",
            Extended_4_T4_STARKNET_PRIVATE=self.mistaken_stark,
            EXTENDED_MARKETS="BTC-USD",
            API_TOKEN=self.token,
            SENTRY_DSN=f"http://{self.dsn_key}@127.0.0.1:{sink.port}/1",
            HEARTBEAT_DEADLINE="2",
            RESTART_DELAY="0.2",
            LOG_LEVEL="debug",
        )

    def mistaken_lines(self) -> list[str]:
        """Settings that are all wrong."""
        password = self.passwords["1"]
        return [
            f"API TOKEN {self.token}",
            f"API_TOKEN={self.token} {self.token}",
            f"SENTRY_DSN=sentry://{self.dsn_key}@127.0.0.1/",
            f"EXTENDED_BASE_URL=http://user:{self.passwords['2']}@127.0.0.1/",
            f"CORS_ORIGINS=http://user:{self.passwords['2']}@desk.example",
            f"Extended_1_A_API_KEY={self.keys['1']}",
            f"Extended_2_B_API_KEY={self.keys['1']}",
            f"Extended_1_A_STARKNET_PRIVATE={self.mistaken_stark}",
            f"Extended_1_PROXY_1_URL=ftp://{self.users['1']}:{password}@127.0.0.1:1/",
            f"Extended_2_PROXY_2_URL={self.users['2']}:{password}",
            f"Extended_3_C_API_KEYS={self.keys['2']}",
            f"Extended_D_API_KEY={self.rejected_key}",
            "PORT=none",
        ]

    def variables(self, proxy: ConnectProxy) -> dict[str, str]:
        """What stands in the process's own environment."""
        credentials = f"{self.users['2']}:{quote(self.passwords['2'], safe='')}"
        return {
            "Extended_2_T2_API_KEY": self.keys["2"],
            "Extended_2_T2_STARKNET_PRIVATE": self.stark["2"],
            "Extended_2_PROXY_2_URL": f"http://{credentials}@127.0.0.1:{proxy.port}/",
        }


class Evidence:
    """All that was shown, by where."""

    def __init__(self) -> None:
        self.pieces: dict[str, bytes] = {}

    def add(self, where: str, data: bytes | str) -> None:
        data = data.encode() if isinstance(data, str) else data
        self.pieces[where] = self.pieces.get(where, b"") + data

    def search(self, needles: Needles) -> list[str]:
        return [
            f"{where}: {found}"
            for where, data in self.pieces.items()
            for found in needles.found_in(data)
        ]

    def of(self, beginning: str) -> bytes:
        return b"".join(data for where, data in self.pieces.items() if where.startswith(beginning))


class Caller:
    """Asks the service and keeps every answer, header and body."""

    def __init__(self, service: Service, evidence: Evidence, http: aiohttp.ClientSession) -> None:
        self._service, self._evidence, self._http = service, evidence, http
        self.right = dict(service.headers)

    async def ask(self, method: str, path: str, why: str = "", **headers: str) -> int:
        url = self._service.url + path
        async with self._http.request(method, url, headers=headers) as answer:
            told = "\n".join(f"{name}: {text}" for name, text in answer.headers.items())
            body = b""
            if answer.content_type != "text/event-stream":
                body = await answer.read()
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STREAM_READ_S):
                        async for piece in answer.content.iter_any():
                            body += piece
            where = f"{why}{method} {path}"
            self._evidence.add(where, f"{answer.status} {answer.reason}\n{told}\n".encode() + body)
            return answer.status

    async def listen(self) -> None:
        """Everything by SSE, for as long as it is let."""
        url = f"{self._service.url}/api/stream?topics=*"
        async with self._http.get(url, headers=self.right) as answer:
            async for piece in answer.content.iter_any():
                self._evidence.add("SSE", piece)

    async def listen_by_websocket(self) -> None:
        async with self._http.ws_connect(f"{self._service.url}/ws", headers=self.right) as socket:
            await socket.send_json({"op": "subscribe", "topics": ["*"]})
            async for message in socket:
                self._evidence.add("WebSocket", str(message.data))

    async def knock(self, path: str, why: str, **headers: str) -> None:
        """A WebSocket's first messages, and the words of its close."""
        with contextlib.suppress(aiohttp.WSServerHandshakeError):
            async with self._http.ws_connect(self._service.url + path, headers=headers) as socket:
                for _ in range(3):
                    with contextlib.suppress(TimeoutError):
                        message = await socket.receive(STREAM_READ_S)
                        self._evidence.add(f"{why} {path}", f"{message.data} {message.extra}")


def paths(method: str) -> list[str]:
    """Every path of the app that takes `method`, with everything that its parameters can be."""
    found = []
    for rule in create_app(World().service).url_map.iter_rules():
        if rule.websocket or method not in (rule.methods or ()):
            continue
        names = re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)
        assert len(names) <= 1, rule.rule
        values = PARAMETERS[names[0]] if names else [""]
        if names == ["actor"] and method != "POST":
            values = [*values, *BYSTANDERS]
        found += [re.sub(r"<[^>]+>", value, rule.rule) for value in values]
    return sorted(found)


def words_of_betrayal(canaries: Canaries) -> list[str]:
    """What a venue might say back: secrets in free text, spelt otherwise, and cut by a limit."""
    found = []
    for text in (canaries.keys["1"], canaries.passwords["1"], canaries.stark["1"]):
        cut = text[: len(text) - 3]
        found += [
            f'key {text} is unknown, as "{quote(text, safe="")}" and {text!r}',
            f"{'x' * 170} {text}",
            f"{'x' * 2030} {text}",
            f"{'x' * 2_540} {text}",
            f'{{"detail":"refused {cut}',
        ]
    return found


def frames_of_betrayal(canaries: Canaries) -> list[str]:
    key, password = canaries.keys["1"], canaries.passwords["1"]
    documents: list[Any] = [
        {"type": "BALANCE", "data": {"balance": key}, "ts": password, "seq": "one"},
        {"type": key, "data": {"apiKeys": [key], "debugInfo": f"of {key}"}, "ts": 1},
        {"type": "POSITION", "data": {key: {"signature": {"r": key}}}},
        {"op": "auth", "args": [key, password], "type": "ORDER"},
        {"raw": json.dumps({"apiKey": key, "text": f"of {key}"})},
        [key, password],
        key,
    ]
    return [*map(json.dumps, documents), *words_of_betrayal(canaries)]


def is_refusal(status: int) -> bool:
    return status >= 400


class Scene:
    """The service among its betrayers."""

    def __init__(self, folder: Path, canaries: Canaries, log_format: str) -> None:
        self.canaries = canaries
        self.evidence = Evidence()
        self.folder = folder / "service"
        self.folder.mkdir()
        self._elsewhere = folder
        self._log_format = log_format
        self._crash = folder / "crash-now"

    @asynccontextmanager
    async def played(self) -> AsyncIterator[None]:
        """Until the service has ended; then its log and files are evidence, too."""
        async with AsyncExitStack() as stack:
            self.sink = stack.enter_context(EnvelopeSink())
            # Both accounts have a name and a password of their own.
            users, passwords = self.canaries.users, self.canaries.passwords
            self.proxies = {
                name: await stack.enter_async_context(ConnectProxy(users[name], passwords[name]))
                for name in users
            }
            self.venue = Simulator(self._elsewhere, self.canaries.keys)
            stack.callback(self.venue.end)
            await self.venue.serving()
            self.service = self._start()
            stack.callback(self.service.end)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            self.caller = Caller(self.service, self.evidence, http)
            async with asyncio.timeout(START_SECONDS_MAX):
                await self._started()
            listeners = [
                asyncio.create_task(self.caller.listen()),
                asyncio.create_task(self.caller.listen_by_websocket()),
            ]
            yield
            await self.commands()
            await asyncio.to_thread(self.service.end)
            await asyncio.wait(listeners, timeout=5)
            for listener in listeners:
                assert listener.done(), "a stream outlives its service"
        for number, body in enumerate(self.sink.bodies):
            self.evidence.add(f"envelope {number}", body)
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name != ".env":
                self.evidence.add(f"file {path.relative_to(self.folder)}", path.read_bytes())
        self.evidence.add("file names", "\n".join(map(str, self.folder.rglob("*"))))

    def _start(self) -> Service:
        settings = self.canaries.settings(self.venue, self.proxies["1"], self.sink)
        self._variables = self.canaries.variables(self.proxies["2"]) | {
            "PYTHONPATH": f"{ROOT / 'tests' / 'betrayal'}{os.pathsep}{ROOT}",
            "PYTHON_BETRAYAL": str(self._crash),
        }
        settings["LOG_FORMAT"] = self._log_format
        return Service(self.folder, settings, variables=self._variables)

    async def _started(self) -> None:
        wanted = {FIRST: "ready", SECOND: "ready", REJECTED: "quarantined", MISTAKEN: "quarantined"}

        async def settled() -> bool:
            assert self.service.process.poll() is None, self.service.tail()
            try:
                children = await self.service.children()
            except (aiohttp.ClientError, TimeoutError):
                return False
            return all(children[actor]["state"] == state for actor, state in wanted.items())

        await until(settled, START_SECONDS_MAX, "two accounts ready, two quarantined")

    async def restarted(self, actor: str, epoch: int) -> None:
        await until(
            lambda: self.is_ready(actor, epoch), START_SECONDS_MAX, f"{actor} is ready once more"
        )

    async def is_ready(self, actor: str, epoch: int) -> bool:
        """In a life after that one."""
        child = (await self.service.children())[actor]
        return bool(child["state"] == "ready" and child["epoch"] > epoch)

    async def epoch(self, actor: str) -> int:
        found: int = (await self.service.children())[actor]["epoch"]
        return found

    async def fault(self, **order: Any) -> None:
        await self.venue.call("POST", "/fault", json=order)

    # what happens

    async def venue_betrays(self) -> None:
        """By frames, by refusals of each kind, and by refused handshakes."""
        for text in frames_of_betrayal(self.canaries):
            await self.fault(kind="malformed", target="ws:account:1", text=text)
        await self.venue.call("POST", "/fills", json={"account": "1", "rate_per_s": 20})

        async def shown() -> bool:
            _, told = await self.service.get(f"/api/frames/{FIRST}?limit=100")
            return sum(MASK in frame["text"] for frame in told["frames"]) >= SPOILT_FRAMES_MIN

        await until(shown, ARRIVAL_S, "frames that a venue betrayed", every=0.2)
        await self.caller.ask("GET", f"/api/frames/{FIRST}?limit=100", **self.caller.right)
        key = self.canaries.keys["1"]
        refused = json.dumps({"type": "ORDER", "data": {"apiKey": key}, "error": key, "seq": 1})
        await self.fault(kind="malformed", target="ws:account:1", text=refused)
        kinds = ["500", "502", "503", "504", "maintenance", "429"]
        texts = [text for text in words_of_betrayal(self.canaries) if len(text) < 300]
        assert len(texts) >= len(kinds)
        for number, text in enumerate(texts):
            await self.refused(kinds[number % len(kinds)], "rest:account:1", text)
        words = f"{'y' * 170}{key}"
        await self.refused("503", "ws:account:1", words)

    async def refused(self, kind: str, target: str, text: str) -> None:
        """A request or handshake gets these words, and a good answer comes after them."""
        lane = "ws" if target.startswith("ws") else "rest"
        again = f"/api/{lane}/reconnect?account_index=1"
        before = await self._statuses(lane)
        await self.fault(kind=kind, target=target, text=text, retry_after_s=0.1)
        if lane == "ws":
            await self.caller.ask("POST", again, **self.caller.right)

        async def told() -> bool:
            newest, *_ = statuses = await self._statuses(lane)
            if newest in (101, 200):
                return sum(map(is_refusal, statuses)) > sum(map(is_refusal, before))
            # A lane that failed three times in a row would rest for a minute.
            await self.caller.ask("POST", again, **self.caller.right)
            return False

        await until(told, ARRIVAL_S, f"{target} is answered by {kind}", every=0.1)

    async def _statuses(self, lane: str) -> list[int]:
        """How the venue answered the first account, newest first."""
        answer = await self.venue.call("GET", "/requests?account=1&limit=1000")
        found = [each for each in answer["requests"] if each["status"]]
        return [each["status"] for each in found if ("stream" in each["path"]) == (lane == "ws")]

    async def proxy_betrays(self) -> None:
        """It says why it refuses, and what it was sent."""
        proxy = self.proxies["2"]
        user, password = self.canaries.users["2"], self.canaries.passwords["2"]
        basic = b64encode(f"{user}:{password}".encode()).decode()
        before, epoch = proxy.refused, await self.epoch(SECOND)
        proxy.refusal_words = f"Unknown user {user} with {password}, that is Basic {basic}"
        await self.service.kill(SECOND)
        await until(lambda: proxy.refused > before + 1, ARRIVAL_S, "both lanes are refused")
        proxy.refusal_words = ""

        async def again() -> bool:
            # A lane that never was healthy rests for a minute.
            await self.caller.ask(
                "POST", "/api/connections/reconnect?account_index=2", **self.caller.right
            )
            return await self.is_ready(SECOND, epoch)

        await until(again, ARRIVAL_S, "the account is back", every=0.5)

    async def actor_crashes(self) -> None:
        """By an exception with its secrets in message, cause and locals."""
        epochs = {actor: await self.epoch(actor) for actor in (FIRST, SECOND)}
        self._crash.touch()

        async def crashed() -> bool:
            # Whoever asks its venue next is the one.
            return any([await self.is_ready(actor, epoch) for actor, epoch in epochs.items()])

        await until(crashed, START_SECONDS_MAX, "an account crashed and is back")
        assert not self._crash.exists(), "it crashed with its secrets"

    async def actors_die(self) -> None:
        """By kill -9, a fault of the machine, and a hang."""
        for actor, number in ((FIRST, signal.SIGKILL), (SECOND, signal.SIGSEGV)):
            epoch = await self.epoch(actor)
            os.kill(await self.service.pid_of(actor), number)
            await self.restarted(actor, epoch)
        epoch = await self.epoch(SECOND)
        os.kill(await self.service.pid_of(SECOND), signal.SIGSTOP)
        await self.restarted(SECOND, epoch)

    async def everything_is_asked(self) -> None:
        """Each path that tells something."""
        for method in ("GET", "HEAD"):
            for path in paths(method):
                await self.caller.ask(method, path, **self.caller.right)

    async def strangers_ask(self) -> None:
        """The same without the token, and with wrong ones that look like it."""
        token = self.canaries.token
        wrong: dict[str, dict[str, str]] = {
            "no token: ": {},
            "short token: ": {"Authorization": f"Bearer {token[:-1]}"},
            "long token: ": {"Authorization": f"Bearer {token}{token}"},
            "basic token: ": {"Authorization": f"Basic {token}"},
            "cookie: ": {"Cookie": f"token={quote(token, safe='')}"},
        }
        for why, headers in wrong.items():
            for path in paths("GET"):
                await self.caller.ask("GET", path, why, **headers)
        query = quote(token, safe="")
        await self.caller.knock(f"/ws/dashboard?token={query}", "dashboard: ")
        await self.caller.knock(f"/ws/dashboard?token={query}x", "wrong dashboard: ")
        await self.caller.knock(f"/ws?token={query}", "token in the address: ")
        await self.caller.knock("/ws", "short token: ", **wrong["short token: "])
        await self.caller.ask("GET", f"/api/stream?ticket={query}", "token as ticket: ")
        await self.caller.ask("GET", f"/api/status?token={query}", "token in the address: ")

    async def everything_is_ordered(self) -> None:
        """Each path that changes something."""
        for path in paths("POST"):
            await self.caller.ask("POST", path, **self.caller.right)

    async def commands(self) -> None:
        """What an operator asks at the terminal, beside the running service."""
        names = ("check-config", "status")
        asked = [(name, *option) for name in names for option in OPTIONS]
        await asyncio.gather(*(self.command(self.folder, self._variables, *each) for each in asked))

    async def mistakes(self) -> None:
        """The same, and a start, where each secret stands in a setting that is wrong."""
        folder = self._elsewhere / "mistakes"
        folder.mkdir()
        (folder / ".env").write_text("\n".join(self.canaries.mistaken_lines()))
        asked = [("run",), *(("check-config", *option) for option in OPTIONS)]
        await asyncio.gather(*(self.command(folder, {}, *each) for each in asked))

    async def command(self, folder: Path, variables: dict[str, str], *arguments: str) -> None:
        running = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "main.py"),
            *arguments,
            cwd=folder,
            env=plain_environment(**variables),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await asyncio.wait_for(running.communicate(), START_SECONDS_MAX)
        assert told, arguments
        self.evidence.add(f"{folder.name}: {' '.join(arguments)}", told)


def missed(data: bytes, canaries: Canaries) -> list[str]:
    """Spellings and parts of the canaries that are not found in `data` although put there."""
    lost = []
    for name, secret in canaries.all.items():
        needles = Needles({name: secret}, parts=True)
        starts = range(len(secret) - FRAGMENT_LENGTH + 1)
        parts = [secret[at : at + FRAGMENT_LENGTH].encode() for at in starts]
        planted = [*spellings(secret).values(), *parts]
        lost += [f"{name}: {it!r}" for it in planted if not needles.found_in(data[:9] + it + data)]
    return lost


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_e_no_secret_is_anywhere(tmp_path: Path, log_format: str) -> None:
    canaries = Canaries()
    scene = Scene(tmp_path, canaries, log_format)
    async with scene.played():
        await scene.venue_betrays()
        await scene.everything_is_asked()
        await scene.actor_crashes()
        if log_format == "json":
            # How the log is written changes nothing of all this.
            await scene.proxy_betrays()
            await scene.actors_die()
            await scene.everything_is_asked()
            await scene.strangers_ask()
            await scene.everything_is_ordered()
            await scene.mistakes()
    evidence = scene.evidence
    size = sum(map(len, evidence.pieces.values()))
    print(f"{log_format}: {len(evidence.pieces)} pieces, {size / 1e6:.1f} MB")
    found = evidence.search(Needles(canaries.all, parts=True))
    assert not found, "\n".join(found)
    assert not missed(evidence.pieces["GET /api/accounts"], canaries)
    assert_masked(evidence, log_format)


def assert_masked(evidence: Evidence, log_format: str) -> None:
    """The canaries did come to every place, and were taken out there."""
    places = ["file service.log", "file data/supervision.journal", "SSE", "WebSocket", "envelope"]
    places += [f"GET /api/frames/{FIRST}", "GET /api/errors"]
    events = [b"crashed", b"refused {", b"KeyError", b"HTTP 503 1006"]
    if log_format == "json":
        places += [f"GET /api/supervision/{FIRST}/history", "service: check-config"]
        assert evidence.of("mistakes: run").count(b"found") >= MISTAKES_MIN
        events += [b"SIGKILL", b"SIGSEGV", b"ProxyFailed"]
    for place in places:
        assert MASK.encode() in evidence.of(place), place
    log = evidence.of("file service.log")
    for event in events:
        assert event in log, event
