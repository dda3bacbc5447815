"""Virtual environments for published SDKs: each needs other versions of libraries than we do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).parents[1] / ".make"
INSTALL_SECONDS_MAX = 240


def python_with(requirements: Path, name: str) -> Path:
    """The interpreter that has this set; made once, and again when the set changes.

    Skips where the packages cannot be had, unless REQUIRE_SERVICES says that they must.
    """
    environment = ENVIRONMENTS / name
    python, stamp = environment / "bin" / "python", environment / "installed"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    problem = _run(sys.executable, "-m", "venv", "--clear", str(environment)) or _run(
        str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-input", "--no-deps", "--retries", "1", "--timeout", "20",
        "--requirement", str(requirements),
    )  # fmt: skip
    if problem and os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    stamp.write_text(wanted)
    return python


def _run(*command: str) -> str:
    """Empty, or why it did not work."""
    try:
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return f"the SDK's environment was not made within {INSTALL_SECONDS_MAX} s"
    told = (ran.stderr or ran.stdout).strip().splitlines()[-1:]
    return f"the SDK's environment: {''.join(told)}" if ran.returncode else ""
