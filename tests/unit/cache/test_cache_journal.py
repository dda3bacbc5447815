"""Records on disk: every cut, zeros, damage, short writes, rotation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.cache import journal as journal_module
from actors.cache.journal import (
    BACKLOG_BYTES_MAX,
    RETRY_NS,
    SEGMENTS_MIN,
    Journal,
    encode_record,
    read_segment,
    segment_paths,
)

BODIES = [b"alpha", b"beta" * 20, b"gamma"]


def journal(folder: Path, segment_bytes: int = 1 << 20) -> Journal:
    opened = Journal(folder, segment_bytes)
    paths = segment_paths(folder)
    opened.continue_after(read_segment(paths[-1]) if paths else None)
    return opened


def started(folder: Path, segment_bytes: int = 1 << 20) -> Journal:
    opened = journal(folder, segment_bytes)
    assert opened.begin_segment([b"checkpoint"], 0)
    return opened


def write(opened: Journal, *bodies: bytes, now: int = 0) -> bool:
    for body in bodies:
        opened.add(body)
    return opened.flush(now)


def segment_file(folder: Path, data: bytes, first: int = 1) -> Path:
    path = folder / f"events-{first:020d}.journal"
    path.write_bytes(data)
    return path


def records(first: int = 1) -> bytes:
    return b"".join(encode_record(first + at, body) for at, body in enumerate(BODIES))


def test_what_was_flushed_is_read_back(tmp_path: Path) -> None:
    opened = started(tmp_path)
    assert write(opened, *BODIES)
    opened.close()
    again = journal(tmp_path)
    assert write(again, b"delta")
    again.close()
    segment = read_segment(segment_paths(tmp_path)[-1])
    assert segment.records == [b"checkpoint", *BODIES, b"delta"]
    assert (segment.last, segment.torn_bytes, segment.damage) == (5, 0, "")


def test_every_cut_of_the_tail_keeps_the_records_before_it(tmp_path: Path) -> None:
    whole = records()
    ends = [0]
    for at, body in enumerate(BODIES, start=1):
        ends.append(ends[-1] + len(encode_record(at, body)))
    for cut in range(len(whole) + 1):
        path = segment_file(tmp_path, whole[:cut])
        good = max(end for end in ends if end <= cut)
        segment = read_segment(path)
        assert (segment.good_bytes, segment.torn_bytes) == (good, cut - good)
        assert segment.records == BODIES[: ends.index(good)]
        assert not segment.damage
        opened = journal(tmp_path)
        assert path.stat().st_size == good
        assert write(opened, b"next")
        opened.close()
        assert read_segment(path).records == [*BODIES[: ends.index(good)], b"next"]


@pytest.mark.parametrize("zeros", [1, 20, 64, 5_000])
def test_zeros_are_no_records(tmp_path: Path, zeros: int) -> None:
    segment = read_segment(segment_file(tmp_path, records() + bytes(zeros)))
    assert (segment.records, segment.torn_bytes) == (BODIES, zeros)
    alone = read_segment(segment_file(tmp_path, bytes(zeros)))
    assert (alone.records, alone.good_bytes, alone.torn_bytes) == ([], 0, zeros)


def test_an_empty_body_is_no_record(tmp_path: Path) -> None:
    segment = read_segment(segment_file(tmp_path, encode_record(1, b"")))
    assert segment.records == []


def test_each_flipped_byte_is_found(tmp_path: Path) -> None:
    whole = records()
    second = len(encode_record(1, BODIES[0]))
    third = second + len(encode_record(2, BODIES[1]))
    for at in range(second, third):
        broken = bytearray(whole)
        broken[at] ^= 0x55
        segment = read_segment(segment_file(tmp_path, bytes(broken)))
        assert segment.records == [BODIES[0], BODIES[2]]
        assert "no records" in segment.damage


def test_a_number_that_does_not_follow_is_damage(tmp_path: Path) -> None:
    data = encode_record(1, b"a") + encode_record(3, b"c")
    segment = read_segment(segment_file(tmp_path, data))
    assert segment.damage
    assert segment.records == [b"a", b"c"]
    older = encode_record(1, b"a") + encode_record(1, b"again")
    segment = read_segment(segment_file(tmp_path, older))
    assert (segment.records, segment.torn_bytes > 0) == ([b"a"], True)


def test_a_damaged_segment_is_left_as_it_is(tmp_path: Path) -> None:
    broken = bytearray(records())
    broken[30] ^= 1
    path = segment_file(tmp_path, bytes(broken))
    opened = journal(tmp_path)
    assert not opened.is_open
    assert opened.wants_checkpoint
    assert opened.begin_segment([b"whole"], 0)
    assert write(opened, b"next")
    opened.close()
    assert path.read_bytes() == bytes(broken)
    newest = read_segment(segment_paths(tmp_path)[-1])
    assert (newest.first, newest.records) == (4, [b"whole", b"next"])


def test_a_short_write_is_cut_back_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = started(tmp_path)
    assert write(opened, b"one")
    path = segment_paths(tmp_path)[-1]
    size = path.stat().st_size
    real = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda fd, data: real(fd, data[:7]))
    assert not write(opened, b"two")
    assert path.stat().st_size == size
    assert "short write: 7 of" in opened.failure
    monkeypatch.setattr(journal_module.os, "write", real)
    assert not opened.flush(RETRY_NS - 1)
    assert write(opened, b"three", now=RETRY_NS)
    assert opened.failure == ""
    assert read_segment(path).records[1:] == [b"one", b"two", b"three"]


def test_a_file_that_cannot_be_cut_back_at_once_is_cut_before_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = started(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(5, "I/O error")

    real_write, real_cut = os.write, os.ftruncate
    monkeypatch.setattr(journal_module.os, "write", lambda fd, data: real_write(fd, data[:7]))
    monkeypatch.setattr(journal_module.os, "ftruncate", refuse)
    assert not write(opened, b"two")
    assert "not cut back" in opened.failure
    monkeypatch.setattr(journal_module.os, "write", real_write)
    assert not opened.flush(RETRY_NS)
    monkeypatch.setattr(journal_module.os, "ftruncate", real_cut)
    assert opened.flush(3 * RETRY_NS)
    segment = read_segment(segment_paths(tmp_path)[-1])
    assert (segment.records, segment.torn_bytes) == ([b"checkpoint", b"two"], 0)


def test_a_full_disk_shows_by_limit(tmp_path: Path) -> None:
    """The kernel's own short write, by RLIMIT_FSIZE in a child process."""
    import subprocess
    import sys

    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from actors.cache.journal import Journal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal = Journal(Path(sys.argv[1]), 1 << 20)\n"
        "journal.begin_segment([b'checkpoint'], 0)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))\n"
        "kept = []\n"
        "for _ in range(20):\n"
        "    journal.add(bytes([7]) * 100)\n"
        "    kept.append(journal.flush(0))\n"
        "print(sum(kept), journal.failure)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    count, _, failure = done.stdout.strip().partition(" ")
    assert "short write" in failure
    segment = read_segment(segment_paths(tmp_path)[-1])
    assert len(segment.records) == 1 + int(count)
    assert segment.torn_bytes == 0


def test_without_a_directory_it_waits_and_begins_by_itself(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    opened = Journal(blocked / "journal", 1 << 20)
    assert opened.wants_checkpoint
    assert not opened.begin_segment([b"c"], 0)
    assert opened.failure
    assert not write(opened, b"kept for later")
    blocked.unlink()
    assert opened.begin_segment([b"c"], RETRY_NS)
    assert opened.flush(RETRY_NS)
    segment = read_segment(segment_paths(blocked / "journal")[-1])
    assert segment.records == [b"c", b"kept for later"]


def test_a_backlog_beyond_its_bound_is_given_up_for_the_next_checkpoint(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    opened = Journal(blocked / "journal", 1 << 20)
    assert not opened.begin_segment([b"c"], 0)
    big = bytes([1]) * 1_000_000
    kept = [write(opened, big) for _ in range(12)]
    held_back = BACKLOG_BYTES_MAX // 1_000_000
    assert kept == [False] * held_back + [True] * (12 - held_back)
    assert opened.given_up
    assert not opened.pending
    blocked.unlink()
    assert opened.begin_segment([b"whole"], RETRY_NS)
    assert write(opened, b"next")
    segment = read_segment(segment_paths(blocked / "journal")[-1])
    assert segment.records == [b"whole", b"next"]


def test_an_unfinished_segment_never_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = started(tmp_path)
    real = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda fd, data: real(fd, data[:5]))
    assert not opened.begin_segment([b"second"], 0)
    assert len(list(tmp_path.iterdir())) == 1
    (tmp_path / "events-00000000000000000009.new").write_bytes(b"half")
    assert len(segment_paths(tmp_path)) == 1


def test_old_segments_go_but_the_newest_stay(tmp_path: Path) -> None:
    opened = started(tmp_path, segment_bytes=50)
    for at in range(6):
        assert write(opened, bytes([1 + at]) * 60)
        assert opened.wants_checkpoint
        assert opened.begin_segment([b"c"], 0)
        assert not opened.wants_checkpoint
    paths = segment_paths(tmp_path)
    opened.unlink_before(paths[2])
    assert segment_paths(tmp_path) == paths[2:]
    opened.unlink_before(paths[-1])
    assert segment_paths(tmp_path) == paths[-SEGMENTS_MIN:]
