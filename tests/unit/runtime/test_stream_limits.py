"""Whose limits a stream's silence is measured by: the venue's, or the operator's."""

import pytest

from actors.runtime.stream_limits import apply_limits
from actors.venues.contract import Session
from actors.venues.registry import venue

EXTENDED = venue("extended")


def sessions() -> list[Session]:
    return [
        EXTENDED.access(
            "1",
            {"api_key": "key"},
            base_url="http://venue",
            ws_url="ws://venue",
            now_ns=lambda: 0,
        ).session,
        EXTENDED.book_session("ws://venue", "linear", "BTC-USD"),
    ]


def limits(session: Session) -> tuple[float, float | None, float]:
    return session.silence_max_s, session.mute_max_s, session.ping_interval_s


def test_without_a_word_the_venues_own_limits_hold() -> None:
    account, book = sessions()
    for session in (account, book):
        apply_limits(session, {"silence_max_s": None})
    assert limits(account) == (45, None, 30)
    assert limits(book) == (45, 90, 30)


@pytest.mark.parametrize(("silence_max_s", "ping_interval_s"), [(3, 1), (60, 20), (300, 30)])
def test_a_shorter_silence_is_answered_for_by_our_own_pings(
    silence_max_s: float, ping_interval_s: float
) -> None:
    for session in sessions():
        apply_limits(session, {"silence_max_s": silence_max_s})
        assert (session.silence_max_s, session.ping_interval_s) == (silence_max_s, ping_interval_s)


def test_a_stream_that_may_be_quiet_may_still_be_quiet() -> None:
    account, book = sessions()
    for session in (account, book):
        apply_limits(session, {"mute_max_s": 3.0})
    assert limits(account) == (45, None, 30)
    assert limits(book) == (45, 3.0, 30)
