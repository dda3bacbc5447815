"""What the cache knows after its death: the same state, numbers above all, every event once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cache_links import TOPIC, balance, envelope, fill, order, payment, position, snapshot

from actors.cache import chronicle as chronicle_module
from actors.cache.accounts import FILLS_MAX, FUNDINGS_MAX
from actors.cache.chronicle import BLOCK, Chronicle, older
from actors.cache.greeting import source_welcome
from actors.cache.journal import RETRY_NS, segment_paths
from actors.cache.store import Store
from actors.messages.envelope import Envelope
from actors.runtime.clock import FakeClock
from actors.runtime.framing import pack

SOURCE = "account:extended:1"
FILLS, ORDERS, POSITIONS = "fills:extended:1", "orders:extended:1", "positions:extended:1"
FUNDINGS = "fundings:extended:1"


class Told:
    """A chronicle with one account source that numbers its events."""

    def __init__(self, folder: Path, journal_bytes: int = 1 << 26, **bounds: Any) -> None:
        self.clock = FakeClock()
        self.folder = folder
        self.bounds = {"journal_bytes": journal_bytes, **bounds}
        self.number = 0
        self.sent: list[Envelope] = []
        self.open()

    def open(self) -> None:
        self.chronicle = Chronicle(self.folder, self.clock, **self.bounds)  # type: ignore[arg-type]
        self.chronicle.recover()
        self.acknowledged = self.chronicle.greet(SOURCE, 1, "box")

    def __call__(self, kind: str, topic: str, message: Any) -> Any:
        self.number += 1
        told = envelope(kind, topic, message, source=SOURCE, number=self.number)
        self.sent.append(told)
        return self.send(told)

    def send(self, told: Envelope) -> Any:
        if self.chronicle.keeps(told):
            return None
        return self.chronicle.take(told, pack(told))

    def crash(self) -> None:
        self.chronicle.close()
        self.open()


def picture(store: Store) -> Any:
    """Everything of the accounts that replay must bring back."""
    return {
        key: (
            {name: (it.seq, it.value) for name, it in account.positions.items()},
            {name: (it.seq, it.value) for name, it in account.orders.items()},
            [(name, it.seq, it.value) for name, it in account.closed_orders.items()],
            [(it.seq, it.value) for it in account.fills],
            account.snapshot and (account.snapshot.seq, account.snapshot.value),
            (account.order_version, account.closed_floor, account.source),
            (account.fill_ids.names(), account.fill_ids.floor),
        )
        for key, account in store.accounts.items()
    }


def heads(store: Store) -> dict[str, int]:
    return {topic: store.last_seq(topic) for topic in store.topics() if topic != TOPIC}


def random_event(rng: random.Random, step: int) -> tuple[str, str, Any]:
    kind = rng.choice(["fill", "order", "position", "account_snapshot"])
    if kind == "fill":
        return kind, FILLS, fill(str(10**18 + rng.randrange(step + 1)))
    if kind == "order":
        status = rng.choice(["open", "partially_filled", "filled", "canceled"])
        return kind, ORDERS, order(str(rng.randrange(400)), rng.randrange(step + 1), status)
    if kind == "position":
        return kind, POSITIONS, position(str(rng.randrange(3)), rng.choice("ABC"))
    return kind, SOURCE, balance(str(rng.randrange(4)))


@pytest.mark.parametrize("journal_bytes", [1 << 26, 200_000])
def test_replay_equals_live(tmp_path: Path, journal_bytes: int) -> None:
    seed = 20_260
    print("seed", seed)
    rng = random.Random(seed)
    told = Told(tmp_path, journal_bytes)
    for step in range(3_000):
        told(*random_event(rng, step))
        if not step % 7:
            assert told.chronicle.commit()
    assert told.chronicle.commit()
    live = told.chronicle
    told.crash()
    replayed = told.chronicle
    assert replayed.damages == []
    assert picture(replayed.store) == picture(live.store)
    assert heads(replayed.store) == heads(live.store)
    assert replayed.cursors == live.cursors
    assert replayed.stream_id == live.stream_id
    assert list(replayed.ring.after(0)) == list(live.ring.after(0))
    assert told.acknowledged == told.number
    if journal_bytes < 1 << 20:
        assert len(segment_paths(tmp_path)) > 3


def test_a_crash_at_every_byte_of_the_last_batch_loses_nothing_that_was_acknowledged(
    tmp_path: Path,
) -> None:
    told = Told(tmp_path / "live")
    for at in range(3):
        told("fill", FILLS, fill(str(at)))
    assert told.chronicle.commit()
    (path,) = segment_paths(tmp_path / "live")
    before = path.stat().st_size
    for at in range(3, 5):
        told("fill", FILLS, fill(str(at)))
    assert told.chronicle.commit()
    told.chronicle.close()
    data = path.read_bytes()
    for cut in range(before, len(data) + 1):
        folder = tmp_path / f"cut{cut}"
        folder.mkdir()
        (folder / path.name).write_bytes(data[:cut])
        again = Told(folder)
        assert again.chronicle.damages == []
        assert again.acknowledged >= 3
        # The source sends again what it has no acknowledgement for.
        for event in told.sent[3:]:
            again.send(event)
        assert again.chronicle.commit()
        again.chronicle.close()
        final = Chronicle(folder, FakeClock(), journal_bytes=1 << 20)
        final.recover()
        fills = final.store.accounts["extended", "1"].fills
        assert [it.value.fill_id for it in fills] == ["0", "1", "2", "3", "4"]
        chain = [change for change in final.ring.after(0) if change.topic == FILLS]
        assert [it.prev for it in chain] == [0, *(it.seq for it in chain[:-1])]
        final.close()


def test_numbers_continue_above_every_number_ever_given(tmp_path: Path) -> None:
    told = Told(tmp_path)
    highest = 0
    for _ in range(4):
        told("fill", FILLS, fill(str(highest)))
        assert told.chronicle.commit()
        # Market changes use numbers that no record names.
        for at in range(50):
            quote = envelope("book_snapshot", TOPIC, snapshot(at), source=TOPIC)
            change = told.chronicle.take(quote, pack(quote))
            assert change is not None
            assert change.seq > highest
            highest = change.seq
        told.crash()
        assert told.chronicle.store.seq >= highest


def test_a_block_that_runs_out_is_followed_by_the_next_before_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle_module, "BLOCK", 10)
    told = Told(tmp_path)
    for at in range(95):
        told("fill", FILLS, fill(str(at)))
        assert told.chronicle.commit()
        assert told.chronicle._block_end >= told.chronicle.store.seq
    told.crash()
    assert told.chronicle.store.seq >= 95


def test_a_to_b_to_a_comes_once_although_sent_again(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for quantity in ("1", "2", "1"):
        assert told("position", POSITIONS, position(quantity))
    assert told.chronicle.commit()
    told.crash()
    assert [told.send(event) for event in told.sent] == [None, None, None]
    assert told("position", POSITIONS, position("5"))


def test_a_new_incarnation_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told("fill", FILLS, fill("1"))
    assert told.chronicle.commit()
    told.crash()
    assert told.chronicle.greet(SOURCE, 1, "box") == 1
    assert told.chronicle.greet(SOURCE, 1, "another box") == 0
    again = envelope("fill", FILLS, fill("2"), source=SOURCE, number=1)
    assert not told.chronicle.keeps(again)
    assert told.chronicle.take(again, pack(again))
    same = envelope("fill", FILLS, fill("1"), source=SOURCE, number=2)
    assert told.chronicle.take(same, pack(same)) is None


def test_the_welcome_names_cursors_and_what_is_held(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for at in range(FILLS_MAX + 5):
        told("fill", FILLS, fill(str(100 + at)))
    told("order", ORDERS, order("7", 31))
    told("order", ORDERS, order("8", 44, "filled"))
    told("position", POSITIONS, position("1"))
    told.chronicle.commit()
    told.crash()
    welcome = source_welcome(told.chronicle.store, "s", SOURCE, 3)
    assert welcome.acknowledged == 3
    assert welcome.cursors == {FILLS: str(100 + FILLS_MAX + 4), ORDERS: "44"}
    assert welcome.held == {ORDERS: ("7",), POSITIONS: ("BTC-USD",)}
    assert len(welcome.fills[FILLS]) == FILLS_MAX
    assert welcome.fills[FILLS][-1] == str(100 + FILLS_MAX + 4)
    assert welcome.fundings == {FUNDINGS: ()}
    assert source_welcome(told.chronicle.store, "s", "account:extended:2", 0).held == {}


def test_payments_are_known_by_their_ids_after_a_death(tmp_path: Path) -> None:
    told = Told(tmp_path, journal_bytes=40_000)
    count = FUNDINGS_MAX + 30
    for at in range(count):
        assert told("funding", FUNDINGS, payment(str(100 + at)))
        told.chronicle.commit()
    assert len(segment_paths(tmp_path)) > 1, "else no checkpoint is read"
    told.crash()
    store = told.chronicle.store
    welcome = source_welcome(store, "s", SOURCE, 0)
    assert welcome.fundings == {
        FUNDINGS: tuple(str(100 + at) for at in range(count - FUNDINGS_MAX, count))
    }
    last = store.last_seq(FUNDINGS)
    for at in (0, 29, 30, count - 1):
        assert told("funding", FUNDINGS, payment(str(100 + at))) is None
    change = told("funding", FUNDINGS, payment(str(100 + count)))
    assert change is not None
    assert change.prev == last


def test_a_payment_whose_word_was_lost_with_the_cache_is_news_again(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told("funding", FUNDINGS, payment("1"))
    told.chronicle.commit()
    told("funding", FUNDINGS, payment("2"))
    told.crash()
    assert source_welcome(told.chronicle.store, "s", SOURCE, 0).fundings == {FUNDINGS: ("1",)}
    assert told.send(told.sent[0]) is None
    assert told.send(told.sent[1]) is not None


def test_damage_in_an_older_segment_is_reported_and_the_state_is_whole(tmp_path: Path) -> None:
    told = Told(tmp_path, journal_bytes=40_000)
    for at in range(400):
        told("fill", FILLS, fill(str(at)))
        told.chronicle.commit()
    live = told.chronicle
    paths = segment_paths(tmp_path)
    broken = bytearray(paths[-2].read_bytes())
    broken[-200] ^= 1
    paths[-2].write_bytes(bytes(broken))
    told.crash()
    assert told.chronicle.damages
    assert paths[-2].name in told.chronicle.damages[0]
    assert picture(told.chronicle.store) == picture(live.store)
    assert told.chronicle.ring.complete_after(FILLS) > 0


def test_a_torn_tail_is_legal_only_in_the_newest_segment(tmp_path: Path) -> None:
    told = Told(tmp_path, journal_bytes=40_000)
    for at in range(200):
        told("fill", FILLS, fill(str(at)))
        told.chronicle.commit()
    paths = segment_paths(tmp_path)
    for path in (paths[-1], paths[-2]):
        path.write_bytes(path.read_bytes()[:-3])
    told.crash()
    assert len([it for it in told.chronicle.damages if "no records" in it]) == 1
    assert paths[-2].name in told.chronicle.damages[0]


def test_without_a_journal_everything_is_new_and_goes_on(tmp_path: Path) -> None:
    told = Told(tmp_path)
    stream_id = told.chronicle.stream_id
    told("fill", FILLS, fill("1"))
    told.chronicle.commit()
    told.chronicle.close()
    for path in segment_paths(tmp_path):
        path.unlink()
    told.open()
    assert told.chronicle.stream_id != stream_id
    assert told.chronicle.store.accounts == {}


def test_while_it_cannot_be_written_events_are_served_and_not_acknowledged(
    tmp_path: Path,
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    told = Told(blocked / "journal")
    assert told.chronicle.journal.failure
    assert told("fill", FILLS, fill("1"))
    assert not told.chronicle.commit()
    assert told.chronicle.store.accounts["extended", "1"].fills
    blocked.unlink()
    told.clock.advance(RETRY_NS / 1e9)
    assert told.chronicle.commit()
    assert not told.chronicle.journal.failure
    told.crash()
    assert [it.value.fill_id for it in told.chronicle.store.accounts["extended", "1"].fills] == [
        "1"
    ]


def test_numbers_that_a_reader_saw_never_come_again(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.chronicle.continue_above(5_000_000)
    change = told("fill", FILLS, fill("1"))
    assert change.seq == 5_000_001
    told.chronicle.commit()
    told.crash()
    assert told.chronicle.store.seq >= 5_000_001 + BLOCK - 1
    told.chronicle.continue_above(3)
    assert told.chronicle.store.seq >= 5_000_001


def test_older_reads_further_back_than_the_ring(tmp_path: Path) -> None:
    told = Told(tmp_path, ring_count=40)
    for at in range(300):
        told("fill", FILLS, fill(str(at)))
        told("position", POSITIONS, position(str(1 + at)))
    told.chronicle.commit()
    assert told.chronicle.ring.complete_after(FILLS) > 500
    found = older(tmp_path, 100, [FILLS])
    assert [it.topic for it in found] == [FILLS] * 250
    assert found[0].prev <= 100
    assert [it.prev for it in found[1:]] == [it.seq for it in found[:-1]]
    assert msgspec.msgpack.decode(found[-1].body)["fill_id"] == "299"


def test_old_segments_are_unlinked_once_below_the_ring(tmp_path: Path) -> None:
    told = Told(tmp_path, journal_bytes=20_000, ring_count=100)
    for at in range(2_000):
        told("fill", FILLS, fill(str(at)))
        told.chronicle.commit()
    assert len(segment_paths(tmp_path)) <= 6
    live = told.chronicle
    told.crash()
    assert told.chronicle.damages == []
    assert list(told.chronicle.ring.after(0)) == list(live.ring.after(0))


def test_times_of_an_earlier_boot_are_older_than_all(tmp_path: Path) -> None:
    told = Told(tmp_path)
    late = envelope("position", POSITIONS, position("1"), source=SOURCE, sent_ns=10**18)
    told.chronicle.take(late, pack(late))
    told.chronicle.commit()
    told.crash()
    held = told.chronicle.store.accounts["extended", "1"].positions["BTC-USD"]
    assert held.confirmed_mono_ns == 0
