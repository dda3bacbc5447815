"""Random change streams: what is held, resumed and refilled equals the truth."""

from __future__ import annotations

from typing import Any

from cache_links import TOPIC, delta, envelope, fill, order, position, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.cache.datum import Change
from actors.cache.filling import Filling, encode_heads
from actors.cache.ring import Ring
from actors.cache.store import Store
from actors.messages.account import OPEN_STATUSES
from actors.messages.envelope import VERSION, Envelope
from actors.runtime.framing import encode_body

FILLS, ORDERS, POSITIONS = "fills:extended:1", "orders:extended:1", "positions:extended:1"

fills = st.integers(0, 30).map(lambda at: ("fill", FILLS, fill(str(at))))
orders = st.builds(
    lambda at, version, status: ("order", ORDERS, order(str(at), version, status)),
    st.integers(0, 6),
    st.integers(0, 12),
    st.sampled_from(["open", "partially_filled", "filled", "canceled"]),
)
positions = st.builds(
    lambda name, quantity: ("position", POSITIONS, position(quantity, name)),
    st.sampled_from("ABC"),
    st.sampled_from(["0", "1", "1.0", "2"]),
)
books = st.builds(
    lambda sequence, whole: (
        ("book_snapshot", TOPIC, snapshot(sequence, levels=3))
        if whole
        else ("book_delta", TOPIC, delta(sequence, levels=1))
    ),
    st.integers(0, 12),
    st.booleans(),
)
streams = st.lists(fills | orders | positions | books, max_size=120)


def run(stream: list[Any], store: Store, ring: Ring | None = None) -> list[Change]:
    changes = []
    for kind, topic, message in stream:
        change = store.apply(store.seq + 1, envelope(kind, topic, message))
        if change is not None:
            changes.append(change)
            if ring is not None:
                ring.append(change)
    return changes


def picture(store: Store) -> Any:
    return {
        topic: [(kind, datum.seq, datum.value) for kind, datum in store.snapshot(topic)]
        for topic in store.topics()
    }


@given(streams)
def test_account_state_equals_a_simple_model(stream: list[Any]) -> None:
    store = Store()
    run(stream, store)
    held: dict[str, str] = {}
    newest: dict[str, tuple[int, str]] = {}
    seen: list[str] = []
    for kind, _, message in stream:
        if kind == "fill" and message.fill_id not in seen:
            seen.append(message.fill_id)
        elif kind == "position":
            held[message.position_id] = message.quantity
        elif kind == "order":
            before = newest.get(message.order_id, (-1, ""))
            if message.version > before[0]:
                newest[message.order_id] = (message.version, message.status)
    account = store.accounts.get(("extended", "1"))
    if account is None:
        assert not any((seen, held, newest))
        return
    assert [it.value.fill_id for it in account.fills] == seen
    assert {k: it.value.quantity for k, it in account.positions.items()} == {
        k: quantity for k, quantity in held.items() if float(quantity)
    }
    assert {k: it.value.version for k, it in account.orders.items()} == {
        k: version for k, (version, status) in newest.items() if status in OPEN_STATUSES
    }


@given(streams)
def test_changes_are_numbered_in_order_and_chained_by_topic(stream: list[Any]) -> None:
    changes = run(stream, Store())
    assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
    last: dict[str, int] = {}
    for change in changes:
        assert change.prev == last.get(change.topic, 0)
        last[change.topic] = change.seq


@given(streams)
def test_what_a_reader_is_told_builds_the_same_state(stream: list[Any]) -> None:
    """News under the numbers given, all else under 0."""
    store, replica = Store(), Store()
    for kind, topic, message in stream:
        told = envelope(kind, topic, message)
        change = store.apply(store.seq + 1, told)
        if change is None:
            assert replica.apply(0, told) is None
        else:
            assert replica.apply(change.seq, unwrapped(change), change.prev) == change
    assert picture(replica) == picture(store)
    assert replica.seq == store.seq


@given(streams, st.integers(0, 130), st.integers(4, 40))
@settings(max_examples=200)
def test_resuming_gives_every_later_change_once_or_says_no(
    stream: list[Any], since: int, ring_count: int
) -> None:
    store, ring = Store(), Ring(count_max=ring_count)
    changes = run(stream, store, ring)
    for topic in store.topics():
        later = [it for it in changes if it.topic == topic and it.seq > since]
        got = [it for it in ring.after(since) if it.topic == topic]
        if ring.complete_after(topic) <= since:
            assert got == later
        elif topic != TOPIC:
            assert got != later or ring.complete_after(topic) > since


@given(streams, st.integers(0, 120), st.integers(4, 60))
@settings(max_examples=200)
def test_a_filling_equals_the_cache_and_tells_what_was_missed(
    stream: list[Any], cut: int, ring_count: int
) -> None:
    cache, ring, replica = Store(), Ring(count_max=ring_count), Store()
    for change in run(stream[:cut], cache, ring):
        replica.apply(change.seq, unwrapped(change), change.prev)
    later = run(stream[cut:], cache, ring)
    heads = {topic: cache.last_seq(topic) for topic in cache.topics()}
    begin = Envelope(VERSION, "state_begin", "cache", 1, 0, 0, "", encode_heads(heads))
    filling = Filling(Store(), Ring(), begin)
    for topic, datum in sorted(cache.everything(), key=lambda item: item[1].seq):
        filling.take(datum.seq, envelope_of(topic, datum))
    for change in ring.after(0):
        filling.ring.append(change)
    missed = filling.missed_by(replica)
    filling.finish(replica)
    replica.become(filling.store)
    assert picture(replica) == picture(cache)
    account_later = [change for change in later if change.topic != TOPIC]
    if missed is None:
        assert ring.account.floor > 0
    else:
        assert [change for change in missed if change.topic != TOPIC] == account_later
        assert [it.seq for it in missed] == sorted({it.seq for it in missed})
    for topic, head in heads.items():
        assert filling.ring.complete_after(topic) <= head


def unwrapped(change: Change) -> Envelope:
    return Envelope(
        VERSION,
        change.kind,
        change.source,
        change.epoch,
        change.number,
        change.sent_ns,
        change.topic,
        change.body,
    )


def envelope_of(topic: str, datum: Any) -> Envelope:
    from actors.cache.datum import KIND_OF

    return Envelope(
        VERSION,
        KIND_OF[type(datum.value)],
        datum.source,
        datum.epoch,
        0,
        datum.confirmed_mono_ns,
        topic,
        encode_body(datum.value),
    )
