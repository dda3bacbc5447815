"""Frame → verified book and normalised message: our session against ccxt.pro's own handler."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ingest_frames import CHANGES, FRAMES_PER_MINUTE, LEVELS, Stream
from peer_venv import python
from report import Row, Section, publish

HERE = Path(__file__).parent
SEED = 2026
MINUTES = 4
RUNS = 7
AIM = 1 / 4


def run(interpreter: str, script: str, frames: str) -> dict[str, Any]:
    ran = subprocess.run(
        [interpreter, str(HERE / script), frames],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if ran.returncode:
        raise SystemExit(f"{script}: {ran.stderr[-2_000:]}")
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def agree(ours: dict[str, Any], peer: dict[str, Any]) -> None:
    """Both hold the same book at the end, or one of them did not do the work."""
    mine = [[float(text) for text in level] for level in ours["best"][:2]]
    if mine != peer["best"][:2] or ours["best"][2] != peer["best"][2]:
        raise SystemExit(f"the books differ: {ours['best']} and {peer['best']}")


def main() -> None:
    stream = Stream(SEED)
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for _ in range(MINUTES):
            file.writelines(frame + "\n" for frame in stream.minute())
        file.flush()
        peer_python = python()
        ours, peer = [], []
        for _ in range(RUNS):
            ours.append(run(sys.executable, "ingest_ours.py", file.name))
            peer.append(run(peer_python, "ingest_peer.py", file.name))
            agree(ours[-1], peer[-1])

    def median(runs: list[dict[str, Any]], figure: str) -> float:
        return statistics.median(each[figure] for each in runs)

    against = f"ccxt.pro {peer[0]['version']}"
    whats = {
        "delta_us": f"a delta of {CHANGES} levels",
        "snapshot_us": f"a snapshot of {LEVELS} levels",
        "frame_us": f"a frame of the stream ({FRAMES_PER_MINUTE} a minute, one a snapshot)",
    }
    rows = [
        Row(
            what,
            median(ours, figure),
            "µs",
            against,
            median(peer, figure),
            None if figure == "snapshot_us" else AIM,
        )
        for figure, what in whats.items()
    ]
    decode, apply = median(ours, "decode_us"), median(ours, "apply_us")
    whole = median(ours, "delta_us")
    rest = whole - decode - apply
    for what, part in (("decode", decode), ("apply", apply), ("prove and normalise", rest)):
        rows.append(Row(f"of our delta: {what}", part, "µs", note=f"{part / whole:.0%}"))
    publish(
        Section(
            "ingest",
            "Ingest of an order book",
            f"CPU µs a frame, decode to message, {MINUTES} minutes of a synthesised stream in "
            f"Extended's shapes (seed {SEED}), median of {RUNS} runs in turn, a process each. Ours "
            "proves each level (old size + change = new size, exactly), keeps the venue's text and "
            "makes the message that goes out; the peer turns texts into floats, proves the "
            "sequence alone, and keeps the book. Both end with the same book.",
            tuple(rows),
        )
    )


if __name__ == "__main__":
    main()
