"""The project's own Python files, parsed once for all tests of its shape."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("actors", "web", "config", "main.py", "supervisor.py")


@dataclass(frozen=True)
class Source:
    """One file; `name` is its path from the root."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@lru_cache
def sources() -> tuple[Source, ...]:
    files = []
    for room in ROOMS:
        path = ROOT / room
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return tuple(
        Source(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")) for file in files
    )


def code_of(source: Source) -> list[tuple[int, str]]:
    """Numbered lines of code, without docstrings and comments: where words are only words."""
    skipped: set[int] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return [
        (number, line)
        for number, line in enumerate(source.lines, 1)
        if number not in skipped and not line.lstrip().startswith("#")
    ]
