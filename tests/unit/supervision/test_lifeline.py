"""The lifeline: whoever armed it dies with the last copy of the other end, whatever it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actors.runtime import lifeline

pytestmark = pytest.mark.processes

GONE_S_MAX = 0.25
_ARM = "import sys, os; from actors.runtime import lifeline; lifeline.arm(int(sys.argv[1]));"
_TELL = "print('armed', flush=True);"
LIVES = {
    "idle": "import signal; signal.pause()",
    "spinning": "\nwhile True: pass",
    "sleeping": "import time; time.sleep(100)",
    "blocked": "r, w = os.pipe(); os.read(r, 1)",
    "stopped": "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
    "deaf": "import signal, time\n"
    "for n in (1, 2, 10, 15): signal.signal(n, signal.SIG_IGN)\n"
    "time.sleep(100)",
}


def _start(read_end: int, life: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _ARM + _TELL + life, str(read_end)],
        pass_fds=[read_end],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )


@pytest.mark.parametrize("life", LIVES)
def test_holder_dies_with_the_other_end(life: str) -> None:
    read_end, write_end = lifeline.make()
    process = _start(read_end, LIVES[life])
    try:
        os.close(read_end)
        assert process.stdout is not None
        assert process.stdout.readline() == b"armed\n"
        if life == "stopped":
            assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        assert process.poll() is None
        cut = time.monotonic()
        os.close(write_end)
        assert process.wait(5) == -signal.SIGKILL
        took_s = time.monotonic() - cut
        print(f"{life}: gone after {took_s * 1e3:.1f} ms")
        assert took_s <= GONE_S_MAX
    finally:
        process.kill()
        process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


def test_whoever_arms_too_late_ends_itself() -> None:
    read_end, write_end = lifeline.make()
    os.close(write_end)
    process = _start(read_end, LIVES["idle"])
    os.close(read_end)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == lifeline.EXIT_ORPHAN
    assert output == b""


def test_another_copy_of_the_write_end_keeps_it_alive() -> None:
    read_end, write_end = lifeline.make()
    process = _start(read_end, LIVES["idle"])
    os.close(read_end)
    copy = os.dup(write_end)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"armed\n"
        os.close(write_end)
        assert process.poll() is None
        os.close(copy)
        assert process.wait(5) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait(5)
        if process.stdout is not None:
            process.stdout.close()
