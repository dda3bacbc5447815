"""The simulator as a command and as a child: what it prints, serves, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

import main
from actors.errors import ConfigFault
from actors.runtime.clock import SystemClock
from actors.runtime.context import Progress
from actors.simulator.actor import run
from actors.simulator.command import simulate
from config.demo import demo_accounts, demo_lighter_accounts

DEADLINE_S = 20.0
SEED = 5


async def start(*options: str) -> tuple[asyncio.subprocess.Process, Any]:
    call = f"simulate({', '.join(options)})"
    code = f"import sys; from actors.simulator.command import simulate; sys.exit({call})"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
    return process, json.loads(line)


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_prints_one_line_and_serves(number: signal.Signals) -> None:
    process, line = await start(f"seed={SEED}", "accounts=2")
    try:
        assert line["simulated"] is True
        assert line["accounts"] == [one._asdict() for one in demo_accounts(SEED, 2)]
        headers = {"User-Agent": "stranger", "X-Api-Key": line["accounts"][1]["api_key"]}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.get(f"{line['base_url']}/user/account/info") as answer:
                assert (await answer.json())["data"]["accountId"] == 100_002
            stream = await session.ws_connect(f"{line['ws_url']}/account")
            assert json.loads((await stream.receive()).data)["seq"] == 1
            process.send_signal(number)
            async with asyncio.timeout(DEADLINE_S):
                while (message := await stream.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert message.type is aiohttp.WSMsgType.CLOSE
            await stream.close()
        assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.processes
async def test_own_accounts_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps([{"name": "mine", "api_key": "my-key"}]))
    process, line = await start(f"accounts_file={str(path)!r}", "markets='BTC-USD'")
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
    assert line["accounts"] == [{"name": "mine", "api_key": "my-key"}]
    assert line["markets"] == ["BTC-USD"]


@pytest.mark.processes
async def test_lighter_from_the_command(tmp_path: Path) -> None:
    """Its demo accounts have both credentials; a file names them by the simulator's own fields."""
    process, line = await start("venue='lighter'", f"seed={SEED}", "faults=['gap:book:ETH']")
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
    assert (line["venue"], line["markets"]) == ("lighter", ["ETH", "BTC", "SOL"])
    assert line["accounts"] == [one._asdict() for one in demo_lighter_accounts(SEED, 2)]
    assert line["base_url"] == f"http://127.0.0.1:{line['port']}"
    assert line["ws_url"] == f"ws://127.0.0.1:{line['port']}/stream"
    path = tmp_path / "accounts.json"
    token = "ro:42:single:4102444800:ab"
    path.write_text(json.dumps([{"name": "mine", "api_key": token, "account_index": 42}]))
    process, line = await start("venue='lighter'", f"accounts_file={str(path)!r}", "markets='SOL'")
    async with aiohttp.ClientSession(headers={"User-Agent": "stranger"}) as session:
        url = f"{line['base_url']}/api/v1/accountActiveOrders?account_index=42&auth={token}"
        async with session.get(url) as answer:
            assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
    assert [one["account_index"] for one in line["accounts"]] == [42]


@pytest.mark.processes
async def test_faults_from_the_start_strike_the_first_connections() -> None:
    texts = ["gap:book:BTC-USD:count=2", "502:rest:/info/assets", "skew:offset_s=-3600"]
    process, line = await start(f"faults={texts!r}")
    try:
        async with aiohttp.ClientSession(headers={"User-Agent": "stranger"}) as session:
            seen = []
            for _ in range(2):
                async with session.get(f"{line['base_url']}/info/assets") as answer:
                    seen.append(answer.status)
                    date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
            assert seen == [502, 200]
            assert abs(time.time() - date - 3600) < 5
            first = []
            for _ in range(2):
                async with session.ws_connect(f"{line['ws_url']}/orderbooks/BTC-USD") as stream:
                    first.append(json.loads((await stream.receive(timeout=DEADLINE_S)).data)["seq"])
            assert first == [3, 1]
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("gaps:book", "expected one of gap"),
        ("down:all", "seconds"),
        ("gap:book:BTC-EUR", "expected book: and one of"),
    ],
)
def test_a_wrong_fault_is_wrong_use(capsys: Any, text: str, word: str) -> None:
    assert main.main(["simulate", "--fault", "gap", "--fault", text]) == 2
    shown = capsys.readouterr()
    assert f"--fault '{text}'" in shown.err
    assert word in shown.err
    assert not shown.out


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"venue": "nowhere"}, "--venue"),
        ({"accounts": -1}, "accounts"),
        ({"markets": "btc"}, "markets"),
        ({"accounts_file": "/nonexistent.json"}, "--accounts-file"),
        ({"host": "203.0.113.1", "port": 1}, "--port"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigFault, match=where):
        simulate(**options)


class Context:
    """As much of an actor's context as the simulator uses."""

    def __init__(self, config: dict[str, Any], listener: socket.socket) -> None:
        self.config = config
        self.clock = SystemClock()
        self.progress = Progress(self.clock)
        self.stopping = asyncio.Event()
        self.serving = asyncio.Event()
        self.logged: list[SimpleNamespace] = []
        self._listener = listener

    def descriptor(self, name: str) -> int:
        assert name == "listener"
        return self._listener.detach()

    def ready(self) -> None:
        self.serving.set()

    def log(self, level: str, event: str, **fields: Any) -> None:
        self.logged.append(SimpleNamespace(level=level, event=event, **fields))


async def test_the_child_serves_on_its_listener_until_stopped() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    context = Context({"venue": "extended", "seed": SEED, "accounts": 1}, listener)
    child = asyncio.create_task(run(context))  # type: ignore[arg-type]
    await asyncio.wait_for(context.serving.wait(), DEADLINE_S)
    async with aiohttp.ClientSession(headers={"User-Agent": "x"}) as session:
        async with session.get(f"http://127.0.0.1:{port}/api/v1/info/assets") as answer:
            assert answer.status == 200
        before = context.progress.last_frame_mono_ns
        async with asyncio.timeout(DEADLINE_S):
            while context.progress.last_frame_mono_ns == before:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert context.progress.good_events
    context.stopping.set()
    await asyncio.wait_for(child, DEADLINE_S)
    assert SEED in {one.seed for one in context.logged}


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"venue": "nowhere"}, "venue"),
        ({"venue": "lighter", "markets": ["ETH-USD"]}, "markets"),
        ({"venue": "extended", "seed": "x"}, "seed"),
        ({"venue": "extended", "accounts": "x"}, "accounts"),
        ({"venue": "extended", "markets": ["x"]}, "markets"),
    ],
)
async def test_a_wrong_config_ends_the_child(config: dict[str, Any], where: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(ConfigFault, match=where),
    ):
        await run(Context(config, listener))  # type: ignore[arg-type]
