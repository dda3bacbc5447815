"""Tickets: random, once, for 60 s, and not without bound."""

from __future__ import annotations

import hashlib

import pytest

from actors.runtime.clock import FakeClock
from actors.supervision import tickets
from actors.supervision.control_server import Refusal
from actors.supervision.tickets import TICKETS_MAX, VALID_S, TicketDesk, Tickets

SECOND_NS = 10**9


def test_a_ticket_is_good_once() -> None:
    held = Tickets()
    ticket = held.issue(0)
    assert ticket is not None
    assert len(ticket) == 43  # 256 bits
    assert not held.spend(ticket[:-1], 1)
    assert not held.spend("", 1)
    assert held.spend(ticket, 1)
    assert not held.spend(ticket, 1)


@pytest.mark.parametrize(
    ("after_ns", "good"), [(60 * SECOND_NS - 1, True), (60 * SECOND_NS, False)]
)
def test_for_60_seconds(after_ns: int, good: bool) -> None:
    held = Tickets()
    ticket = held.issue(7)
    assert ticket is not None
    assert held.spend(ticket, 7 + after_ns) is good
    assert len(held) == 0


def test_all_are_different_and_none_is_kept_as_it_is() -> None:
    held = Tickets()
    issued = {str(held.issue(0)) for _ in range(TICKETS_MAX)}
    assert len(issued) == TICKETS_MAX
    kept = held._deadlines_ns
    assert {hashlib.sha256(ticket.encode()).digest() for ticket in issued} == kept.keys()


def test_the_table_is_bounded_and_empties_by_itself() -> None:
    held = Tickets()
    first = held.issue(0)
    assert first is not None
    for number in range(1, TICKETS_MAX):
        assert held.issue(number)
    assert held.issue(TICKETS_MAX) is None
    assert held.spend(first, TICKETS_MAX)
    assert held.issue(TICKETS_MAX)
    assert held.issue(VALID_S * SECOND_NS + TICKETS_MAX // 2)
    assert len(held) < TICKETS_MAX


async def test_the_desk_says_when_a_ticket_expires_and_when_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()
    operations = TicketDesk(clock).operations()
    assert operations["spend_ticket"].must == {"ticket"}
    given = await operations["ticket"].answer({})
    assert given["expires_us"] == clock.wall_ns() // 1_000 + 60_000_000
    assert given["expires_in_s"] == 60
    # A wall clock that jumps ends no ticket.
    clock.step_wall(3_600)
    assert await operations["spend_ticket"].answer({"ticket": given["ticket"]}) == {"spent": True}
    assert await operations["spend_ticket"].answer({"ticket": given["ticket"]}) == {"spent": False}
    monkeypatch.setattr(tickets, "TICKETS_MAX", 0)
    with pytest.raises(Refusal) as refused:
        await operations["ticket"].answer({})
    assert refused.value.kind == "busy"
