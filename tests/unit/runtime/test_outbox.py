"""What waits in an outbox, what wins, and what it may cost."""

from __future__ import annotations

import sys

import pytest
from cache_links import TOPIC, balance, delta, fill, position, snapshot

from actors.errors import OutboxFull
from actors.messages.control import ConnectionState, FaultReport
from actors.messages.envelope import Envelope
from actors.messages.market import BookSnapshot, Trade
from actors.runtime.clock import FakeClock
from actors.runtime.framing import unpack
from actors.runtime.outbox import (
    BOOK_DELTAS_MAX,
    EVENTS_BYTES_MAX,
    EVENTS_MAX,
    EVENTS_SLACK,
    QUEUED_MAX,
    STATES_MAX,
    Outbox,
)

FILLS = "fills:extended:1"


def outbox(linked: bool = True) -> Outbox:
    box = Outbox("account:extended:1", 4, FakeClock())
    if linked:
        box.link_up(0)
    return box


def taken(box: Outbox, bytes_max: int = 1 << 30) -> list[Envelope]:
    return [unpack(frame) for frame in box.take(bytes_max)]


def kinds(box: Outbox) -> list[str]:
    return [envelope.kind for envelope in taken(box)]


def lane(state: str, name: str = "rest") -> ConnectionState:
    return ConnectionState(actor="account:extended:1", venue="extended", lane=name, state=state)


def trade(number: int) -> Trade:
    return Trade(
        venue="x",
        product="linear",
        symbol="A",
        trade_id=str(number),
        side="buy",
        price="1",
        quantity="1",
        received_ns=1,
    )


def test_events_wait_for_their_ack_and_come_again_with_the_same_number() -> None:
    box = outbox()
    numbers = [box.put("fill", FILLS, fill(str(at))) for at in range(3)]
    first = taken(box)
    assert [it.seq for it in first] == numbers == [1, 2, 3]
    assert (first[0].source, first[0].epoch, first[0].key) == ("account:extended:1", 4, FILLS)
    assert taken(box) == []
    box.acknowledge(1)
    box.link_down()
    assert taken(box) == []
    box.link_up(acknowledged=2)
    assert taken(box) == first[2:]
    assert box.unacknowledged == 1


def test_events_put_while_the_link_is_down_go_out_in_order() -> None:
    box = outbox(linked=False)
    for at in range(5):
        box.put("fill", FILLS, fill(str(at)))
    assert taken(box) == []
    box.link_up(0)
    box.put("fill", FILLS, fill("5"))
    assert [it.seq for it in taken(box)] == [1, 2, 3, 4, 5, 6]


def test_full_at_the_limit_and_room_again_after_the_ack() -> None:
    box = outbox()
    rooms: list[int] = []
    box.on_room = lambda: rooms.append(box.unacknowledged)
    while not box.full:
        number = box.put("position", "positions:extended:1", position("1"))
    assert number <= EVENTS_MAX
    for _ in range(EVENTS_MAX + EVENTS_SLACK - number):
        box.put("fill", FILLS, fill("1"))
    with pytest.raises(OutboxFull, match="not acknowledged"):
        box.put("fill", FILLS, fill("1"))
    assert box.put("confirmed", FILLS, confirmed()) > 0
    box.acknowledge(EVENTS_SLACK + 2)
    assert rooms == [EVENTS_MAX - 2]
    assert not box.full


def confirmed() -> object:
    from actors.messages.control import Confirmed

    return Confirmed(via="polling", received_ns=1)


def test_full_by_bytes_before_the_count() -> None:
    box = outbox()
    big = balance("1", settle="S" * 100_000)
    count = 0
    while not box.full:
        box.put("account_snapshot", "account:extended:1", big)
        count += 1
    assert count == EVENTS_BYTES_MAX // 100_000 + 1


def test_state_is_conflated_by_kind_topic_and_key() -> None:
    box = outbox()
    box.put("connection_state", "connections", lane("connecting"), key="rest")
    box.put("connection_state", "connections", lane("connected", "websocket"), key="websocket")
    box.put("connection_state", "connections", lane("connected"), key="rest")
    assert box.pending == 2
    got = taken(box)
    assert len(got) == 2
    assert [it.seq for it in got] == [3, 2]


def test_state_survives_a_link_that_is_down() -> None:
    box = outbox(linked=False)
    box.put("connection_state", "connections", lane("backoff"), key="rest")
    box.link_up(0)
    assert kinds(box) == ["connection_state"]


def test_states_and_queues_are_bounded() -> None:
    box = outbox(linked=False)
    for at in range(STATES_MAX + 10):
        box.put("connection_state", "connections", lane("connected"), key=str(at))
    for at in range(QUEUED_MAX + 10):
        box.put("trade", "trades:x:linear:A", trade(at))
    assert box.pending == STATES_MAX + QUEUED_MAX
    assert box.dropped == 20


def test_trades_and_faults_are_not_conflated() -> None:
    box = outbox()
    for at in range(3):
        box.put("trade", "trades:x:linear:A", trade(at))
        box.put("fault_report", "errors", FaultReport(actor="a", kind="K", message="m", at_ns=at))
    assert sorted(kinds(box)) == ["fault_report"] * 3 + ["trade"] * 3


def test_deltas_flow_in_order_while_the_link_keeps_up() -> None:
    box = outbox()
    box.put("book_snapshot", TOPIC, snapshot(1))
    box.put("book_delta", TOPIC, delta(2))
    assert kinds(box) == ["book_snapshot", "book_delta"]
    box.put("book_delta", TOPIC, delta(3))
    box.put("book_delta", TOPIC, delta(4))
    assert kinds(box) == ["book_delta", "book_delta"]


def source(box: Outbox, sequence: list[int]) -> None:
    def whole() -> BookSnapshot | None:
        return snapshot(sequence[0]) if sequence[0] else None

    box.book_source(TOPIC, whole)


def test_deltas_that_wait_too_long_become_one_snapshot() -> None:
    box = outbox()
    sequence = [1]
    source(box, sequence)
    taken(box)
    for sequence[0] in range(2, BOOK_DELTAS_MAX + 50):
        box.put("book_delta", TOPIC, delta(sequence[0]))
    assert kinds(box) == ["book_snapshot"]
    box.put("book_delta", TOPIC, delta(sequence[0] + 1))
    assert kinds(box) == ["book_delta"]


def test_a_delta_that_the_snapshot_holds_is_not_sent_after_it() -> None:
    box = outbox()
    source(box, [5])
    box.put("book_delta", TOPIC, delta(4))
    assert kinds(box) == ["book_snapshot"]
    box.put("book_delta", TOPIC, delta(5))
    box.put("book_delta", TOPIC, delta(6))
    assert [unpack_sequence(it) for it in taken(box)] == [6]


def unpack_sequence(envelope: Envelope) -> int:
    import msgspec

    sequence: int = msgspec.msgpack.decode(envelope.body)["sequence"]
    return sequence


def test_a_gap_in_the_deltas_becomes_a_snapshot() -> None:
    box = outbox()
    source(box, [9])
    box.put("book_snapshot", TOPIC, snapshot(1))
    taken(box)
    box.put("book_delta", TOPIC, delta(9))
    assert kinds(box) == ["book_snapshot"]


def test_after_a_reconnect_the_book_comes_as_a_snapshot_even_when_quiet() -> None:
    box = outbox()
    sequence = [3]
    source(box, sequence)
    taken(box)
    box.link_down()
    box.put("book_delta", TOPIC, delta(4))
    sequence[0] = 4
    box.link_up(0)
    assert kinds(box) == ["book_snapshot"]


def test_no_snapshot_while_the_actor_has_no_verified_book() -> None:
    box = outbox()
    sequence = [0]
    source(box, sequence)
    box.put("book_delta", TOPIC, delta(4))
    assert kinds(box) == []
    box.put("book_snapshot", TOPIC, snapshot(7))
    box.put("book_delta", TOPIC, delta(8))
    assert kinds(box) == ["book_snapshot", "book_delta"]


def test_the_cache_may_ask_for_a_book_again() -> None:
    box = outbox()
    source(box, [3])
    taken(box)
    box.resync(TOPIC)
    box.resync("orderbook:unknown")
    assert kinds(box) == ["book_snapshot"]


def test_take_stays_near_its_bound_and_leaves_the_rest() -> None:
    box = outbox()
    for at in range(100):
        box.put("fill", FILLS, fill(str(at)))
    size = len(box.take(1)[0])
    assert len(box.take(10 * size)) in {10, 11}
    assert box.pending == 100 - 1 - len(range(10)) or box.pending > 85


@pytest.mark.parametrize(("kind", "message"), [("fill", position("1")), ("nonsense", fill("1"))])
def test_a_message_that_is_not_its_kind_is_refused(kind: str, message: object) -> None:
    with pytest.raises(TypeError, match="expected"):
        outbox().put(kind, FILLS, message)  # type: ignore[arg-type]


def test_a_stalled_cache_costs_a_sender_at_most_8_mb() -> None:
    """Everything that an account and a book can pile up, by the size of what is held."""
    box = outbox()
    source(box, [1])
    box.put("book_snapshot", TOPIC, snapshot(1, levels=500))
    for at in range(2, BOOK_DELTAS_MAX):
        box.put("book_delta", TOPIC, delta(at))
    number = 0
    while not box.full:
        number += 1
        box.put("fill", FILLS, fill(str(10**18 + number)))
    for at in range(QUEUED_MAX):
        box.put("trade", "trades:x:linear:A", trade(at))
    held = sum(
        sys.getsizeof(frame) + sys.getsizeof(entry) + sys.getsizeof(seq)
        for entry in box._events
        for seq, frame in [entry]
    )
    held += 2 * 8 * len(box._events)
    held += sum(map(sys.getsizeof, box._queued))
    held += sum(sys.getsizeof(frame) for book in box._books.values() for frame in book.frames)
    assert held <= 8_000_000
