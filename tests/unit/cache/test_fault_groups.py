"""Faults that differ in numbers only are one group; groups come by their newest member."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.cache.fault_groups import grouped, shape
from actors.messages.control import FaultReport


def fault(message: str, at_ns: int, actor: str = "a", kind: str = "K") -> FaultReport:
    return FaultReport(actor=actor, kind=kind, message=message, at_ns=at_ns)


def test_numbers_and_ids_do_not_make_another_fault() -> None:
    assert shape("seq: expected 17, found 19.5") == "seq: expected #, found #"
    assert shape("order 0x7Fa2 of 036a65e519b2f0") == "order # of #"
    first, second = "gap after 17 of 2 s", "gap after 99812 of 0.5 s"
    (group,) = grouped([fault(first, 5), fault(second, 9)])
    assert (group.count, group.first_ns, group.last_ns) == (2, 5, 9)
    assert group.message == second


def test_source_kind_and_words_do() -> None:
    faults = [fault("x", 1), fault("x", 2, actor="b"), fault("x", 3, kind="L"), fault("y", 4)]
    groups = grouped(faults)
    assert [group.last_ns for group in groups] == [4, 3, 2, 1]
    assert len({group.id for group in groups}) == 4


def test_the_newest_comes_first_whatever_the_wall_clock_says() -> None:
    groups = grouped([fault("x", 900), fault("y", 500), fault("x", 100)])
    assert [(group.message, group.last_ns) for group in groups] == [("x", 100), ("y", 500)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x 1", "x 2", "y"]))))
def test_every_fault_is_counted_once_and_ids_stay(rows: list[tuple[str, str]]) -> None:
    faults = [fault(message, at, actor) for at, (actor, message) in enumerate(rows)]
    groups = grouped(faults)
    assert sum(group.count for group in groups) == len(faults)
    assert [group.last_ns for group in groups] == sorted(
        (group.last_ns for group in groups), reverse=True
    )
    later = {group.id for group in grouped([*faults, fault("z", 10**6)])}
    assert {group.id for group in groups} <= later
