"""Which funding payments are news: each once, oldest first, over lives of account and cache."""

from __future__ import annotations

import random

import pytest
from cache_links import payment

from actors.account_payments import KNOWN_MAX, OVERLAP, PAYMENTS_FIRST, Payments
from actors.messages.account import Funding

SEEDS = range(20)


def paid(number: int, hour: int | None = None) -> Funding:
    hour = number if hour is None else hour
    return payment(str(number), venue_time_ns=hour * 3_600 * 10**9)


def listed(newest: int, oldest: int = 1) -> list[Funding]:
    """As a venue lists them: newest first."""
    return [paid(number) for number in range(newest, oldest - 1, -1)]


def ids(rows: list[Funding]) -> list[int]:
    return [int(row.funding_id) for row in rows]


def test_all_are_told_once_oldest_first() -> None:
    payments = Payments()
    assert ids(payments.news(listed(3))) == [1, 2, 3]
    assert payments.news(listed(3)) == []
    assert ids(payments.news(listed(5))) == [4, 5]


def test_of_one_hour_the_venues_order_counts() -> None:
    rows = [paid(7, hour=2), paid(9, hour=2), paid(8, hour=1)]
    assert ids(Payments().news(rows)) == [8, 9, 7]


def test_one_that_pages_show_twice_is_told_once() -> None:
    assert ids(Payments().news([*listed(3), *listed(2)])) == [1, 2, 3]


@pytest.mark.parametrize(
    ("known", "rows", "deep"),
    [
        (0, PAYMENTS_FIRST - 1, False),
        (0, PAYMENTS_FIRST, True),
        (1, 4, False),
        (1, 5, True),
        (300, 4 + OVERLAP - 1, False),
        (300, 4 + OVERLAP, True),
    ],
)
def test_how_deep_is_deep_enough(known: int, rows: int, deep: bool) -> None:
    """Four more were paid than are known."""
    payments = Payments()
    payments.adopt(map(str, range(1_000, 1_000 + known)))
    newest = 1_003 + known
    assert payments.deep_enough(listed(newest, newest - rows + 1)) is deep


def test_one_that_is_listed_late_is_news_still() -> None:
    payments = Payments()
    payments.news([row for row in listed(100) if row.funding_id != "80"])
    assert payments.deep_enough(listed(100))
    assert ids(payments.news(listed(100))) == [80]


def test_a_cache_that_misses_one_is_found_out() -> None:
    payments = Payments()
    payments.news(listed(300))
    assert not payments.lacks(map(str, range(101, 301)))
    assert payments.lacks(map(str, range(101, 300)))
    assert payments.lacks(())
    assert not Payments().lacks(("1",))


def test_what_is_remembered_is_bounded() -> None:
    payments = Payments()
    payments.news(listed(KNOWN_MAX + 10))
    assert ids(payments.news(listed(KNOWN_MAX + 10))) == list(range(1, 11))


def read(payments: Payments, newest: int) -> list[int]:
    """What a reading, page by page, finds to tell."""
    rows: list[Funding] = []
    while len(rows) < newest and not payments.deep_enough(rows):
        rows = listed(newest, max(1, newest - len(rows) - 99))
    return ids(payments.news(rows))


@pytest.mark.parametrize("seed", SEEDS)
def test_lives_that_end_anywhere_tell_all_in_order(seed: int) -> None:
    """A cache that holds the newest 200 and takes nothing twice; each life may end while it tells,
    and the venue goes on paying."""
    print("seed", seed)
    rng = random.Random(seed)
    taken: list[int] = []
    newest = rng.randrange(0, 150)
    for life in range(40):
        payments = Payments()
        payments.adopt(str(number) for number in taken[-200:])
        for _ in range(rng.randrange(1, 4)):
            told = read(payments, newest)
            dies = life < 39 and rng.random() < 0.5
            arrived = told[: rng.randrange(len(told) + 1)] if dies else told
            taken += [number for number in arrived if number not in taken]
            if dies:
                break
            assert set(taken) >= set(range(min(taken, default=newest + 1), newest + 1))
            newest += rng.randrange(0, 130)
        newest += rng.randrange(0, 130)
    assert len(taken) > 1_000
