"""Streams on demand: as long as anybody wants one it runs, LINGER_S longer, and no more of them
than allowed; over all web processes, on a clock of the test's own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.supervision.demand import LEASE_S, LINGER_S, Demand

S = 1_000_000_000


def at(seconds: float) -> int:
    return round(seconds * S)


def test_the_first_wish_starts_and_the_last_one_ends_it_after_a_while() -> None:
    demand = Demand(5)
    assert demand.renew("web:1", ["a"], at(1)).started == ("a",)
    assert demand.renew("web:2", ["a"], at(2)).started == ()
    demand.renew("web:1", [], at(3))
    assert demand.turn(at(3 + LINGER_S - 20)) == ()
    demand.renew("web:2", [], at(14))
    assert demand.turn(at(14 + LINGER_S) - 1) == ()
    assert demand.turn(at(14 + LINGER_S)) == ("a",)
    assert demand.running == ()


def test_a_wish_that_comes_back_in_time_keeps_it() -> None:
    demand = Demand(5)
    demand.renew("web:1", ["a"], at(1))
    demand.renew("web:1", [], at(2))
    assert demand.renew("web:1", ["a"], at(31)).started == ()
    assert demand.turn(at(40)) == ()


def test_a_web_process_that_died_wants_nothing() -> None:
    demand = Demand(5)
    demand.renew("web:1", ["a"], at(1))
    demand.gone("web:1", at(5))
    assert demand.turn(at(5 + LINGER_S) - 1) == ()
    assert demand.turn(at(5 + LINGER_S)) == ("a",)


def test_a_web_process_that_says_nothing_wants_nothing_after_its_lease() -> None:
    demand = Demand(5)
    demand.renew("web:1", ["a"], at(1))
    assert demand.turn(at(1 + LEASE_S + LINGER_S) - 1) == ()
    assert demand.turn(at(1 + LEASE_S + LINGER_S)) == ("a",)


def test_too_many_are_refused_but_an_idle_one_gives_way() -> None:
    demand = Demand(2)
    verdict = demand.renew("web:1", ["a", "b", "c"], at(1))
    assert (verdict.started, verdict.refused) == (("a", "b"), ("c",))
    demand.renew("web:1", ["b"], at(2))
    verdict = demand.renew("web:1", ["b", "c"], at(3))
    assert (verdict.started, verdict.ended, verdict.refused) == (("c",), ("a",), ())
    assert set(demand.running) == {"b", "c"}


def test_none_are_allowed_where_the_limit_is_zero() -> None:
    assert Demand(0).renew("web:1", ["a"], at(1)).refused == ("a",)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["web:1", "web:2"]),
            st.sets(st.sampled_from("abcdef")),
            st.floats(0, 20),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_what_runs_is_what_is_wanted_or_was_a_moment_ago(
    steps: list[tuple[str, set[str], float, bool]],
) -> None:
    demand, now = Demand(4), 1.0
    last_wanted: dict[str, float] = {}
    words: dict[str, tuple[set[str], float]] = {}
    for web, topics, wait, dies in steps:
        for name, (wanted, until) in list(words.items()):
            for topic in wanted:
                last_wanted[topic] = max(last_wanted.get(topic, 0), min(now + wait, until))
            if until <= now + wait:
                del words[name]
        now += wait
        demand.turn(at(now))
        if dies:
            demand.gone(web, at(now))
            words.pop(web, None)
            continue
        verdict = demand.renew(web, sorted(topics), at(now))
        words[web] = (topics - set(verdict.refused), now + LEASE_S)
        assert len(demand.running) <= 4
        running = set(demand.running)
        assert topics - set(verdict.refused) <= running
        for topic in running - {each for wanted, _ in words.values() for each in wanted}:
            assert now - last_wanted[topic] <= LINGER_S + 0.001
