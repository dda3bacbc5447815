"""A folder with the venue's SDK, of which the native signer alone is used; nothing imports it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements-lighter.lock"
FOLDER = ROOT / ".make" / "signer"
STAMP = FOLDER / "installed"
INSTALL_SECONDS_MAX = 240


def signer_folder() -> Path:
    """For PYTHONPATH; made once, and again when the pinned version changes.

    Skips where the package cannot be had, unless REQUIRE_SERVICES says that it must.
    """
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return FOLDER
    # Made beside and put in place whole: another test process may do the same.
    making = FOLDER.with_name(f"signer-{os.getpid()}")
    problem = _run(
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-input", "--no-deps", "--require-hashes", "--retries", "1", "--timeout", "20",
        "--target", str(making), "--requirement", str(REQUIREMENTS),
    )  # fmt: skip
    if problem:
        shutil.rmtree(making, ignore_errors=True)
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(problem)
        pytest.skip(problem)
    (making / STAMP.name).write_text(wanted)
    shutil.rmtree(FOLDER, ignore_errors=True)
    try:
        making.rename(FOLDER)
    except OSError:
        # The other one was first.
        shutil.rmtree(making)
    return FOLDER


def _run(*command: str) -> str:
    """Empty, or why it did not work."""
    try:
        ran = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return f"the venue's signer was not installed within {INSTALL_SECONDS_MAX} s"
    told = (ran.stderr or ran.stdout).strip().splitlines()[-1:]
    return f"the venue's signer: {''.join(told)}" if ran.returncode else ""
