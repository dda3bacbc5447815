"""A wall clock that a test sets, for a whole service: built here, loaded by `shifted_clock`."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

PARTS = Path(__file__).parent / "shifted_clock"
_NS = struct.Struct("=q")


def missing() -> str:
    """Why it cannot be done here; empty where it can."""
    return "" if shutil.which("gcc") else "there is no gcc"


class ShiftedClock:
    """`variables` are what the service's environment needs; `shift_s` sets its wall clock."""

    def __init__(self, folder: Path) -> None:
        library, self._file = folder / "clock_shim.so", folder / "clock_shift"
        options = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library)]
        command = ["gcc", *options, str(PARTS / "shim.c"), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self._file.write_bytes(_NS.pack(0))
        paths = [str(PARTS), *filter(None, [os.environ.get("PYTHONPATH", "")])]
        self.variables = {
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHON_CLOCK_SHIM": str(library),
            "PYTHON_CLOCK_SHIFT": str(self._file),
        }

    def shift_s(self, seconds: int) -> None:
        """Against the machine's clock, from now on, in all processes at the same moment."""
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), _NS.size) as place:
            place[: _NS.size] = _NS.pack(seconds * 1_000_000_000)
