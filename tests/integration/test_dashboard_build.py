"""`make dashboard` and `make run` with Node, with an old Node, and without any; and what Vite
leaves when it is interrupted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import dashboard_build
import pytest
from full_service import ROOT

from web import bundle

TOOLS = (
    "awk", "cat", "cp", "dirname", "env", "find", "flock", "grep", "head", "make", "mkdir", "rm",
    "sed", "sh", "sort", "touch", "wc",
)  # fmt: skip
"""What a machine without Node has."""

NPM = """#!/bin/sh
echo "npm $*" >>"$CALLS"
[ "$1" != ci ] || { mkdir -p node_modules/.bin && cp "$VITE" node_modules/.bin/vite; }
[ "$1" != ci ] || touch node_modules/.package-lock.json
"""
VITE = """#!/bin/sh
echo vite >>"$CALLS"
[ ! -f broken ] || { echo "src/main.tsx: what is this?" >&2; exit 1; }
mkdir -p dist/assets && echo x >dist/assets/x.js.gz && printf %s "$VITE_API_BASE" >dist/api-base.txt
touch dist/index.html
"""

NEEDED = "needed is 20.19.0 or a later 20, or 22.12.0 or newer."

Make = Callable[..., subprocess.CompletedProcess[str]]


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that decide, and a Python whose `main.py run` tells that it was started."""
    folder = tmp_path / "checkout"
    front = folder / "mFrontend"
    (front / "src").mkdir(parents=True)
    (front / "public").mkdir()
    (front / "src/main.tsx").write_text("")
    shutil.copytree(ROOT / "mFrontend/scripts", front / "scripts")
    names = ("index.html", "vite.config.ts", "tsconfig.json", "package.json", "package-lock.json")
    for name in names:
        shutil.copy(ROOT / "mFrontend" / name, front)
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv/bin").mkdir(parents=True)
    script(folder / ".venv/bin/python", '#!/bin/sh\necho "started: $*"\n')
    (folder / ".make").mkdir()
    for name in ("venv", "build.txt", "run"):
        (folder / ".make" / name).touch()
    return folder


@pytest.fixture
def make(checkout: Path, tmp_path: Path) -> Make:
    """Runs make with nothing on its way but TOOLS and what the test puts into `bin`."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found is not None:
            (tools / name).symlink_to(found)
    script(tmp_path / "vite", VITE)

    def run(*goals: str, **variables: str) -> subprocess.CompletedProcess[str]:
        known = {
            "PATH": str(tools),
            "CALLS": str(tmp_path / "calls"),
            "VITE": str(tmp_path / "vite"),
        }
        return subprocess.run(
            ["make", *goals],
            cwd=checkout,
            env={**known, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def with_node(tmp_path: Path, version: str) -> None:
    script(tmp_path / "bin/node", f"#!/bin/sh\necho v{version}\n")


def with_npm(tmp_path: Path) -> None:
    script(tmp_path / "bin/npm", NPM)


def calls(tmp_path: Path) -> list[str]:
    """What npm and the bundler were asked since the last look."""
    path = tmp_path / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if line != "npm --version"]


def not_built(checkout: Path) -> str:
    path = checkout / "mFrontend/not-built.txt"
    return path.read_text() if path.exists() else ""


def test_without_node_the_service_starts_and_one_line_says_why(checkout: Path, make: Make) -> None:
    ran = make("run")
    reason = f"Node was not found; {NEEDED}"
    assert ran.returncode == 0
    assert ran.stdout == "started: main.py run\n"
    assert ran.stderr == f"dashboard not built: {reason}\n"
    assert not_built(checkout) == f"{reason}\n"
    assert not (checkout / "mFrontend/dist").exists()


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("18.19.1", False),
        ("20.9.0", False),
        ("20.18.3", False),
        ("20.19.0", True),
        ("20.100.1", True),
        ("21.7.3", False),
        ("22.11.0", False),
        ("22.12.0", True),
        ("23.0.0", True),
        ("24.0.1", True),
    ],
)
def test_node_may_be_too_old(
    checkout: Path, make: Make, tmp_path: Path, version: str, enough: bool
) -> None:
    with_node(tmp_path, version)
    with_npm(tmp_path)
    ran = make("dashboard")
    assert (ran.returncode == 0) is enough, ran
    if not enough:
        assert not_built(checkout) == f"Node {version} was found; {NEEDED}\n"
        assert calls(tmp_path) == []


def test_npm_may_be_missing(checkout: Path, make: Make, tmp_path: Path) -> None:
    with_node(tmp_path, "24.0.1")
    assert make("dashboard").returncode != 0
    assert not_built(checkout) == "Node 24.0.1 was found, npm was not.\n"


def test_what_the_bundler_runs_on_is_what_is_asked_for() -> None:
    """Of the lock file's packages that name the versions of Node, it is the one that asks most."""
    packages = json.loads((ROOT / "mFrontend/package-lock.json").read_text())["packages"]
    asked = json.loads((ROOT / "mFrontend/package.json").read_text())["engines"]
    assert asked == packages[""]["engines"] == packages["node_modules/vite"]["engines"]


def test_what_is_required_fails_without_node_and_is_else_left_out(make: Make) -> None:
    goal = ("test", "PYTEST=: ", "-o", ".make/dev")
    left_out = make(*goal)
    assert left_out.returncode == 0, left_out
    assert "not run: the dashboard's own tests. Node was not found" in left_out.stdout
    assert make(*goal, REQUIRE_SERVICES="1").returncode != 0


def test_it_is_built_when_something_changed_and_only_then(
    checkout: Path, make: Make, tmp_path: Path
) -> None:
    with_node(tmp_path, "24.0.1")
    with_npm(tmp_path)
    front = checkout / "mFrontend"
    first = make("run")
    assert first.stdout.splitlines()[0].startswith("[1/2] ")
    assert "packages from mFrontend/package-lock.json" in first.stdout
    assert first.stdout.splitlines()[1] == "[2/2] building the dashboard"
    assert "dashboard built: " in first.stdout
    assert first.stdout.splitlines()[-1] == "started: main.py run"
    assert calls(tmp_path) == ["npm ci --no-audit --no-fund", "vite"]
    assert make("dashboard").stdout == ""
    assert calls(tmp_path) == []

    def changed(path: Path) -> list[str]:
        later = (front / "dist/index.html").stat().st_mtime_ns + 10**9
        os.utime(path, ns=(later, later))
        assert make("dashboard").returncode == 0
        built = calls(tmp_path)
        # Written after all that it is made of, as a build that takes a second is.
        os.utime(front / "dist/index.html", ns=(later, later))
        installed = front / "node_modules/.package-lock.json"
        os.utime(installed, ns=(later, later))
        return built

    assert changed(front / "src/main.tsx") == ["vite"]
    assert changed(front / "src") == ["vite"], "a file was taken away"
    assert changed(front / "vite.config.ts") == ["vite"]
    assert changed(front / "package-lock.json") == ["npm ci --no-audit --no-fund", "vite"]
    assert make("dashboard", VITE_API_BASE="https://desk.example").returncode == 0
    assert calls(tmp_path) == ["vite"], "it is for another service"
    assert make("dashboard").returncode == 0
    assert calls(tmp_path) == ["vite"]


def test_a_build_that_fails_shows_why_and_keeps_the_one_before(
    checkout: Path, make: Make, tmp_path: Path
) -> None:
    with_node(tmp_path, "24.0.1")
    with_npm(tmp_path)
    front = checkout / "mFrontend"
    (front / "broken").touch()
    ran = make("run")
    assert ran.returncode == 0
    assert "src/main.tsx: what is this?" in ran.stderr
    assert "dashboard not built: the build failed; `make dashboard` says why." in ran.stderr
    assert ran.stdout.splitlines()[-1] == "started: main.py run"
    assert not_built(checkout).startswith("the build failed")
    (front / "broken").unlink()
    assert make("dashboard").returncode == 0
    assert not_built(checkout) == ""
    (front / "broken").touch()
    (front / "src/new.tsx").touch()
    later = (front / "dist/index.html").stat().st_mtime_ns + 10**9
    os.utime(front / "src/new.tsx", ns=(later, later))
    again = make("dashboard")
    assert again.returncode != 0
    assert "the dashboard stays as it was built before" in again.stderr
    assert (front / "dist/index.html").exists()


def test_clean_leaves_nothing_of_it(checkout: Path, make: Make, tmp_path: Path) -> None:
    with_node(tmp_path, "24.0.1")
    with_npm(tmp_path)
    front = checkout / "mFrontend"
    make("dashboard")
    (front / "dist.next").mkdir()
    (front / "not-built.txt").touch()
    assert make("clean").returncode == 0
    for name in ("dist", "dist.next", "node_modules", "not-built.txt"):
        assert not (front / name).exists(), name
    assert (front / "src/main.tsx").exists()


# the real thing


@pytest.fixture(scope="module")
def _packages() -> None:
    dashboard_build.require()


def content(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.usefixtures("_packages")
def test_the_build_takes_its_place_whole_or_not_at_all(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dashboard_build.build_for("https://desk.example/below", dist)
    made = content(dist)
    assert bundle.read(dist).origins == ("https://desk.example", "wss://desk.example")
    assert {"index.html.br", "index.html.gz", "manifest.json"} <= made.keys()
    command = ["node_modules/.bin/vite", "build", "--outDir", str(dist)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=dashboard_build.FRONT_END, **quiet) as building:
        while not (dist.with_name("dist.next") / "manifest.json").exists():
            assert building.poll() is None, "it was faster than this test"
            time.sleep(0.001)
        building.kill()
    assert content(dist) == made
    dashboard_build.build_for("", dist)
    assert bundle.read(dist).origins == ()
    assert [path.name for path in tmp_path.iterdir()] == ["dist"]
