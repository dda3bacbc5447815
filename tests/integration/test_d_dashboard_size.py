"""(d) The first load is at most 150 kB of script and 15 kB of style, and a check fails beyond."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import dashboard_build
import pytest

FIRST_SCRIPT_KB, STYLE_KB, CHARTS_KB, VIEW_KB = 150, 15, 30, 25
ROW = re.compile(r"(.+?) +(\d+\.\d) kB {2}of (\d+) kB {2}(ok|TOO LARGE)")


@pytest.fixture(scope="module")
def dist() -> Path:
    dashboard_build.require()
    return dashboard_build.FRONT_END / "dist"


def check(folder: Path) -> tuple[int, dict[str, tuple[float, int, str]]]:
    """The check's exit code, and its rows by name."""
    done = subprocess.run(
        ["node", "scripts/size.mjs", str(folder)],
        cwd=dashboard_build.FRONT_END,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [ROW.fullmatch(line) for line in done.stdout.splitlines()]
    assert rows, done.stderr
    assert all(rows), done.stdout
    return done.returncode, {
        row[1]: (float(row[2]), int(row[3]), row[4]) for row in rows if row is not None
    }


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def pad(file: Path, kilobytes: float) -> None:
    """What cannot be compressed, within a comment: so many bytes more of gzip at the least."""
    with file.open("a") as out:
        out.write(f"/*{secrets.token_hex(int(kilobytes * 1000))}*/")


def test_d_the_build_keeps_to_its_budget(dist: Path) -> None:
    code, rows = check(dist)
    assert code == 0, rows
    assert rows["first load, script"][1] == FIRST_SCRIPT_KB
    assert rows["first load, style"][1] == STYLE_KB
    assert {verdict for _, _, verdict in rows.values()} == {"ok"}
    later = {key for key, chunk in manifest(dist).items() if chunk.get("isDynamicEntry")}
    assert later - rows.keys() == {"src/views/overview/index.tsx"}, "all else is a row of its own"
    assert rows["src/views/candles/index.tsx"][1] == 65


@pytest.mark.parametrize(
    ("kind", "row", "limit"),
    [
        ("entry", "first load, script", FIRST_SCRIPT_KB),
        ("first view", "first load, script", FIRST_SCRIPT_KB),
        ("style", "first load, style", STYLE_KB),
        ("view", "src/views/supervision/index.tsx", VIEW_KB),
    ],
)
def test_d_the_check_fails_beyond(
    dist: Path, tmp_path: Path, kind: str, row: str, limit: int
) -> None:
    copy = Path(shutil.copytree(dist, tmp_path / "dist"))
    chunks = manifest(copy)
    file = {
        "entry": chunks["index.html"]["file"],
        "first view": chunks["src/views/overview/index.tsx"]["file"],
        "style": chunks["index.html"]["css"][0],
        "view": chunks["src/views/supervision/index.tsx"]["file"],
    }[kind]
    size, _, _ = check(copy)[1][row]
    pad(copy / file, (limit - size) * 0.8)
    assert check(copy)[0] == 0, "below the limit all is well"
    pad(copy / file, (limit - size) * 0.4)
    code, rows = check(copy)
    assert code == 1
    over = {name for name, (found, most, _) in rows.items() if found > most}
    assert over == {row} == {name for name, told in rows.items() if told[2] == "TOO LARGE"}


def test_d_a_folder_without_an_entry_does_not_pass(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(AssertionError, match="expected an entry"):
        check(tmp_path)
