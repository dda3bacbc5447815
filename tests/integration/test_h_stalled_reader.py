"""(h), first half: a cache reader that stalls for 20 s at full flow costs its senders ≤ 8 MB.

Real processes: one cache, three senders of 800 order book deltas and 50 fills a second each. The
readers are replicas in the test's process; one of them stops reading its socket for 20 s of
wall-clock time.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from bus_processes import listening, private_bytes, start_cache, start_sender
from cache_links import Web, until

STALL_S = 20.0
COST_BYTES_MAX = 8_000_000
SYMBOLS = ("A-USD", "B-USD", "C-USD")
DELTAS_A_SECOND = 800
RING_BYTES = 6 * 1024 * 1024
"""So small that its markets' share is full (and costs no more) before the stall begins, so large
that the account events of the stall fit: the reader must get each of them."""


def costs(processes: list[subprocess.Popen[str]]) -> dict[int, int]:
    return {process.pid: private_bytes(process.pid) for process in processes}


async def end(senders: list[subprocess.Popen[str]]) -> dict[str, tuple[int, int]]:
    """The last sequence and count of fills of each symbol, by the senders' own word."""
    told = {}
    for symbol, process in zip(SYMBOLS, senders, strict=True):
        process.terminate()
        output, _ = await asyncio.to_thread(process.communicate, timeout=15)
        word, sequence, fills, *_ = output.split()
        assert word == "end"
        told[symbol] = (int(sequence), int(fills))
    return told


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_h_a_stalled_reader_costs_its_senders_little(tmp_path: Path) -> None:
    path = tmp_path / "cache.sock"
    owned = listening(path)
    processes: list[subprocess.Popen[str]] = []
    webs: list[Web] = []
    try:
        cache = await asyncio.to_thread(start_cache, owned, tmp_path, RING_BYTES)
        processes.append(cache)
        senders = [start_sender(path, symbol, DELTAS_A_SECOND) for symbol in SYMBOLS]
        processes += senders
        stalled, healthy = Web(str(path), "web:1"), Web(str(path), "web:2")
        webs += [stalled, healthy]
        for web in webs:
            # The test only needs counts: keeping every change would be its own memory.
            web.changes = []
            web.replica._listeners.clear()
        await stalled.replica.wait_filled()
        resets: list[int] = []
        stalled.replica.on_stream_reset(lambda: resets.append(1))
        await until(lambda: len(healthy.replica.store.books) == 3, 20)
        await until(lambda: healthy.replica.store.seq > 15_000, 30)
        before = costs(processes)
        seq_before = healthy.replica.store.seq
        stream = stalled.replica._stream
        assert stream is not None
        assert stream._transport is not None
        transport = stream._transport
        transport.pause_reading()
        loop = asyncio.get_running_loop()
        started = loop.time()
        peak = 0
        longest_ms = 0.0
        while loop.time() - started < STALL_S:
            await asyncio.sleep(0.25)
            now = costs(processes)
            peak = max(peak, sum(max(0, now[pid] - before[pid]) for pid in before))
            longest_ms = max(longest_ms, healthy.replica.cache_age_ms or 0.0)
        flowed = healthy.replica.store.seq - seq_before
        print(f"{flowed} changes in {STALL_S} s, cost {peak} bytes, silence {longest_ms:.0f} ms")
        assert stalled.replica.store.seq <= seq_before + flowed // 2
        assert flowed > STALL_S * DELTAS_A_SECOND
        assert peak <= COST_BYTES_MAX
        assert longest_ms < 1_500
        transport.resume_reading()
        ended = await end(senders)
        for web in webs:
            store = web.replica.store
            for symbol, (sequence, fills) in ended.items():
                topic = f"orderbook:extended:linear:{symbol}"
                await until(lambda s=store, t=topic, n=sequence: s.books[t].sequence == n)
                account = store.accounts["extended", symbol]
                await until(lambda a=account, n=fills: a.fills[-1].value.fill_id == str(n))
        for symbol in SYMBOLS:
            topic = f"orderbook:extended:linear:{symbol}"
            one, other = (web.replica.store.books[topic].book for web in webs)
            assert (one.bids(), one.asks()) == (other.bids(), other.asks())
        assert (resets, stalled.replica.resyncs) == ([], 0)
    finally:
        for web in webs:
            await web.close()
        for process in processes:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        owned.close()
