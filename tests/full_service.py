"""The whole service and a simulator as subprocesses, for tests that break it on purpose."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from secret_scan import Needles, given_secrets
from watched_venue import EXTENDED, WatchedVenue

ROOT = Path(__file__).parent.parent
START_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "PYTHONPATH")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until(
    condition: Callable[[], Any], seconds: float, what: str, every: float = POLL_SECONDS
) -> Any:
    """Waits for a truthy answer; awaits it where it is awaitable; fails naming what was missed."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(every)


class Program:
    """A subprocess of ours, its output kept for the story of a failed test."""

    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str], output: Path) -> None:
        self._log = output.open("w")
        self.output = output
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def family(self) -> list[psutil.Process]:
        """The process and all below it, as far as they live."""
        try:
            top = psutil.Process(self.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def end(self) -> None:
        family = self.family()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(12)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for member in family:
            if member.is_running():
                member.kill()
        self._log.close()

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])


class Simulator(Program):
    """`broadcaster simulate` with accounts of the test's own keys."""

    def __init__(
        self, folder: Path, keys: dict[str, str], *options: str, venue: WatchedVenue = EXTENDED
    ) -> None:
        self.venue = venue
        accounts = folder / f"simulated-{venue.name}-accounts.json"
        accounts.write_text(json.dumps(venue.simulated(keys)))
        self.port = free_port()
        super().__init__(
            str(ROOT / "main.py"),
            "simulate",
            "--venue",
            venue.name,
            "--port",
            str(self.port),
            "--accounts-file",
            str(accounts),
            *options,
            cwd=folder,
            env=plain_environment(),
            output=folder / f"simulator-{venue.name}.log",
        )
        self.base_url = f"http://127.0.0.1:{self.port}{venue.rest_path}"
        self.ws_url = f"ws://127.0.0.1:{self.port}{venue.stream_path}"

    async def call(self, method: str, path: str, **options: Any) -> Any:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{self.port}/_simulator{path}"
            async with session.request(method, url, **options) as response:
                text = await response.text()
                assert response.status < 300, f"{method} {path}: {response.status} {text}"
                return json.loads(text) if text else None

    async def serving(self) -> None:
        async def answers() -> bool:
            assert self.process.poll() is None, self.tail()
            try:
                await self.call("GET", "/state")
            except aiohttp.ClientError:
                return False
            return True

        await until(answers, START_SECONDS_MAX, "the simulator serves")


def plain_environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


class Service(Program):
    """`python main.py run` in a folder of its own, with a `.env` that the test wrote.

    `before` is a script with arguments that becomes the service, `variables` are its own.
    At its end no secret that it was given may stand in its log or in any file it kept.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, str],
        before: tuple[str, ...] = (),
        variables: dict[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.folder = folder
        text = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "data"),
            "RUNTIME_DIR": str(folder / "run"),
            "LOG_FORMAT": "json",
            # Tests ask as often as they like.
            "RATE_LIMIT": "0",
            "DEMO_VENUES": "extended",
            **settings,
        }
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in text.items()))
        self._variables = variables or {}
        self._kept_in = [folder / text[name] for name in ("DATA_DIR", "RUNTIME_DIR")]
        self._given = given_secrets(self._variables, folder / ".env")
        super().__init__(
            *before,
            str(ROOT / "main.py"),
            "run",
            cwd=folder,
            env=plain_environment(**self._variables),
            output=folder / "service.log",
        )
        self.url = f"http://127.0.0.1:{self.port}"
        token = settings.get("API_TOKEN")
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def end(self) -> None:
        super().end()
        # Whoever corrected a key meanwhile gave a new one.
        given = self._given | given_secrets(self._variables, self.folder / ".env")
        told = Needles(given).found_below([self.output, *self._kept_in])
        assert not told, f"secrets in what the service wrote: {told}"

    async def get(self, path: str, timeout_s: float = 5.0) -> tuple[int, Any]:
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=self.headers) as session,
            session.get(self.url + path) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def post(self, path: str) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers=self.headers) as session,
            session.post(self.url + path) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def ready(self, seconds: float = START_SECONDS_MAX) -> None:
        async def is_ready() -> bool:
            assert self.process.poll() is None, self.tail()
            try:
                status, _ = await self.get("/ready")
            except (aiohttp.ClientError, TimeoutError):
                return False
            return status == 200

        try:
            await until(is_ready, seconds, "the service is ready", every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    async def children(self) -> dict[str, dict[str, Any]]:
        status, tree = await self.get("/api/supervision")
        assert status == 200, tree
        return {child["actor"]: child for child in tree["children"]}

    async def pid_of(self, actor: str, not_pid: int = 0) -> int:
        """The process of a READY actor; `not_pid` is the one that the test just killed."""

        async def pid() -> int | None:
            child = (await self.children()).get(actor)
            is_ready = child is not None and child["state"] == "ready"
            return child["pid"] if child and is_ready and child["pid"] != not_pid else None

        found: int = await until(pid, START_SECONDS_MAX, f"{actor} is ready")
        return found

    async def kill(self, actor: str, not_pid: int = 0) -> int:
        """SIGKILL to the actor's process; returns the pid that is gone."""
        pid = await self.pid_of(actor, not_pid)
        os.kill(pid, signal.SIGKILL)
        return pid


class Again(Service):
    """The same folder, `.env` and port once more, after the first one ended."""

    def __init__(self, first: Service) -> None:
        self.port, self.folder = first.port, first.folder
        self._variables, self._kept_in, self._given = {}, first._kept_in, first._given
        Program.__init__(
            self,
            str(ROOT / "main.py"),
            "run",
            cwd=self.folder,
            env=plain_environment(),
            output=self.folder / "service-again.log",
        )
        self.url, self.headers = first.url, first.headers


def account_settings(simulator: Simulator, keys: dict[str, str], **more: str) -> dict[str, str]:
    """The `.env` of a service that watches the simulator's accounts."""
    return simulator.venue.variables(keys, simulator.base_url, simulator.ws_url) | more


@asynccontextmanager
async def running(
    folder: Path,
    keys: dict[str, str],
    *options: str,
    venue: WatchedVenue = EXTENDED,
    **settings: str,
) -> AsyncIterator[tuple[Simulator, Service]]:
    """A simulator and a service that is ready; both ended afterwards, whatever happens."""
    simulator = Simulator(folder, keys, *options, venue=venue)
    try:
        await simulator.serving()
        service = Service(folder, account_settings(simulator, keys, **settings))
        try:
            await service.ready()
            yield simulator, service
        finally:
            service.end()
    finally:
        simulator.end()
