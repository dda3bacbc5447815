"""The pauses on disk: read again, bounded; a disk that fails costs nothing but their keeping."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.supervision.pauses import PAUSES_MAX, Pauses

ONE, TWO = "account:extended:1", "orderbook:extended:linear:BTC-USD"


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "pauses.json")
    assert not pauses.failure
    pauses.add(ONE, 5)
    pauses.add(ONE, 9)
    pauses.add(TWO, 7)
    pauses.remove(TWO)
    pauses.remove("never:there")
    pauses.save()
    again = Pauses(tmp_path / "pauses.json")
    assert again.since_us() == {ONE: 5}
    assert ONE in again
    assert TWO not in again
    assert not again.failure


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": "x"}', '{"a": 1', "\xff\x00", '{"a": 1.5}'], ids=repr
)
def test_a_file_that_is_none_of_ours_is_named_and_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pauses.json"
    path.write_bytes(text.encode("latin-1"))
    pauses = Pauses(path)
    assert pauses.since_us() == {}
    assert "pauses.json: expected pauses by actor" in pauses.failure
    pauses.add(ONE, 1)
    pauses.save()
    assert not pauses.failure
    assert Pauses(path).since_us() == {ONE: 1}


def test_a_disk_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    pauses = Pauses(folder / "pauses.json")
    pauses.add(ONE, 1)
    pauses.save()
    assert pauses.failure == "pauses.json: No such file or directory"
    assert ONE in pauses
    folder.mkdir()
    pauses.save()
    assert not pauses.failure


def test_their_number_is_bounded_and_who_is_gone_makes_room(tmp_path: Path) -> None:
    pauses = Pauses(tmp_path / "pauses.json")
    for number in range(PAUSES_MAX):
        pauses.add(f"account:extended:{number}", 1)
    assert pauses.full
    pauses.forget_all_but(frozenset({ONE}))
    assert pauses.since_us() == {ONE: 1}
