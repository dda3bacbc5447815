"""Writes the table of metrics in docs/operations.md from the catalogue that `/metrics` serves.

`python -m web.metrics_reference` rewrites it; `--check` only says whether it still agrees.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from config.environment import ROOT
from config.generated_part import has_drifted, rewrite
from web.metrics import CATALOGUE

PAGE: Final = ROOT / "docs" / "operations.md"
COMMAND: Final = "python -m web.metrics_reference"


def table() -> str:
    """One row a metric, in the order of `/metrics`."""
    lines = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for entry in CATALOGUE:
        labels = ", ".join(f"`{label}`" for label in entry.labels)
        lines.append(f"| `{entry.name}` | {entry.type} | {labels} | {entry.help} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str], page: Path = PAGE) -> int:
    if arguments == ["--check"]:
        if has_drifted(page, COMMAND, table()):
            sys.stderr.write(f"{page} has drifted from web/metrics.py; run {COMMAND}\n")
            return 1
        return 0
    if arguments:
        sys.stderr.write(f"usage: {COMMAND} [--check]\n")
        return 2
    rewrite(page, COMMAND, table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
