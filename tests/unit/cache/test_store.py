"""What is news, what only confirms, and what the store holds afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from cache_links import (
    TOPIC,
    balance,
    delta,
    envelope,
    fill,
    order,
    payment,
    position,
    snapshot,
)

from actors.cache.accounts import (
    CLOSED_ORDERS_MAX,
    FILLS_MAX,
    FUNDINGS_MAX,
    IDS_MAX,
    KnownIds,
    same_content,
)
from actors.cache.store import FAULTS_MAX, ITEMS_MAX, Change, Store
from actors.errors import MalformedEnvelope
from actors.messages.control import (
    ChildStatus,
    Confirmed,
    ConnectionState,
    FaultReport,
    FaultsCleared,
    SourceState,
)
from actors.messages.market import (
    BookStatus,
    Candle,
    Instrument,
    InstrumentList,
    Ticker,
    Trade,
)

FILLS, ORDERS = "fills:extended:1", "orders:extended:1"
POSITIONS, ACCOUNT = "positions:extended:1", "account:extended:1"
FUNDINGS, SOURCE = "fundings:extended:1", "account:extended:1"


class Told:
    """A store that is fed in order."""

    def __init__(self) -> None:
        self.store = Store()

    def __call__(self, kind: str, topic: str, message: Any, **more: Any) -> Change | None:
        return self.store.apply(self.store.seq + 1, envelope(kind, topic, message, **more))


@pytest.fixture
def tell() -> Told:
    return Told()


def test_a_change_names_its_topic_source_and_predecessor(tell: Told) -> None:
    first = tell("fill", FILLS, fill("1"), number=9, sent_ns=77)
    tell("order", ORDERS, order("1", 1))
    second = tell("fill", FILLS, fill("2"))
    assert first is not None
    assert second is not None
    assert (first.seq, first.prev, first.topic, first.kind) == (1, 0, FILLS, "fill")
    assert (first.source, first.epoch, first.sent_ns) == ("account:extended:1", 1, 77)
    assert (second.seq, second.prev) == (3, 1)
    assert tell.store.last_seq(FILLS) == 3
    assert first.frame == pack_of(fill("1"))


def pack_of(message: Any) -> bytes:
    from actors.runtime.framing import pack

    return pack(envelope("fill", FILLS, message, number=9, sent_ns=77))


def test_a_fill_is_news_once(tell: Told) -> None:
    assert tell("fill", FILLS, fill("1"))
    assert tell("fill", FILLS, fill("1", via="polling"), number=2, epoch=2) is None
    assert [it.value.fill_id for it in tell.store.accounts["extended", "1"].fills] == ["1"]


def test_fills_are_bounded_and_forgotten_ones_stay_known(tell: Told) -> None:
    total = IDS_MAX + 300
    for at in range(total):
        assert tell("fill", FILLS, fill(str(10**18 + at)))
    account = tell.store.accounts["extended", "1"]
    assert len(account.fills) == FILLS_MAX
    assert account.fills[-1].value.fill_id == str(10**18 + total - 1)
    assert tell("fill", FILLS, fill(str(10**18))) is None
    assert tell("fill", FILLS, fill(str(10**18 + total - 5))) is None
    assert account.newest_fill_id() == str(10**18 + total - 1)


def test_ids_that_are_no_numbers_are_known_by_name() -> None:
    known = KnownIds()
    for at in range(IDS_MAX + 1):
        known.add(f"uuid-{at}")
    assert "uuid-0" not in known
    assert "uuid-1" in known
    assert known.floor == -1
    again = KnownIds()
    again.restore(known.names(), known.floor)
    assert again.names() == known.names()


@pytest.mark.parametrize(
    ("second", "news"),
    [
        (order("1", 6), True),
        (order("1", 5), False),
        (order("1", 5, filled_quantity="0.50"), False),
        (order("1", 5, "partially_filled", filled_quantity="0.6"), True),
        (order("1", 4, "filled", filled_quantity="1"), False),
        (order("1", 6, "canceled"), True),
        (order("2", 1), True),
    ],
)
def test_an_order_is_news_at_a_higher_version_or_more_filled(
    tell: Told, second: Any, news: bool
) -> None:
    assert tell("order", ORDERS, order("1", 5, "partially_filled", filled_quantity="0.5"))
    assert bool(tell("order", ORDERS, second)) is news


def test_an_order_that_ended_leaves_the_open_ones_and_does_not_come_back(tell: Told) -> None:
    tell("order", ORDERS, order("1", 1))
    assert tell("order", ORDERS, order("1", 3, "filled", filled_quantity="1"))
    account = tell.store.accounts["extended", "1"]
    assert account.orders == {}
    assert list(account.closed_orders) == ["1"]
    assert tell("order", ORDERS, order("1", 2)) is None
    for at in range(CLOSED_ORDERS_MAX):
        assert tell("order", ORDERS, order(f"n{at}", 100 + at, "canceled"))
    assert "1" not in account.closed_orders
    assert tell("order", ORDERS, order("1", 3, "filled", filled_quantity="1")) is None
    assert tell("order", ORDERS, order("resting", 2))
    assert account.order_version == 100 + CLOSED_ORDERS_MAX - 1


def test_a_position_is_news_when_its_content_changes_and_leaves_at_zero(tell: Told) -> None:
    assert tell("position", POSITIONS, position("0.0")) is None
    assert tell("position", POSITIONS, position("1"), sent_ns=1_000)
    again = position("1", received_ns=1_790_000_000_500_000_000, via="polling", venue_time_ns=5)
    assert tell("position", POSITIONS, again, sent_ns=2_000) is None
    held = tell.store.accounts["extended", "1"].positions["BTC-USD"]
    assert (held.confirmed_mono_ns, held.via) == (2_000, "polling")
    assert held.confirmed_ns == 1_790_000_000_500_000_000
    assert held.changed_ns == 1_790_000_000_000_000_000
    assert tell("position", POSITIONS, position("2"))
    closed = tell("position", POSITIONS, position("0"))
    assert closed is not None
    assert tell.store.accounts["extended", "1"].positions == {}
    assert tell("position", POSITIONS, position("0")) is None
    assert tell.store.last_seq(POSITIONS) == closed.seq


def test_account_figures_are_news_when_they_differ(tell: Told) -> None:
    assert tell("account_snapshot", ACCOUNT, balance("10"))
    assert tell("account_snapshot", ACCOUNT, balance("10", via="websocket")) is None
    assert tell("account_snapshot", ACCOUNT, balance("11"))


def test_funding_is_news_once(tell: Told) -> None:
    assert tell("funding", FUNDINGS, payment("5"))
    assert tell("funding", FUNDINGS, payment("5", received_ns=7)) is None
    assert tell("funding", FUNDINGS, payment("6"))
    told = [datum.value.funding_id for _, datum in tell.store.snapshot(FUNDINGS)]
    assert told == ["5", "6"]
    assert tell.store.snapshot(ACCOUNT) == []
    assert [topic for topic, _ in tell.store.everything()] == [FUNDINGS, FUNDINGS]


def test_of_funding_only_the_newest_are_held_but_older_ones_are_known(tell: Told) -> None:
    for at in range(FUNDINGS_MAX + 50):
        assert tell("funding", FUNDINGS, payment(str(at)))
    assert len(tell.store.snapshot(FUNDINGS)) == FUNDINGS_MAX
    assert tell("funding", FUNDINGS, payment("0")) is None


def test_a_payment_of_funding_does_not_grow_old(tell: Told) -> None:
    tell("source_state", SOURCE, SourceState(source=SOURCE, connected=True, at_mono_ns=1))
    lane = ConnectionState(
        actor=SOURCE, venue="extended", account="1", lane="rest", state="connected",
        stale_after_ms=1_000.0,
    )  # fmt: skip
    tell("connection_state", "connections", lane, source=SOURCE)
    tell("funding", FUNDINGS, payment("5"), source=SOURCE)
    tell("fill", FILLS, fill("1", via="polling"), source=SOURCE)
    [(_, paid)], [(_, filled)] = tell.store.snapshot(FUNDINGS), tell.store.snapshot(FILLS)
    later_ns = 10**12
    assert tell.store.freshness(FILLS, filled, later_ns).stale
    assert not tell.store.freshness(FUNDINGS, paid, later_ns).stale
    tell("source_state", SOURCE, SourceState(source=SOURCE, connected=False, at_mono_ns=2))
    assert tell.store.freshness(FUNDINGS, paid, later_ns).stale


@pytest.mark.parametrize(
    ("kind", "topic", "message"),
    [
        ("fill", "fills:extended:2", fill("1")),
        ("fill", "orders:extended:1", fill("1")),
        ("funding", ACCOUNT, payment("1")),
        ("position", POSITIONS, position("abc")),
        ("position", POSITIONS, position("NaN")),
        ("order", ORDERS, order("1", 1, filled_quantity="")),
        ("book_snapshot", "books:x", snapshot(1)),
        ("book_snapshot", TOPIC, snapshot(1, bids=(("x", "1"),))),
        ("fill", FILLS, position("1")),
        ("hello", FILLS, fill("1")),
        ("nothing", FILLS, fill("1")),
    ],
)
def test_what_is_not_as_agreed_is_refused_with_a_reason(
    tell: Told, kind: str, topic: str, message: Any
) -> None:
    with pytest.raises(MalformedEnvelope, match=r"expected|missing|body"):
        tell(kind, topic, message)
    assert tell.store.topics() == []


def test_a_book_follows_its_deltas(tell: Told) -> None:
    tell("book_snapshot", TOPIC, snapshot(1))
    assert tell("book_delta", TOPIC, delta(2, bids=(("84000", "0"),), asks=(("84001.0", "9"),)))
    book = tell.store.books[TOPIC]
    assert book.book.best_bid == ("83999", "1.5")
    assert book.book.best_ask == ("84001.0", "9")
    assert (book.sequence, book.verified) == (2, True)
    ((kind, datum),) = tell.store.snapshot(TOPIC)
    assert (kind, datum.value.sequence, datum.seq) == ("book_snapshot", 2, 2)
    assert datum.value.bids[0] == ("83999", "1.5")


def test_a_delta_that_does_not_follow_marks_the_book_until_its_next_snapshot(tell: Told) -> None:
    tell("book_snapshot", TOPIC, snapshot(1))
    assert tell("book_delta", TOPIC, delta(3)) is None
    book = tell.store.books[TOPIC]
    assert book.lost
    assert "missing" in book.reason
    whole = book.whole()
    assert whole is not None
    assert not whole.verified
    assert tell("book_snapshot", TOPIC, snapshot(4))
    assert book.verified
    assert tell("book_delta", TOPIC, delta(3)) is None
    assert book.verified


def test_a_delta_before_any_snapshot_changes_nothing(tell: Told) -> None:
    assert tell("book_delta", TOPIC, delta(0)) is None
    assert tell.store.snapshot(TOPIC) == []
    assert tell.store.books[TOPIC].reason == "no order book received yet"


def status(verified: bool, reason: str = "") -> BookStatus:
    return BookStatus(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        verified=verified,
        reason=reason,
        received_ns=5,
    )


def test_a_book_says_why_it_is_not_good(tell: Told) -> None:
    tell("book_snapshot", TOPIC, snapshot(1))
    tell("book_status", TOPIC, status(False, "gap"))
    book = tell.store.books[TOPIC]
    assert book.reason == "book not verified: gap"
    tell("book_status", TOPIC, status(True))
    assert book.status is not None
    assert book.verified
    tell("book_snapshot", TOPIC, snapshot(2, asks=(("83000", "1"),)))
    assert book.reason == "book crossed"
    tell("book_snapshot", TOPIC, snapshot(3, verified=False))
    assert book.reason == "book not verified"
    assert [kind for kind, _ in tell.store.snapshot(TOPIC)] == ["book_status", "book_snapshot"]


def test_other_kinds_hold_their_newest_and_are_bounded(tell: Told) -> None:
    def candle(start: int) -> Candle:
        return Candle(
            venue="x",
            product="linear",
            symbol="A",
            timeframe="1m",
            start_us=start,
            open="1",
            high="1",
            low="1",
            close="1",
            received_ns=1,
        )

    topic = "candles:x:linear:A:1m"
    for start in range(ITEMS_MAX + 5):
        assert tell("candle", topic, candle(start))
    assert tell("candle", topic, candle(ITEMS_MAX)) is None
    assert len(tell.store.latest[topic]) == ITEMS_MAX
    assert tell.store.snapshot(topic)[-1][1].value.start_us == ITEMS_MAX + 4
    ticker = Ticker(venue="x", product="linear", symbol="A", last="1", received_ns=1)
    assert tell("ticker", "ticker:x:linear:A", ticker)
    assert tell.store.latest["ticker:x:linear:A"]["ticker"].value == ticker


def test_service_kinds_are_found_where_the_contract_says(tell: Told) -> None:
    lane = ConnectionState(actor="a", venue="x", lane="rest", state="connected")
    child = ChildStatus(actor="a", kind="account", state="ready")
    item = Instrument(
        venue="x",
        product="linear",
        symbol="A",
        base="A",
        quote="USD",
        settle="USD",
        unified="A/USD:USD",
        tick_size="1",
        lot_size="1",
    )
    instruments = InstrumentList(venue="x", items=(item,), received_ns=1)
    assert tell("connection_state", "connections", lane)
    assert tell("child_status", "supervision", child)
    assert tell("instruments", "instruments:x", instruments)
    again = InstrumentList(venue="x", items=(item,), received_ns=9)
    assert tell("instruments", "instruments:x", again) is None
    source = SourceState(source="a", connected=True)
    assert tell("source_state", "a", source, source="cache") is None
    assert tell.store.connections["a", "rest"].value == lane
    assert tell.store.children == {"a": child}
    assert tell.store.instruments == {"x": instruments}
    assert tell.store.sources == {"a": source}
    assert set(tell.store.topics()) == {"connections", "supervision", "instruments:x"}


def test_faults_are_a_bounded_list(tell: Told) -> None:
    for at in range(FAULTS_MAX + 3):
        assert tell(
            "fault_report", "errors", FaultReport(actor="a", kind="K", message="m", at_ns=at)
        )
    assert len(tell.store.faults) == FAULTS_MAX
    assert tell.store.faults[-1].at_ns == FAULTS_MAX + 2
    assert len(tell.store.snapshot("errors")) == FAULTS_MAX


def test_a_clearing_drops_what_was_told_before_it(tell: Told) -> None:
    def fault(at_ns: int) -> FaultReport:
        return FaultReport(actor="a", kind="K", message="m", at_ns=at_ns)

    tell("fault_report", "errors", fault(900))
    assert tell("faults_cleared", "errors", FaultsCleared(800))
    assert not tell.store.faults
    assert tell.store.faults_cleared == FaultsCleared(800)
    # Whatever the wall clock says meanwhile: what is told later stays.
    tell("fault_report", "errors", fault(100))
    assert [fault.at_ns for fault in tell.store.faults] == [100]
    assert [kind for kind, _ in tell.store.snapshot("errors")] == ["faults_cleared", "fault_report"]


def test_the_journal_state_is_the_caches_own_word(tell: Told) -> None:
    assert tell.store.journal == "ok"
    bad = SourceState(source="cache", connected=True, reason="journal failed: no space")
    tell("source_state", "cache", bad, source="cache")
    assert tell.store.journal == "failed"


def test_sequence_zero_only_confirms(tell: Told) -> None:
    tell("position", POSITIONS, position("1"), sent_ns=1)
    tell("book_snapshot", TOPIC, snapshot(1))
    apply = tell.store.apply
    assert apply(0, envelope("position", POSITIONS, position("1"), sent_ns=9)) is None
    held = tell.store.accounts["extended", "1"].positions["BTC-USD"]
    assert held.confirmed_mono_ns == 9
    for kind, topic, message in (
        ("position", POSITIONS, position("2")),
        ("fill", FILLS, fill("1")),
        ("order", ORDERS, order("1", 1)),
        ("account_snapshot", ACCOUNT, balance("1")),
        ("book_snapshot", TOPIC, snapshot(9)),
        ("book_delta", TOPIC, delta(2)),
        ("book_status", TOPIC, status(False)),
        ("fault_report", "errors", FaultReport(actor="a", kind="K", message="m", at_ns=1)),
        ("child_status", "supervision", ChildStatus(actor="a", kind="web", state="ready")),
    ):
        assert apply(0, envelope(kind, topic, message)) is None
    assert tell.store.seq == 2
    assert tell.store.books[TOPIC].sequence == 1
    assert held.value.quantity == "1"
    assert tell.store.children == {}


def test_an_older_word_does_not_make_a_datum_older(tell: Told) -> None:
    tell("position", POSITIONS, position("1"), sent_ns=50)
    tell("position", POSITIONS, position("1"), sent_ns=40)
    held = tell.store.accounts["extended", "1"].positions["BTC-USD"]
    assert held.confirmed_mono_ns == 50
    tell("confirmed", POSITIONS, Confirmed(via="polling", received_ns=3), sent_ns=60)
    tell("confirmed", POSITIONS, Confirmed(via="polling", received_ns=2), sent_ns=55)
    assert tell.store.confirmations[POSITIONS].confirmed_mono_ns == 60


def test_same_content_is_of_one_type() -> None:
    trade = Trade(
        venue="x",
        product="linear",
        symbol="A",
        trade_id="1",
        side="buy",
        price="1",
        quantity="1",
        received_ns=1,
    )
    assert not same_content(trade, fill("1"))
    lane = ConnectionState(actor="a", venue="x", lane="rest", state="connected")
    assert same_content(lane, lane)
    assert not same_content(
        lane, ConnectionState(actor="a", venue="x", lane="rest", state="backoff")
    )


def test_snapshots_of_account_topics_are_sections(tell: Told) -> None:
    tell("fill", FILLS, fill("1"))
    tell("order", ORDERS, order("1", 1))
    tell("order", ORDERS, order("2", 1, "filled"))
    tell("position", POSITIONS, position("1"))
    tell("account_snapshot", ACCOUNT, balance("1"))
    found = {
        topic: [kind for kind, _ in tell.store.snapshot(topic)] for topic in tell.store.topics()
    }
    assert found == {
        FILLS: ["fill"],
        ORDERS: ["order"],
        POSITIONS: ["position"],
        ACCOUNT: ["account_snapshot"],
    }
    assert tell.store.snapshot("fills:nowhere:1") == []
    assert tell.store.snapshot("fills") == []
    assert tell.store.snapshot("ticker:none") == []
