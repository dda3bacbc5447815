"""40 accounts, each with REST polling, a private stream and a proxy: what one account costs.

Ours is the whole service as it runs (a process an account); the peer is one asyncio process that
gathers over all. Both against the same simulator, without its request limit, one after the other.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from end_to_end import answered, free_port, started  # noqa: E402 - below the path it needs
from fanout import Program  # noqa: E402
from fleet_proxies import PASSWORD, USER  # noqa: E402
from processes_peer import private_bytes  # noqa: E402
from report import Row, Section, publish  # noqa: E402

from actors.runtime.control_client import call_blocking  # noqa: E402

ACCOUNTS = 40
INTERVAL_S = 0.5
FILLS_PER_SECOND = 0.5
WARM_SECONDS = 4.0
SECONDS = 12.0
MEMORY_MB_MAX = 10.0
CPU_RATIO_MAX = 1.5
RATE_DIFFERENCE_MAX = 0.1
HOST = "127.0.0.1"


class Simulated:
    """The simulator in a process of its own, and how many requests it saw."""

    def __init__(self, folder: Path) -> None:
        self.keys = {str(number): f"bench-key-{number}" for number in range(1, ACCOUNTS + 1)}
        accounts = folder / "accounts.json"
        rows = [{"name": name, "api_key": key} for name, key in self.keys.items()]
        accounts.write_text(json.dumps(rows))
        self.port = free_port()
        options = ["--port", str(self.port), "--accounts-file", str(accounts)]
        main = str(ROOT / "main.py")
        self.process = started(
            [main, "simulate", "--venue", "extended", *options, "--markets", "BTC-USD"],
            folder,
            "simulator.log",
        )
        self.base_url = f"http://{HOST}:{self.port}/api/v1"
        self.ws_url = f"ws://{HOST}:{self.port}/stream.extended.exchange/v1"

    def call(self, path: str, told: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}/_simulator/{path}",
            data=None if told is None else json.dumps(told).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    def begin(self) -> None:
        answered(f"http://{HOST}:{self.port}/_simulator/state")
        # The books are not what is measured.
        self.call("rate", {"updates_per_s": 0.1})
        fills = {"account": "*", "rate_per_s": FILLS_PER_SECOND, "script": False}
        self.call("fills", fills)

    def requests(self) -> int:
        return int(self.call("state")["requests"]["requests"])


class Cost:
    """CPU seconds and private memory of some processes over a while."""

    def __init__(self, simulated: Simulated, pids: dict[str, int]) -> None:
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}

        def cpu_s() -> dict[str, float]:
            return {name: sum(each.cpu_times()[:2]) for name, each in processes.items()}

        time.sleep(WARM_SECONDS)
        before, asked, began = cpu_s(), simulated.requests(), time.monotonic()
        time.sleep(SECONDS)
        after, took_s = cpu_s(), time.monotonic() - began
        self.rate = (simulated.requests() - asked) / took_s
        self.cpu = {name: (after[name] - before[name]) / took_s for name in processes}
        self.private_mb = {name: private_bytes(pid) / 1e6 for name, pid in pids.items()}

    def of(self, figures: dict[str, float], start: str = "") -> float:
        return sum(value for name, value in figures.items() if name.startswith(start))


def measure_ours(simulated: Simulated, folder: Path, ports: list[int]) -> Cost:
    port = free_port()
    settings: dict[str, object] = {
        "PORT": port,
        "DATA_DIR": folder / "data",
        "RUNTIME_DIR": folder / "run",
        "RATE_LIMIT": 0,
        "EXTENDED_MARKETS": "BTC-USD",
        "EXTENDED_BASE_URL": simulated.base_url,
        "EXTENDED_WS_URL": simulated.ws_url,
        "POLL_INTERVAL": INTERVAL_S,
    }
    for (name, key), proxy_port in zip(simulated.keys.items(), ports, strict=True):
        settings[f"Extended_{name}_BENCH_API_KEY"] = key
        settings[f"Extended_{name}_PROXY"] = f"{HOST}:{proxy_port}:{USER}:{PASSWORD}"
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    service = started([str(ROOT / "main.py"), "run"], folder, "service.log")
    try:
        answered(f"http://{HOST}:{port}/ready")
        tree = call_blocking(folder / "run" / "control.sock", "tree", 5.0)
        # Whatever the service consists of counts, but the one book that has no peer.
        pids = {child["actor"]: child["pid"] for child in tree["children"]}
        pids = {name: pid for name, pid in pids.items() if not name.startswith("orderbook:")}
        if sum(name.startswith("account:") for name in pids) != ACCOUNTS:
            raise SystemExit(f"expected {ACCOUNTS} accounts, found {sorted(pids)}")
        known = {service.pid, *(child["pid"] for child in tree["children"])}
        others = psutil.Process(service.pid).children(recursive=True)
        pids |= {f"other:{other.pid}": other.pid for other in others if other.pid not in known}
        return Cost(simulated, {"supervisor": service.pid, **pids})
    finally:
        service.terminate()
        service.wait(15)


def measure_peer(simulated: Simulated, folder: Path, ports: list[int]) -> Cost:
    config = {
        "base_url": simulated.base_url,
        "ws_url": simulated.ws_url,
        "interval_s": INTERVAL_S,
        "accounts": [
            {"api_key": key, "proxy": f"http://{USER}:{PASSWORD}@{HOST}:{port}"}
            for key, port in zip(simulated.keys.values(), ports, strict=True)
        ],
    }
    file = folder / "peer.json"
    file.write_text(json.dumps(config))
    program = Program("fleet_peer.py", str(file))
    try:
        program.read()
        return Cost(simulated, {"peer": program.pid})
    finally:
        program.end()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulated = Simulated(folder)
        proxies = Program("fleet_proxies.py", str(ACCOUNTS))
        try:
            told: Any = proxies.read()
            simulated.begin()
            peer = measure_peer(simulated, folder, told["ports"])
            ours = measure_ours(simulated, folder, told["ports"])
        finally:
            proxies.end()
            simulated.process.terminate()
            simulated.process.wait(10)
    if abs(ours.rate / peer.rate - 1) > RATE_DIFFERENCE_MAX:
        print(f"not the same work: {ours.rate:.0f} and {peer.rate:.0f} requests a second")
    publish(section(ours, peer))


def section(ours: Cost, peer: Cost) -> Section:
    def cpu(cost: Cost, start: str = "") -> float:
        return 100 * cost.of(cost.cpu, start) / ACCOUNTS

    def memory(cost: Cost, start: str = "") -> float:
        return cost.of(cost.private_mb, start) / ACCOUNTS

    one = "one process for all"
    return Section(
        "fleet",
        f"{ACCOUNTS} accounts",
        f"Balance and positions each {INTERVAL_S:g} s, orders each 2 s, a private stream "
        f"({FILLS_PER_SECOND:g} fills a second an account), each through its own CONNECT proxy, "
        f"over {SECONDS:g} s; {ours.rate:.0f} and {peer.rate:.0f} requests a second at the "
        "simulator. CPU in % of one core and private memory, divided by the accounts. Ours is "
        "exact, journaled, served and isolated: a process an account, beside supervisor, zygote, "
        "cache, web and venue; the peer holds dicts and serves nobody.",
        (
            Row("CPU an account, whole service", cpu(ours), "%", one, cpu(peer), CPU_RATIO_MAX),
            Row("CPU an account, its process alone", cpu(ours, "account:"), "%", one, cpu(peer)),
            Row("of it: cache, all accounts", 100 * ours.of(ours.cpu, "cache"), "%"),
            Row("of it: web, all accounts", 100 * ours.of(ours.cpu, "web"), "%"),
            Row("of it: supervisor, all accounts", 100 * ours.of(ours.cpu, "supervisor"), "%"),
            Row(
                "private memory, process of an account",
                memory(ours, "account:"),
                "MB",
                "the aim",
                MEMORY_MB_MAX,
                1.0,
            ),
            Row("private memory an account, whole service", memory(ours), "MB", one, memory(peer)),
        ),
    )


if __name__ == "__main__":
    main()
