"""The table of states: complete, and the same in the design page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kernel_driver import spec

from actors.supervision.states import (
    ALIVE,
    TRANSITIONS,
    WAITING,
    WORKING,
    Child,
    State,
    Trigger,
    digest_of,
)

PAGE = Path(__file__).parents[3] / "docs" / "design" / "supervision.md"
BEGIN, END = "<!-- transitions: begin -->\n", "<!-- transitions: end -->"


def table() -> str:
    """The page's table, made from the kernel's."""
    rows = ["| state | what moves it, and where to |", "|---|---|"]
    for state, moves in TRANSITIONS.items():
        told = ", ".join(f"{trigger} → {target}" for trigger, target in moves.items())
        rows.append(f"| **{state}** | {told} |")
    return "\n".join(rows) + "\n"


def test_the_page_shows_the_kernels_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition(BEGIN)[2].partition(END)[0]
    assert shown == table(), f"put this between the marks of {PAGE.name}:\n{table()}"


def test_every_state_has_a_row_and_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS) == set(State)
    targets = {target for moves in TRANSITIONS.values() for target in moves.values()}
    assert targets == set(State)
    assert all(TRANSITIONS.values())


def test_every_trigger_is_used() -> None:
    assert {trigger for moves in TRANSITIONS.values() for trigger in moves} == set(Trigger)


def test_only_an_end_leads_out_of_life() -> None:
    """A child with a process leaves it by `exit`, or because nobody knows of the process."""
    for state in ALIVE:
        for trigger, target in TRANSITIONS[state].items():
            assert target in ALIVE or trigger in {Trigger.EXIT, Trigger.UNANSWERED}


def test_groups_of_states() -> None:
    assert WORKING < ALIVE
    assert not ALIVE & WAITING
    assert set(State) - ALIVE - WAITING == {State.NEW, State.EXITED, State.STOPPED}


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    child = Child(spec=spec("cache"), digest="")
    with pytest.raises(KeyError):
        child.moved(Trigger.EXIT)


def test_the_digest_is_of_what_a_child_is_made_from() -> None:
    one = spec("a", config={"b": 1, "a": [1.5, None, True, {"x": "y"}]})
    same = spec("other", config={"a": [1.5, None, True, {"x": "y"}], "b": 1}, descriptors={"s": 9})
    assert digest_of(one) == digest_of(same)
    assert digest_of(one) != digest_of(spec("a", config={"b": 2}))
    assert digest_of(one) != digest_of(spec("a", quarantined="no key"))
    assert digest_of(one) != digest_of(replace(one, secrets_digest="of a corrected key"))
