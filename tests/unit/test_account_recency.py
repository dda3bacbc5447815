"""Which of two states of an account is believed, also where the venue's clock was set."""

from __future__ import annotations

import pytest
from account_world import MS, position, snapshot

from actors.account_recency import AHEAD_NS_MAX, TRUSTED_NS
from actors.messages.account import AccountSnapshot, Position
from actors.messages.control import Welcome
from actors.reconciliation import Heard, Reconciler

S = 1_000_000_000
NOON_MS = 43_200_000
HOUR_MS = 3_600_000


@pytest.fixture
def story() -> Reconciler:
    """The stream has told of a balance and a position at noon by the venue's clock."""
    story = Reconciler("extended", "1", "linear")
    told = [snapshot("10", NOON_MS, "websocket"), position("2", NOON_MS, via="websocket")]
    story.heard([Heard(events=list(told), at_ns=100 * S)])
    story.recency.venue_now_ns = lambda: NOON_MS * MS + S
    return story


def answers(
    story: Reconciler, at_ms: int, asked_ns: int
) -> tuple[list[AccountSnapshot], list[Position]]:
    figures = story.balance(snapshot("9", at_ms), asked_ns)
    return figures, story.open_positions([position("1", at_ms)], asked_ns, 1)


def test_b_after_the_venues_clock_was_set_back_the_next_answer_is_believed(
    story: Reconciler,
) -> None:
    assert answers(story, NOON_MS - 1, 101 * S) == ([], [])
    story.recency.venue_now_ns = lambda: (NOON_MS - HOUR_MS) * MS
    [figures], [held] = answers(story, NOON_MS - HOUR_MS - 1, 102 * S)
    assert (figures.equity, held.quantity) == ("9", "1")
    # From here on the clock that was set orders again: older words are old.
    assert answers(story, NOON_MS - HOUR_MS - 2, 103 * S) == ([], [])


def test_b_even_then_an_answer_that_was_asked_for_earlier_undoes_nothing(
    story: Reconciler,
) -> None:
    story.recency.venue_now_ns = lambda: (NOON_MS - HOUR_MS) * MS
    assert answers(story, NOON_MS - HOUR_MS - 1, 100 * S - 1) == ([], [])


def test_b_the_rule_outlives_a_story_that_starts_over(story: Reconciler) -> None:
    story.start_over(Welcome(stream_id="s"))
    story.heard([Heard(events=[position("2", NOON_MS, via="websocket")], at_ns=100 * S)])
    story.recency.venue_now_ns = lambda: (NOON_MS - HOUR_MS) * MS
    assert answers(story, NOON_MS - HOUR_MS, 101 * S)[1]


@pytest.mark.parametrize("ahead_ns", [0, AHEAD_NS_MAX])
def test_clocks_of_one_venue_that_differ_a_little_let_no_late_answer_undo_the_stream(
    story: Reconciler, ahead_ns: int
) -> None:
    story.recency.venue_now_ns = lambda: NOON_MS * MS - ahead_ns
    assert answers(story, NOON_MS - 1, 101 * S) == ([], [])


def test_without_the_venues_time_an_older_state_is_believed_in_the_end(story: Reconciler) -> None:
    story.recency.venue_now_ns = lambda: None
    assert answers(story, NOON_MS - HOUR_MS, 100 * S + TRUSTED_NS - 1) == ([], [])
    assert all(answers(story, NOON_MS - HOUR_MS, 100 * S + TRUSTED_NS))
