"""What the ring holds, and from where on it vouches for each topic."""

from __future__ import annotations

from actors.cache.datum import Change
from actors.cache.ring import ACCOUNT_SHARE, CHANGE_BYTES, Ring

FILLS, BOOK = "fills:x:1", "orderbook:x:linear:A"


def change(seq: int, prev: int, topic: str = FILLS, size: int = 10) -> Change:
    return Change(seq, prev, topic, "fill", "a", 1, 0, bytes(size), seq)


def test_changes_come_back_in_order_over_both_lanes() -> None:
    ring = Ring()
    last = {FILLS: 0, BOOK: 0}
    for seq in range(1, 20):
        topic = FILLS if seq % 3 else BOOK
        ring.append(change(seq, last[topic], topic))
        last[topic] = seq
    assert [it.seq for it in ring.after(0)] == list(range(1, 20))
    assert [it.seq for it in ring.after(15)] == [16, 17, 18, 19]
    assert list(ring.after(19)) == []
    assert (FILLS in ring, "none" in ring, len(ring)) == (True, False, 19)


def test_a_flood_of_market_data_leaves_account_changes_alone() -> None:
    ring = Ring(count_max=100)
    ring.append(change(1, 0))
    for seq in range(2, 1_000):
        ring.append(change(seq, seq - 1 if seq > 2 else 0, BOOK))
    assert ring.complete_after(FILLS) == 0
    assert ring.account.floor == 0
    assert len(ring) == 76
    assert ring.complete_after(BOOK) == ring.market.floor == 999 - 75
    assert ring.market.newest == 999


def test_bounded_by_bytes() -> None:
    ring = Ring(bytes_max=40_000)
    for seq in range(1, 1_000):
        ring.append(change(seq, seq - 1, size=750))
    assert len(ring) == int(40_000 * ACCOUNT_SHARE) // (750 + CHANGE_BYTES)
    assert ring.complete_after(FILLS) == 999 - len(ring)


def test_long_life_does_not_let_the_list_grow() -> None:
    ring = Ring(count_max=40)
    for seq in range(1, 20_000):
        ring.append(change(seq, seq - 1))
    assert len(ring.account._changes) < 3_000
    assert [it.seq for it in ring.after(19_995)] == [19_996, 19_997, 19_998, 19_999]


def test_a_hole_in_a_topic_is_known() -> None:
    ring = Ring()
    ring.append(change(1, 0))
    ring.append(change(2, 1))
    ring.append(change(9, 7))
    assert ring.complete_after(FILLS) == 7


def test_a_market_topic_vouches_for_nothing_before_its_first_change() -> None:
    ring = Ring()
    ring.append(change(5, 0, BOOK))
    assert ring.complete_after(BOOK) == 5
    ring.append(change(6, 5, BOOK))
    assert ring.complete_after(BOOK) == 5
    ring.append(change(20, 0, BOOK))
    assert ring.complete_after(BOOK) == 20


def test_an_account_topic_vouches_from_its_first_change_ever() -> None:
    ring = Ring()
    ring.append(change(5, 0))
    assert ring.complete_after(FILLS) == 0
    later = Ring()
    later.append(change(50, 30))
    assert later.complete_after(FILLS) == 30


def test_heads_of_topics_that_are_not_held() -> None:
    ring = Ring()
    ring.set_head(FILLS, 12)
    assert ring.complete_after(FILLS) == 12
    ring.append(change(15, 12))
    assert ring.complete_after(FILLS) == 12
    ring.set_head(FILLS, 15)
    assert ring.complete_after(FILLS) == 12
    ring.set_head(FILLS, 40)
    assert ring.complete_after(FILLS) == 40
