"""A virtual environment for the venue's SDK alone: it needs an older `websockets` than we do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
REQUIREMENTS = FOLDER / "requirements.txt"
ENVIRONMENT = FOLDER.parents[1] / ".make" / "sdk"
STAMP = ENVIRONMENT / "installed"
INSTALL_SECONDS_MAX = 240


def sdk_python() -> Path:
    """The interpreter that has the SDK; made once, and again when the pinned set changes.

    Skips where the packages cannot be had, unless REQUIRE_SERVICES says that they must.
    """
    python = ENVIRONMENT / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return python
    problem = _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)) or _run(
        str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-input", "--no-deps", "--retries", "1", "--timeout", "20",
        "--requirement", str(REQUIREMENTS),
    )  # fmt: skip
    if problem and os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(problem)
    if problem:
        pytest.skip(problem)
    STAMP.write_text(wanted)
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
