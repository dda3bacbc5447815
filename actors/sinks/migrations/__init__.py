"""Numbered files that bring a database from any release up to this one."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from actors.errors import ConfigFault

_NAME: Final = re.compile(r"(\d{4})_(\w+)\.sql")
_FOLDER: Final = Path(__file__).parent


class Migration(NamedTuple):
    number: int
    name: str
    sql: str


def migrations(dialect: str) -> tuple[Migration, ...]:
    """All of `sqlite` or `postgres`, in order."""
    found = []
    for path in sorted((_FOLDER / dialect).glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        assert match is not None, path
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    return tuple(found)


def due(dialect: str, applied: Collection[int], setting: str) -> tuple[Migration, ...]:
    """Those that a database lacks; ConfigFault, naming `setting`, where it has one that we lack."""
    known = migrations(dialect)
    newest = known[-1].number
    if applied and max(applied) > newest:
        raise ConfigFault(
            setting,
            f"a database that a newer release made (schema {max(applied)})",
            f"one of at most schema {newest}, or the newer release",
        )
    return tuple(migration for migration in known if migration.number not in applied)
