"""The spool: in order, within its bound, whole after a kill; only snapshots are ever given up."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from cache_links import balance, fill

from actors.sinks.contract import Position, Row
from actors.sinks.rows import fill_row, snapshot_row
from actors.sinks.spool import SEGMENT_BYTES, Spool, SpoolFull

MEGABYTE = 1024 * 1024


def spool_in(folder: Path, bytes_max: int = 16 * MEGABYTE) -> Spool:
    made = Spool(folder / "history.spool", bytes_max)
    made.open()
    return made


def drained(spool: Spool) -> list[Row]:
    rows: list[Row] = []
    while not spool.empty:
        batches = spool.oldest()
        rows += [row for batch in batches for row in batch.rows]
        spool.drop_oldest(batches)
    return rows


def fills(first: int, count: int) -> list[Row]:
    return [fill_row(fill(str(number))) for number in range(first, first + count)]


def test_what_goes_in_comes_out_in_order_over_segments_and_lives(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for at in range(0, 20_000, 500):
        spool.append(fills(at, 500), Position("stream", at))
    assert spool.rows == 20_000
    assert len(list((tmp_path / "history.spool").iterdir())) > 2
    # Nobody closes it: the process is killed.
    again = spool_in(tmp_path)
    assert again.rows == 20_000
    assert again.position == Position("stream", 19_500)
    again.append(fills(20_000, 3), None)
    assert drained(again) == fills(0, 20_003)
    assert (again.rows, again.bytes, again.position) == (0, 0, None)
    assert list((tmp_path / "history.spool").iterdir()) == []


def test_a_torn_batch_is_none_and_those_before_it_are_kept(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(fills(0, 5), Position("stream", 5))
    (path,) = (tmp_path / "history.spool").iterdir()
    good = path.stat().st_size
    spool.append(fills(5, 5), Position("stream", 10))
    whole = path.read_bytes()
    generator = random.Random(5)
    for cut in [good + 1, len(whole) - 1, *generator.sample(range(good, len(whole)), 20)]:
        path.write_bytes(whole[:cut])
        again = spool_in(tmp_path)
        assert again.position == Position("stream", 5)
        assert again.damages == []
        again.append(fills(5, 5), Position("stream", 10))
        assert [row.values[2] for row in drained(again)] == [str(n) for n in range(10)]
        path.parent.mkdir(exist_ok=True)


def test_a_damaged_piece_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(fills(0, 5), None)
    (path,) = (tmp_path / "history.spool").iterdir()
    good = path.stat().st_size
    spool.append(fills(5, 5), None)
    middle = path.stat().st_size
    spool.append(fills(10, 5), None)
    data = bytearray(path.read_bytes())
    data[(good + middle) // 2] ^= 0xFF
    path.write_bytes(data)
    again = spool_in(tmp_path)
    assert [row.values[2] for row in drained(again)] == ["0", "1", "2", "3", "4"] + [
        str(n) for n in range(10, 15)
    ]
    assert f"{middle - good} bytes at {good} are no records" in again.damages[0]


def test_at_the_bound_snapshots_go_first_and_nothing_else_ever(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, 3 * SEGMENT_BYTES)
    kept: list[Row] = []
    number = 0
    full = ""
    while not full:
        some = fills(number, 10)
        many = [snapshot_row(balance(f"{at}.0"), number * 1_000 + at) for at in range(100)]
        try:
            spool.append([*some, *many], Position("stream", number))
        except SpoolFull as error:
            full = str(error)
        else:
            kept += some
            number += 10
    assert full.startswith("the spool is full")
    assert spool.bytes <= 3 * SEGMENT_BYTES
    assert spool.thinned > 1_000
    last = spool.position
    found = drained(spool)
    assert [row for row in found if row.table == "history_fills"] == kept
    # The newest snapshots are still there.
    assert any(row.table == "history_snapshots" for row in found[-1_000:])
    assert last == Position("stream", number - 10)
    spool.append(fills(number, 1), None)


def test_a_disk_that_is_full_leaves_the_spool_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = spool_in(tmp_path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
    with pytest.raises(OSError, match="short write"):
        spool.append(fills(0, 5), Position("stream", 5))
    assert spool.empty
    monkeypatch.setattr(os, "write", write)
    spool.append(fills(0, 5), Position("stream", 5))
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
    with pytest.raises(OSError, match="short write"):
        spool.append(fills(5, 5), Position("stream", 10))
    monkeypatch.setattr(os, "write", write)
    assert spool.position == Position("stream", 5)
    spool.append(fills(5, 5), Position("stream", 10))
    assert drained(spool) == fills(0, 10)


def test_what_lies_beside_it_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "history.spool"
    folder.mkdir()
    (folder / "notes.txt").write_text("an operator's")
    spool = spool_in(tmp_path)
    assert spool.empty
    spool.append(fills(0, 1), None)
    drained(spool)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
