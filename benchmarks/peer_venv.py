"""A virtual environment with what benchmarks compare with, apart from the service's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PINNED = HERE / "peers.txt"
FOLDER = HERE.parent / ".make" / "peers"
INSTALL_SECONDS_MAX = 300


def python() -> str:
    """Its interpreter; made at the first use, and anew when `peers.txt` changes."""
    interpreter, stamp = FOLDER / "bin" / "python", FOLDER / "installed.txt"
    if not stamp.exists() or stamp.read_text() != PINNED.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        subprocess.run(
            [str(interpreter), "-m", "pip", "install", "-q", "-r", str(PINNED)],
            check=True,
            timeout=INSTALL_SECONDS_MAX,
        )
        stamp.write_text(PINNED.read_text())
    return str(interpreter)
