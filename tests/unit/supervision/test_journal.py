"""The journal of supervision: what it keeps, and what a bad disk does to it."""

from __future__ import annotations

import itertools
import random
import resource
import signal
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.messages.control import RestartRecord
from actors.supervision import journal as journal_module
from actors.supervision.budgets import Deadline
from actors.supervision.effects import Remembered
from actors.supervision.journal import (
    DEADLINES_MAX,
    DETAILED_MAX,
    DUMP_LENGTH_MAX,
    HISTORY_MAX,
    LINES_MAX,
    RETRY_WRITES,
    SupervisionJournal,
)

A = "account:extended:1"
B = "account:extended:2"


def record(actor: str = A, epoch: int = 1, dump: str = "", *lines: str) -> RestartRecord:
    return RestartRecord(
        actor=actor,
        epoch=epoch,
        pid=100 + epoch,
        started_ns=1,
        ended_ns=2,
        uptime_ms=0.5,
        cause="signal",
        signal=9,
        dump=dump,
        last_lines=lines,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "supervision.journal"


def filled(path: Path, count: int = 10) -> SupervisionJournal:
    journal = SupervisionJournal(path)
    for epoch in range(1, count + 1):
        journal.remember(A, Remembered(last_epoch=epoch, attempt=epoch, last_exit=record()))
        journal.record(record(A, epoch, "dump", "line"))
    return journal


def test_everything_is_there_again(path: Path) -> None:
    journal = filled(path)
    journal.remember(B, Remembered(last_epoch=3, quarantine="key", rejections=2, wait_ns=5))
    journal.close()
    again = SupervisionJournal(path)
    assert again.remembered() == journal.remembered()
    assert again.history(A) == journal.history(A)
    assert [item.epoch for item in again.history(A)] == list(range(10, 0, -1))
    assert again.history("account:nobody:1") == ()
    assert not again.failed


def test_the_directory_is_made_and_the_file_is_private(path: Path) -> None:
    SupervisionJournal(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_goes_on_where_it_was(path: Path) -> None:
    filled(path, 3).close()
    again = SupervisionJournal(path)
    again.record(record(A, 4))
    again.close()
    assert [item.epoch for item in SupervisionJournal(path).history(A)] == [4, 3, 2, 1]


def test_what_is_known_already_is_not_written_again(path: Path) -> None:
    journal = filled(path)
    size = path.stat().st_size
    journal.remember(A, journal.remembered()[A])
    assert path.stat().st_size == size


def test_history_and_its_details_are_bounded(path: Path) -> None:
    journal = filled(path, HISTORY_MAX + 50)
    for seen in (journal, SupervisionJournal(path)):
        history = seen.history(A)
        assert len(history) == HISTORY_MAX
        assert history[0].epoch == HISTORY_MAX + 50
        assert all(item.dump and item.last_lines for item in history[:DETAILED_MAX])
        assert not any(item.dump or item.last_lines for item in history[DETAILED_MAX:])


def test_a_long_dump_and_many_lines_are_cut(path: Path) -> None:
    journal = SupervisionJournal(path)
    lines = [f"{number} " + "x" * 10_000 for number in range(LINES_MAX * 2)]
    journal.record(record(A, 1, "head" + "y" * 10**6, *lines))
    (item,) = SupervisionJournal(path).history(A)
    assert len(item.dump) == DUMP_LENGTH_MAX
    assert item.dump.startswith("head")
    assert len(item.last_lines) == LINES_MAX
    assert item.last_lines[-1].startswith(f"{LINES_MAX * 2 - 1} ")


def test_half_characters_of_a_dying_process_are_replaced(path: Path) -> None:
    journal = SupervisionJournal(path)
    journal.record(record(A, 1, "bad \ud800 dump", "\udcff"))
    (item,) = SupervisionJournal(path).history(A)
    assert (item.dump, item.last_lines) == ("bad ? dump", ("?",))


def test_actors_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "ACTORS_MAX", 3)
    monkeypatch.setattr(journal_module, "HISTORIES_MAX", 2)
    journal = SupervisionJournal(path)
    for number in range(5):
        journal.remember(f"a:{number}", Remembered(last_epoch=1))
        journal.record(record(f"a:{number}"))
    assert list(journal.remembered()) == ["a:2", "a:3", "a:4"]
    assert [number for number in range(5) if journal.history(f"a:{number}")] == [3, 4]


# damage


def test_every_cut_of_the_tail_is_legal(path: Path) -> None:
    """Cut anywhere in the last record: the rest stays, and the file can be added to."""
    filled(path, 3).close()
    whole = path.read_bytes()
    last = whole.rindex(b"BSJ1")
    reports: list[str] = []
    for cut in range(last, len(whole)):
        path.write_bytes(whole[:cut])
        journal = SupervisionJournal(path, reports.append)
        assert [item.epoch for item in journal.history(A)] == [2, 1]
        assert journal.remembered()[A].last_epoch == 3
        journal.record(record(A, 9))
        journal.close()
        assert [item.epoch for item in SupervisionJournal(path).history(A)] == [9, 2, 1]
    assert reports == []


@pytest.mark.parametrize(
    "tail", [b"\0" * 64, b"BSJ1", b"BSJ1" + b"\0" * 60, b"\xff" * 100, b"garbage"]
)
def test_a_tail_of_anything_is_cut_off(path: Path, tail: bytes) -> None:
    filled(path, 3).close()
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    journal = SupervisionJournal(path)
    assert [item.epoch for item in journal.history(A)] == [3, 2, 1]
    assert path.read_bytes() == whole


def test_a_record_without_a_payload_is_none(path: Path) -> None:
    filled(path, 1).close()
    whole = path.read_bytes()
    checksum = zlib.crc32((3).to_bytes(4, "big"))
    path.write_bytes(whole + struct.pack(">4sIII", b"BSJ1", 0, 3, checksum))
    SupervisionJournal(path).close()
    assert path.read_bytes() == whole


def test_random_damage_is_stepped_over_and_said_once(path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    filled(path, 20).close()
    whole = path.read_bytes()
    last = whole.rindex(b"BSJ1")
    for _ in range(100):
        data = bytearray(whole)
        at = chance.randrange(last)
        data[at] ^= chance.randrange(1, 256)
        path.write_bytes(data)
        reports: list[str] = []
        journal = SupervisionJournal(path, reports.append)
        assert len(reports) == 1
        assert "damaged" in reports[0]
        assert len(journal.history(A)) + (journal.remembered()[A].last_epoch == 20) >= 20
        assert journal.history(A)[0].epoch == 20
        clean: list[str] = []
        assert SupervisionJournal(path, clean.append).history(A) == journal.history(A)
        assert clean == []


def test_any_bytes_at_all_are_no_crash(path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    path.parent.mkdir()
    for length in range(200):
        path.write_bytes(chance.randbytes(length * 7))
        journal = SupervisionJournal(path)
        journal.record(record(A, 1))
        journal.close()
        assert len(SupervisionJournal(path).history(A)) == 1


# size


def test_it_is_compacted_when_it_has_grown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "COMPACT_BYTES_MIN", 20_000)
    journal = SupervisionJournal(path)
    monkeypatch.setattr(journal, "_compact_at", 20_000)
    sizes = []
    for epoch in range(1, 5_001):
        journal.remember(A, Remembered(last_epoch=epoch))
        sizes.append(path.stat().st_size)
    assert max(sizes) < 20_100
    assert any(later < sooner for sooner, later in itertools.pairwise(sizes))
    assert SupervisionJournal(path).remembered() == {A: Remembered(last_epoch=5_000)}
    assert list(path.parent.iterdir()) == [path]


def test_a_large_file_is_compacted_when_it_is_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path, HISTORY_MAX * 3).close()
    size = path.stat().st_size
    monkeypatch.setattr(journal_module, "COMPACT_BYTES_MIN", 1_000)
    journal = SupervisionJournal(path)
    assert path.stat().st_size < size / 2
    assert len(journal.history(A)) == HISTORY_MAX
    assert SupervisionJournal(path).history(A) == journal.history(A)


# a disk that cannot be written


def test_an_unusable_place_is_said_once_and_everything_is_still_served(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("in the way")
    reports: list[str] = []
    journal = SupervisionJournal(place / "supervision.journal", reports.append)
    assert journal.failed
    for epoch in range(1, RETRY_WRITES * 2):
        journal.record(record(A, epoch))
        journal.remember(A, Remembered(last_epoch=epoch))
    assert len(reports) == 1
    assert "cannot be kept" in reports[0]
    assert journal.failure == reports[0]
    assert journal.history(A)[0].epoch == RETRY_WRITES * 2 - 1
    assert journal.remembered()[A].last_epoch == RETRY_WRITES * 2 - 1


def test_it_recovers_when_the_place_is_usable_again(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("in the way")
    reports: list[str] = []
    journal = SupervisionJournal(place / "supervision.journal", reports.append)
    journal.record(record(A, 1))
    place.unlink()
    for epoch in range(2, RETRY_WRITES + 2):
        journal.record(record(A, epoch))
    assert not journal.failed
    assert ["cannot be kept" in report for report in reports] == [True, False]
    assert reports[1] == "supervision.journal: can be written again"
    journal.close()
    assert len(SupervisionJournal(journal._path).history(A)) == RETRY_WRITES + 1


def test_it_is_tried_again_where_nothing_else_happens(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("in the way")
    reports: list[str] = []
    journal = SupervisionJournal(place / "supervision.journal", reports.append)
    journal.record(record(A, 1))
    for _ in range(3):
        journal.try_again()
    assert journal.failed
    assert len(reports) == 1
    place.unlink()
    journal.try_again()
    journal.try_again()
    assert not journal.failed
    assert reports[1:] == ["supervision.journal: can be written again"]
    journal.close()
    assert len(SupervisionJournal(journal._path).history(A)) == 1


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 1,000 bytes: a write is cut short, the next one fails."""
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, old_handler)


def test_a_full_disk_leaves_no_half_record(path: Path, full_disk: None) -> None:
    reports: list[str] = []
    journal = SupervisionJournal(path, reports.append)
    for epoch in range(1, 40):
        journal.record(record(A, epoch))
    assert journal.failed
    assert len(reports) == 1
    assert len(journal.history(A)) == 39
    size = path.stat().st_size
    assert size <= 1_000
    kept = SupervisionJournal(path).history(A)
    assert [item.epoch for item in kept] == list(range(len(kept), 0, -1))
    assert len(kept) > 3
    assert path.stat().st_size == size, "nothing was left to cut off"


def test_a_closed_journal_says_so_and_serves(path: Path) -> None:
    reports: list[str] = []
    journal = SupervisionJournal(path, reports.append)
    journal.close()
    journal.close()
    journal.record(record())
    assert journal.failed
    assert len(reports) == 1
    assert len(journal.history(A)) == 1


def test_descriptors_do_not_leak(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "COMPACT_BYTES_MIN", 500)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        journal = filled(path, 30)
        journal.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def deadline(number: int = 0, not_before_ns: int = 9) -> Deadline:
    return Deadline(
        venue="extended",
        exit_address=f"10.0.0.9:{number}",
        not_before_ns=not_before_ns,
        wait_ns=5,
    )


def test_deadlines_of_addresses_are_there_again(path: Path) -> None:
    journal = filled(path, 3)
    assert journal.deadlines() == ()
    journal.hold_back(deadline(1))
    journal.hold_back(deadline(2))
    journal.hold_back(deadline(1, 99))
    journal.record(record(A, 4))
    journal.close()
    again = SupervisionJournal(path)
    assert again.deadlines() == (deadline(2), deadline(1, 99))
    assert again.remembered() == journal.remembered()
    assert again.history(A) == journal.history(A)


def test_deadlines_outlive_a_compaction_and_are_bounded(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "COMPACT_BYTES_MIN", 10_000)
    journal = SupervisionJournal(path)
    for number in range(DEADLINES_MAX + 5):
        journal.hold_back(deadline(number))
    journal.close()
    again = SupervisionJournal(path)
    assert len(again.deadlines()) == DEADLINES_MAX
    assert again.deadlines()[-1] == deadline(DEADLINES_MAX + 4)
