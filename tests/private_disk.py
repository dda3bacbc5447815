"""Runs a program in a mount namespace of its own, with a small file system as one of its folders.

As a script: `private_disk.py FOLDER SIZE PROGRAM ARGUMENT…` becomes that program. Needs root.
What is mounted vanishes with the last process of the namespace.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
MS_NOSUID, MS_NODEV = 2, 4
FILLER = "filler"


def enter(folder: str, size: str) -> None:
    """This process from now on sees `folder` as an empty tmpfs of `size` ("4m")."""
    libc = ctypes.CDLL(None, use_errno=True)
    steps = [
        lambda: libc.unshare(CLONE_NEWNS),
        lambda: libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None),
        lambda: libc.mount(
            b"tmpfs",
            folder.encode(),
            b"tmpfs",
            MS_NOSUID | MS_NODEV,
            f"size={size},mode=700".encode(),
        ),
    ]
    for step in steps:
        if step():
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def missing() -> str:
    """Why it cannot be done here; empty where it can."""
    if shutil.which("nsenter") is None:
        return "there is no nsenter"
    tried = subprocess.run(
        [sys.executable, __file__, "/mnt", "64k", sys.executable, "-c", ""],
        capture_output=True,
        check=False,
        text=True,
    )
    return tried.stderr.strip().splitlines()[-1] if tried.returncode else ""


class Disk:
    """The small file system of a running process, looked at from outside its namespace."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = pid
        self._folder = folder
        self._inside = Path(f"/proc/{pid}/root") / folder.relative_to("/")

    def fill(self) -> None:
        """Takes the last byte that there is."""
        with (self._inside / FILLER).open("ab", buffering=0) as file:
            for piece in (64 * 1024, 4096, 1):
                try:
                    while file.write(b"\0" * piece) == piece:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        (self._inside / FILLER).unlink()

    def make_read_only(self) -> None:
        """Whoever opens a file from now on meets a read-only file system; files that are open
        already can be written on (the kernel refuses to turn those off)."""
        self._run("mount", "--bind", str(self._folder), str(self._folder))
        self._run("mount", "-o", "remount,bind,ro", str(self._folder))

    def make_writable(self) -> None:
        self._run("umount", str(self._folder))

    def _run(self, *command: str) -> None:
        subprocess.run(
            ["nsenter", "-t", str(self._pid), "-m", "--", *command],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    enter(sys.argv[1], sys.argv[2])
    os.execv(sys.argv[3], sys.argv[3:])
