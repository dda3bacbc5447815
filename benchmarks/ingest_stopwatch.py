"""Times a handler of frames, the same way in our process and in the peer's; imports neither."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path


def read(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def timed(handle: Callable[[str], object], frames: list[str]) -> dict[str, float]:
    """µs a delta, a snapshot, and a frame of the whole stream."""
    spent = {"SNAPSHOT": 0, "DELTA": 0}
    count = {"SNAPSHOT": 0, "DELTA": 0}
    handle(frames[0])
    gc.collect()
    # A snapshot stands before each run of deltas: timed apart, without a clock a frame.
    at = 1
    while at < len(frames):
        kind = "SNAPSHOT" if '"SNAPSHOT"' in frames[at][:20] else "DELTA"
        end = at + 1
        while end < len(frames) and kind == "DELTA" and '"DELTA"' in frames[end][:20]:
            end += 1
        part = frames[at:end]
        began = time.process_time_ns()
        for frame in part:
            handle(frame)
        spent[kind] += time.process_time_ns() - began
        count[kind] += len(part)
        at = end
    return {
        "delta_us": spent["DELTA"] / count["DELTA"] / 1e3,
        "snapshot_us": spent["SNAPSHOT"] / count["SNAPSHOT"] / 1e3,
        "frame_us": sum(spent.values()) / sum(count.values()) / 1e3,
    }
