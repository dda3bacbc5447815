"""The dashboard as the service serves it: built by the same command as `make run` does it by."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from full_service import ROOT

FRONT_END = ROOT / "mFrontend"
BUILD_SECONDS_MAX = 280


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=FRONT_END,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        check=False,
    )


def why_not_built() -> str:
    """Builds it where its sources are newer; empty, or why what is served is missing or old."""
    done = run("sh", "scripts/build.sh")
    return "" if done.returncode == 0 else (done.stderr.strip() or done.stdout.strip())


def require() -> None:
    """Builds it for a test: skips without Node, unless that is demanded; a failure is a failure."""
    lacking = run("sh", "scripts/node.sh").stdout.strip()
    if lacking and os.environ.get("REQUIRE_SERVICES") != "1":
        pytest.skip(lacking)
    if reason := why_not_built():
        pytest.fail(reason)


def build_for(service: str, folder: Path) -> None:
    """A build of its own for a page that another origin serves than the one that it calls."""
    done = run("npx", "vite", "build", "--outDir", str(folder), VITE_API_BASE=service)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
