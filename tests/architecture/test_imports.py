"""Who imports whom, beyond what the contracts in setup.cfg say; and what an entry drags in."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT, Source, sources

HEAVY = ("aiohttp", "websockets", "quart", "hypercorn", "pydantic", "pykka", "rich", "structlog")


def imported(source: Source) -> set[str]:
    names = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def test_nobody_imports_the_entries() -> None:
    guilty = [s.name for s in sources() if imported(s) & {"main", "supervisor"}]
    assert guilty == []


def test_nobody_imports_tests_or_benchmarks() -> None:
    guilty = [
        source.name
        for source in sources()
        if {name.split(".")[0] for name in imported(source)} & {"tests", "benchmarks", "conftest"}
    ]
    assert guilty == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{source.name}:{node.lineno}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def loaded_by(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name.split(".")[0] for name in json.loads(ran.stdout)}


@pytest.mark.parametrize("statement", ["import main", "import supervisor"])
def test_an_entry_is_light(statement: str) -> None:
    """A spawned process imports its parent's main module again."""
    assert loaded_by(statement) & set(HEAVY) == set()


def test_the_supervisor_holds_no_web_and_no_venue_library() -> None:
    """It lives as long as the machine; what it never uses must not weigh on it."""
    statement = "import actors.supervision.service, actors.supervision.announce, config.logs"
    assert loaded_by(statement) & {"aiohttp", "websockets", "quart", "hypercorn"} == set()


def test_without_a_dsn_nothing_of_sentry_is_imported() -> None:
    """Neither in the supervisor nor in what the zygote imports for all."""
    statement = (
        "import importlib, supervisor, actors.supervision.service\n"
        "from actors.supervision import tree, zygote\n"
        "for name in (*zygote.PRELOAD, *tree.PRELOAD): importlib.import_module(name)"
    )
    assert "sentry_sdk" not in loaded_by(statement)
