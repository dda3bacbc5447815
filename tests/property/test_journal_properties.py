"""The journal under random batches, cuts, garbage and crashes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cache_links import envelope, fill
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.cache.chronicle import Chronicle
from actors.cache.journal import Journal, read_segment, segment_paths
from actors.runtime.clock import FakeClock
from actors.runtime.framing import pack

bodies = st.lists(st.lists(st.binary(min_size=1, max_size=80), max_size=5), max_size=8)
SOURCE, FILLS = "account:extended:1", "fills:extended:1"


@given(bodies, st.integers(0, 10_000), st.binary(max_size=60))
@settings(deadline=None)
def test_a_torn_tail_never_costs_more_than_the_tail(
    batches: list[list[bytes]], cut: int, garbage: bytes
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), 1 << 20)
        assert journal.begin_segment([b"start"], 0)
        for batch in batches:
            for body in batch:
                journal.add(body)
            assert journal.flush(0)
        journal.close()
        (path,) = segment_paths(Path(folder))
        data = path.read_bytes()
        whole = read_segment(path)
        assert whole.records == [b"start", *(body for batch in batches for body in batch)]
        path.write_bytes(data[: cut % (len(data) + 1)] + garbage)
        torn = read_segment(path)
        assert torn.records == whole.records[: len(torn.records)]
        again = Journal(Path(folder), 1 << 20)
        again.continue_after(torn)
        again.add(b"next")
        if again.flush(0):
            assert read_segment(path).records == [*torn.records, b"next"]
        again.close()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=10),
    st.lists(st.integers(0, 400), min_size=1, max_size=10),
    st.integers(2_000, 20_000),
)
@settings(deadline=None, max_examples=60)
def test_crashes_anywhere_lose_and_double_nothing(
    batches: list[int], cuts: list[int], segment_bytes: int
) -> None:
    """After each batch the process dies; the last write may be torn if nobody was told of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = FakeClock()
        sent: list[bytes] = []
        highest = 0
        for at, count in enumerate(batches):
            chronicle = Chronicle(folder, clock, journal_bytes=segment_bytes * 4)
            chronicle.recover()
            assert chronicle.store.seq >= highest
            kept = chronicle.greet(SOURCE, 1, "box")
            assert kept <= len(sent)
            events = [
                envelope("fill", FILLS, fill(str(number)), source=SOURCE, number=number)
                for number in range(kept + 1, len(sent) + count + 1)
            ]
            for event in events:
                assert chronicle.take(event, pack(event)) is not None
            sent = [b""] * (len(sent) + count)
            paths = segment_paths(folder)
            before = (paths[-1], paths[-1].stat().st_size)
            assert chronicle.commit()
            told = cuts[at % len(cuts)] % 2 == 0
            highest = chronicle.store.seq if told else highest
            chronicle.close()
            if not told and segment_paths(folder)[-1] == before[0]:
                size = before[0].stat().st_size
                torn = before[1] + cuts[at % len(cuts)] % max(1, size - before[1])
                with before[0].open("r+b") as file:
                    file.truncate(torn)
        final = Chronicle(folder, clock, journal_bytes=segment_bytes * 4)
        final.recover()
        kept = final.greet(SOURCE, 1, "box")
        for number in range(kept + 1, len(sent) + 1):
            event = envelope("fill", FILLS, fill(str(number)), source=SOURCE, number=number)
            assert final.take(event, pack(event)) is not None
        assert final.commit()
        assert final.damages == []
        changes = [it for it in final.ring.after(0) if it.topic == FILLS]
        assert [it.number for it in changes] == list(range(1, len(sent) + 1))
        assert [it.prev for it in changes] == [0, *(it.seq for it in changes[:-1])]
        final.close()
