"""80 accounts of both venues and 20 books under the venues' own limits: READY, CPU, memory.

Each account has its own proxy, which leaves by an address of its own; the simulators enforce what
the venues publish. There is no peer: these are the figures that an operator plans with.
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
sys.path.insert(0, str(ROOT / "tests"))

from end_to_end import answered, free_port, started  # noqa: E402 - below the path it needs
from fanout import Program  # noqa: E402
from fleet_proxies import PASSWORD, USER  # noqa: E402
from processes_peer import private_bytes  # noqa: E402
from report import Row, Section, publish  # noqa: E402
from watched_venue import BOTH, WatchedVenue  # noqa: E402

from actors.runtime.control_client import call_blocking  # noqa: E402

ACCOUNTS = 40
"""At each venue."""

BOOKS = 10
"""Of each venue."""

SETTLE_SECONDS = 20.0
SECONDS = 20.0
READY_SECONDS_MAX = 120.0
HOST = "127.0.0.1"
KINDS = ("account:extended", "account:lighter", "orderbook", "cache", "web", "recorder")


def markets(venue: WatchedVenue) -> list[str]:
    spelling = "M{}-USD" if venue.name == "extended" else "M{}"
    return [spelling.format(number) for number in range(1, BOOKS + 1)]


class Simulated:
    """One venue's simulator in a process of its own, its limits enforced."""

    def __init__(self, venue: WatchedVenue, folder: Path) -> None:
        self.venue = venue
        self.keys = {str(number): f"bench-key-{number}" for number in range(1, ACCOUNTS + 1)}
        accounts = folder / f"{venue.name}-accounts.json"
        accounts.write_text(json.dumps(venue.simulated(self.keys)))
        self.port = free_port()
        options = ["--port", str(self.port), "--accounts-file", str(accounts), "--rate-limit"]
        named = ["--venue", venue.name, "--markets", ",".join(markets(venue))]
        main = str(ROOT / "main.py")
        log = f"simulator-{venue.name}.log"
        self.process = started([main, "simulate", *named, *options], folder, log)

    def settings(self, ports: list[int]) -> dict[str, object]:
        """What the service must know, each account behind one of these proxies."""
        base_url = f"http://{HOST}:{self.port}{self.venue.rest_path}"
        ws_url = f"ws://{HOST}:{self.port}{self.venue.stream_path}"
        found: dict[str, object] = {
            **self.venue.variables(self.keys, base_url, ws_url, generous=False),
            f"{self.venue.name.upper()}_MARKETS": ",".join(markets(self.venue)),
        }
        family = self.venue.name.capitalize()
        for name, port in zip(self.keys, ports, strict=True):
            found[f"{family}_{name}_PROXY_{name}_URL"] = f"http://{USER}:{PASSWORD}@{HOST}:{port}/"
        return found

    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(
            f"http://{HOST}:{self.port}/_simulator/state", timeout=10
        ) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Fleet:
    """The service, watched for a while once it has settled."""

    def __init__(self, simulated: list[Simulated], folder: Path, ports: list[int]) -> None:
        port = free_port()
        settings: dict[str, object] = {
            "PORT": port,
            "DATA_DIR": folder / "data",
            "RUNTIME_DIR": folder / "run",
            "RATE_LIMIT": 0,
        }
        for at, one in enumerate(simulated):
            settings |= one.settings(ports[at * ACCOUNTS : (at + 1) * ACCOUNTS])
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (folder / ".env").write_text(text)
        began = time.monotonic()
        self.process = started([str(ROOT / "main.py"), "run"], folder, "service.log")
        self._control = folder / "run" / "control.sock"
        self._url = f"http://{HOST}:{port}"
        try:
            self.ready_s = self._ready(began)
            time.sleep(SETTLE_SECONDS)
            self._watch()
        finally:
            self.process.terminate()
            self.process.wait(20)

    def _ready(self, began: float) -> dict[str, float]:
        """Seconds from the start until all of a kind were READY."""
        answered(f"{self._url}/health")
        found: dict[str, float] = {}
        while time.monotonic() - began < READY_SECONDS_MAX:
            children = call_blocking(self._control, "tree", 10.0)["children"]
            for kind in KINDS:
                states = {c["state"] for c in children if c["actor"].startswith(kind)}
                if states == {"ready"}:
                    found.setdefault(kind, time.monotonic() - began)
            if len(found) == len(KINDS):
                return found
            time.sleep(0.05)
        raise SystemExit(f"not ready within {READY_SECONDS_MAX:g} s: only {found}")

    def _watch(self) -> None:
        children = call_blocking(self._control, "tree", 10.0)["children"]
        pids = {child["actor"]: child["pid"] for child in children}
        known = {self.process.pid, *pids.values()}
        others = psutil.Process(self.process.pid).children(recursive=True)
        pids |= {f"zygote:{other.pid}": other.pid for other in others if other.pid not in known}
        pids["supervisor"] = self.process.pid
        before, began = _cpu_s(pids), time.monotonic()
        time.sleep(SECONDS)
        after, took_s = _cpu_s(pids), time.monotonic() - began
        self.cpu = {name: (after[name] - before[name]) / took_s for name in pids}
        self.private_mb = {name: private_bytes(pid) / 1e6 for name, pid in pids.items()}
        request = urllib.request.Request(f"{self._url}/api/accounts")
        with urllib.request.urlopen(request, timeout=10) as answer:
            accounts = json.loads(answer.read())["accounts"]
        self.stale = sum(bool(account["stale"]) for account in accounts)
        self.ages_ms = {
            venue.name: sorted(a["age_ms"] for a in accounts if a["venue"] == venue.name)
            for venue in BOTH
        }


def _cpu_s(pids: dict[str, int]) -> dict[str, float]:
    return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}


def _sum(figures: dict[str, float], start: str = "") -> float:
    return sum(value for name, value in figures.items() if name.startswith(start))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulated = [Simulated(venue, folder) for venue in BOTH]
        proxies = Program("fleet_proxies.py", str(ACCOUNTS * len(BOTH)), "apart")
        try:
            told: Any = proxies.read()
            for one in simulated:
                answered(f"http://{HOST}:{one.port}/_simulator/state")
            fleet = Fleet(simulated, folder, told["ports"])
            refused = {one.venue.name: one.state()["requests"]["refused"] for one in simulated}
        finally:
            proxies.end()
            for one in simulated:
                one.end()
    publish(section(fleet, refused))


def section(fleet: Fleet, refused: dict[str, int]) -> Section:
    count = ACCOUNTS * len(BOTH)
    rows = [
        Row("READY: accounts at Extended", fleet.ready_s["account:extended"], "s"),
        Row("READY: accounts at Lighter, standard tier", fleet.ready_s["account:lighter"], "s"),
        Row("READY: order books of both", fleet.ready_s["orderbook"], "s"),
        Row("READY: everything", max(fleet.ready_s.values()), "s"),
        Row("CPU, whole service", 100 * _sum(fleet.cpu), "% of one core"),
    ]
    kinds = (*KINDS, "supervisor")
    percent = "% of one core"
    rows += [Row(f"of it: {kind}", 100 * _sum(fleet.cpu, kind), percent) for kind in kinds]
    rows.append(Row("private memory, whole service", _sum(fleet.private_mb), "MB"))
    rows += [Row(f"of it: {kind}", _sum(fleet.private_mb, kind), "MB") for kind in kinds]
    for venue, ages in fleet.ages_ms.items():
        rows.append(Row(f"age of an account at {venue}, median", ages[len(ages) // 2], "ms"))
    rows.append(Row("accounts that are stale", fleet.stale, f"of {count}"))
    for venue, requests in refused.items():
        rows.append(Row(f"requests that {venue} refused (429)", requests, ""))
    return Section(
        "both_venues",
        f"{count} accounts of both venues and {BOOKS * len(BOTH)} books",
        f"{ACCOUNTS} accounts at each venue, each behind a CONNECT proxy with an exit address of "
        "its own; the simulators enforce the published limits (Extended 1,000 a minute and "
        "address, Lighter 60 a minute and address or owner). READY from the start of the command; "
        f"CPU over {SECONDS:g} s, {SETTLE_SECONDS:g} s after READY, while all accounts trade by "
        "their scripts and the recorder writes SQLite. No peer: figures to plan with.",
        tuple(rows),
    )


if __name__ == "__main__":
    main()
