"""The house numbers: lengths, names, opening sentences, nothing mutable on a class."""

import ast
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from sources import ROOT, Source, sources

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_LENGTH_MAX = 100
ENTRY_LINES_MAX = 120
OPENING_LENGTH_MAX = 240
BANNED = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
OPEN_ENDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def test_no_file_is_too_long() -> None:
    long = [f"{s.name}: {len(s.lines)}" for s in sources() if len(s.lines) > FILE_LINES_MAX]
    assert long == []


def test_the_entries_stay_tiny() -> None:
    entries = {s.name: len(s.lines) for s in sources() if s.name in ("main.py", "supervisor.py")}
    assert len(entries) == 2
    assert max(entries.values()) <= ENTRY_LINES_MAX, entries


def functions(source: Source) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(source.tree) if isinstance(node, kinds)]


def test_no_function_is_too_long() -> None:
    long = [
        f"{source.name}:{node.lineno} {node.name}: {length}"
        for source in sources()
        for node in functions(source)
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_no_line_is_too_long() -> None:
    long = [
        f"{source.name}:{number}"
        for source in sources()
        for number, line in enumerate(source.lines, 1)
        # As the formatter counts: a remark to the linter may stick out.
        if len(re.sub(r"\s+# (noqa|type: ignore).*", "", line)) > LINE_LENGTH_MAX
    ]
    assert long == []


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def test_no_name_says_nothing() -> None:
    empty = []
    for source in sources():
        parts = Path(source.name).with_suffix("").parts
        empty += [f"{source.name}" for part in parts if words(part) & BANNED]
        empty += [
            f"{source.name}:{node.lineno} {node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef) and words(node.name) & BANNED
        ]
    assert empty == []


def test_every_module_opens_with_a_sentence_on_what_it_is_for() -> None:
    wrong = []
    for source in sources():
        opening = (ast.get_docstring(source.tree) or "").split("\n\n")[0].replace("\n", " ")
        if not (opening.endswith(".") and len(opening) <= OPENING_LENGTH_MAX):
            wrong.append(f"{source.name}: {opening!r}")
    assert wrong == []


def test_nothing_is_left_open() -> None:
    open_ends = [
        f"{source.name}:{number}: {line.strip()}"
        for source in sources()
        for number, line in enumerate(source.lines, 1)
        if OPEN_ENDS.search(line)
    ]
    assert open_ends == []


def is_mutable(value: ast.expr | None) -> bool:
    literal = isinstance(value, (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp))
    call = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
    return literal or (call and value.func.id in {"list", "dict", "set", "deque"})


def is_struct(node: ast.ClassDef) -> bool:
    """msgspec copies an empty default for each instance."""
    return any("Struct" in ast.unparse(base) for base in node.bases)


def test_no_class_shares_something_mutable() -> None:
    shared = [
        f"{source.name}:{statement.lineno} in {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and not is_struct(node)
        for statement in node.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
        and is_mutable(statement.value)
        # A name that Python itself reads.
        and "__slots__" not in ast.unparse(statement)
    ]
    assert shared == []


def test_no_file_tells_of_the_machine_it_was_written_on() -> None:
    told = re.compile(r"(?<![\w.])/(work|root|home)/\w|registry\.\w+\.|index-url|--find-links")
    texts = [*sources(), *(Source(name, (ROOT / name).read_text()) for name in PLAIN_FILES)]
    found = [
        f"{source.name}:{number}: {line.strip()[:80]}"
        for source in texts
        for number, line in enumerate(source.lines, 1)
        if told.search(line)
    ]
    assert found == []


PLAIN_FILES = (
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "Makefile",
    ".ci/run",
    ".env.example",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-stores.lock",
    "requirements-lighter.lock",
    "pyproject.toml",
    "setup.cfg",
    "docs/configuration.md",
)
