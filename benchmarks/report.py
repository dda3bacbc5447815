"""Writes what the benchmarks measured to RESULTS.md, an aim that was missed marked as missed."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
FIGURES = HERE / "results"
INTRODUCTION = (
    "Written by `make bench`. Every ratio compares two things measured in one run on one "
    "machine; absolute figures belong to that machine. A missed aim stays here as MISSED.\n"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its peer in the same run; `aim` is the highest ratio allowed."""

    what: str
    ours: float
    unit: str
    peer: str = ""
    peer_value: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return None if not self.peer_value else self.ours / self.peer_value

    @property
    def verdict(self) -> str:
        if self.aim is None or self.ratio is None:
            return "–"
        return "met" if self.ratio <= self.aim else "MISSED"


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one benchmark and how they came about."""

    name: str
    title: str
    how: str
    rows: tuple[Row, ...]


def publish(section: Section) -> None:
    """Keeps the figures of one benchmark and writes RESULTS.md anew from all that are kept."""
    FIGURES.mkdir(exist_ok=True)
    kept = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": _machine(),
        **asdict(section),
    }
    (FIGURES / f"{section.name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    RESULTS.write_text(_render())
    print(_table(kept))


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def _render() -> str:
    kept = [_table(json.loads(path.read_text())) for path in sorted(FIGURES.glob("*.json"))]
    return "\n".join(("# Measured\n", INTRODUCTION, *kept))


def _table(kept: dict[str, object]) -> str:
    rows = [_row(Row(**row)) for row in kept["rows"]]  # type: ignore[attr-defined]
    return "\n".join(
        [
            f"## {kept['title']}\n",
            f"{kept['how']}\n",
            f"{kept['measured']}; {kept['machine']}\n",
            "| what | ours | against | its figure | ratio | aim | |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _row(row: Row) -> str:
    peer_value = "" if row.peer_value is None else f"{row.peer_value:.4g} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
    aim = "" if row.aim is None else f"≤ {row.aim:g}"
    note = f" {row.note}" if row.note else ""
    return (
        f"| {row.what} | {row.ours:.4g} {row.unit} | {row.peer} | {peer_value} | {ratio} | {aim} "
        f"| {row.verdict}{note} |"
    )
