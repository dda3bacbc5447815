"""Runs a service as a subprocess, asks it over its control socket, and leaves nothing behind.

`Service` takes any command whose supervisor listens at `runtime_dir/control.sock`, so it serves
the whole product (`python main.py run`) as well as `ZooService`, which runs bad children.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from actors.errors import LinkFault
from actors.runtime.control_client import ControlRefused, call_blocking

ROOT = Path(__file__).resolve().parents[2]
POLL_S = 0.005
LEFT_S = 0.5
T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T], timeout_s: float, poll_s: float = POLL_S) -> T:
    """The first true result of `look`; AssertionError with the last one after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s, last {found!r}")
        time.sleep(poll_s)


def started_ticks(pid: int) -> int | None:
    """When the process began, which tells it from a later one with its id; None: gone or dead."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def descendants(pid: int) -> dict[int, int]:
    """Process ids below `pid`, zombies excluded, with their start times."""
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            text = (process / "stat").read_bytes()
            parents[int(process.name)] = int(text[text.rindex(b")") + 2 :].split()[1])
    found: dict[int, int] = {}
    circle = {pid}
    while circle:
        circle = {child for child, parent in parents.items() if parent in circle} - found.keys()
        for child in circle:
            begun = started_ticks(child)
            if begun is not None:
                found[child] = begun
    return found


class Service:
    """One service; `with` it: whatever happens, none of its processes outlives the block."""

    def __init__(
        self,
        command: Sequence[str],
        runtime_dir: Path,
        env: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.control = runtime_dir / "control.sock"
        self._env = dict(os.environ if env is None else env)
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, int] = {}

    def start(self, ready_s: float = 20.0) -> Any:
        """Start, and wait until every child that can be is READY."""
        self.launch()
        self.wait_ready(ready_s)
        return self

    def launch(self) -> None:
        output = self._output.open("ab") if self._output else None
        try:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()

    @property
    def pid(self) -> int:
        """The supervisor's: the loader execs, so it keeps its process id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.destroy()

    # asking

    def call(self, op: str, **args: str) -> dict[str, Any]:
        return call_blocking(self.control, op, 5.0, **args)

    def tree(self) -> dict[str, Any]:
        self.remember_processes()
        return self.call("tree")

    def children(self) -> dict[str, dict[str, Any]]:
        return {child["actor"]: child for child in self.call("tree")["children"]}

    def child(self, actor: str) -> dict[str, Any]:
        return self.children()[actor]

    def pids(self) -> dict[str, int]:
        """Of the living children."""
        found = {actor: child.get("pid") for actor, child in self.children().items()}
        return {actor: pid for actor, pid in found.items() if pid is not None}

    def history(self, actor: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("history", actor=actor)["incarnations"]
        return found

    # waiting

    def wait_ready(self, timeout_s: float, actors: Sequence[str] | None = None) -> None:
        """Until all of `actors` (default: all that are not quarantined or stopped) are READY."""

        def look() -> bool:
            try:
                children = self.children()
            except (LinkFault, ControlRefused):
                return False
            states = [
                child["state"]
                for actor, child in children.items()
                if (actors is None and child["state"] not in ("quarantined", "stopped"))
                or (actors is not None and actor in actors)
            ]
            return bool(states) and set(states) == {"ready"}

        try:
            wait_for("all ready", look, timeout_s, 0.02)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.story()}") from None
        self.remember_processes()

    def wait_reborn(self, actor: str, epoch: int, timeout_s: float) -> dict[str, Any]:
        """The status of the first READY incarnation above `epoch`."""

        def look() -> dict[str, Any] | None:
            child = self.child(actor)
            return child if child["epoch"] > epoch and child["state"] == "ready" else None

        found = wait_for(f"{actor} ready after epoch {epoch}", look, timeout_s)
        assert found is not None
        return found

    def story(self) -> str:
        """What the service wrote, for the message of a failing test."""
        if self._output is None or not self._output.exists():
            return "(no output kept)"
        return self._output.read_text(errors="replace")[-8_000:]

    # ending

    def remember_processes(self) -> dict[int, int]:
        """Take down who lives now, so that nobody can be left behind unseen."""
        if self._process is not None and self._process.poll() is None:
            self._seen |= descendants(self._process.pid)
        return self._seen

    def living(self) -> list[int]:
        """Processes of this service that still run, itself included."""
        left = [pid for pid, begun in self._seen.items() if started_ticks(pid) == begun]
        if self._process is not None and self._process.poll() is None:
            left.append(self._process.pid)
        return left

    def stop(self, timeout_s: float = 15.0) -> int:
        """SIGTERM; the exit code. AssertionError where a process is left (LEFT_S allowed)."""
        assert self._process is not None
        self.remember_processes()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout_s)
        # multiprocessing's resource tracker ends by the end of file that the supervisor's is.
        wait_for("nobody left", lambda: not self.living(), LEFT_S)
        return code

    def kill(self) -> None:
        """SIGKILL to the supervisor alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(5)

    def destroy(self) -> None:
        """Kill whatever is left, by process id."""
        if self._process is None:
            return
        self.remember_processes()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(5)
        for pid, begun in self._seen.items():
            if started_ticks(pid) == begun:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class ZooService(Service):
    """A supervisor of zoo children; `children` maps actor ids to (function, config)."""

    def __init__(
        self,
        children: Mapping[str, tuple[str, Mapping[str, Any]]],
        limits: Mapping[str, Any] | None = None,
        seed: int = 1,
        sentry: Mapping[str, Any] | None = None,
    ) -> None:
        # Paths of unix sockets are short; those of pytest's own directories are not.
        self.home = Path(tempfile.mkdtemp(prefix="zoo-"))
        self.log = self.home / "log"
        self.told = self.home / "told"
        described = {
            "runtime_dir": str(self.home / "run"),
            "data_dir": str(self.home / "data"),
            "log": str(self.log),
            "told": str(self.told),
            "seed": seed,
            "limits": dict(limits or {}),
            "sentry": dict(sentry) if sentry else None,
            "children": [
                {"actor": actor, "entry": f"tests.zoo.children:{function}", "config": dict(config)}
                for actor, (function, config) in children.items()
            ],
        }
        description = self.home / "service.json"
        description.write_text(json.dumps(described))
        command = [sys.executable, "-m", "tests.zoo.runner", str(description)]
        super().__init__(command, self.home / "run", output=self.home / "output")

    def announced(self) -> list[dict[str, Any]]:
        """Each change of a child's state: `mono_ns`, `actor`, `state`, `epoch`."""
        if not self.told.exists():
            return []
        return [json.loads(line) for line in self.told.read_text().splitlines()]

    def story(self) -> str:
        log = self.log.read_text() if self.log.exists() else ""
        return f"{super().story()}\n{log[-4_000:]}"

    def destroy(self) -> None:
        super().destroy()
        shutil.rmtree(self.home, ignore_errors=True)
