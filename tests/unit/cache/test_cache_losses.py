"""What a cache may lose (its disk, its journal, its life) without anyone being told wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cache_links import Cache, Source, Web, envelope, fill, order, until

from actors.cache import chronicle as chronicle_module
from actors.cache import journal as journal_module
from actors.cache.chronicle import Chronicle, older
from actors.cache.journal import BACKLOG_BYTES_MAX, BACKLOG_RECORDS_MAX, read_segment, segment_paths
from actors.runtime.clock import FakeClock
from actors.runtime.framing import pack
from actors.runtime.outbox import EVENTS_BYTES_MAX, EVENTS_MAX

ACTOR = "account:extended:1"
FILLS, ORDERS = "fills:extended:1", "orders:extended:1"


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    started = Cache(tmp_path)
    await started.start()
    yield started
    await started.close()


@pytest.fixture
async def account(cache: Cache) -> AsyncIterator[Source]:
    source = Source(cache.path, ACTOR)
    await until(lambda: source.link.connected)
    yield source
    await source.close()


@pytest.fixture
async def web(cache: Cache) -> AsyncIterator[Web]:
    reader = Web(cache.path)
    await reader.replica.wait_filled()
    yield reader
    await reader.close()


def break_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:3]))


def opened(folder: Path) -> Chronicle:
    chronicle = Chronicle(folder, FakeClock(), journal_bytes=1 << 26)
    chronicle.recover()
    return chronicle


def take(chronicle: Chronicle, number: int, outbox: str = "box") -> None:
    chronicle.greet(ACTOR, 1, outbox)
    event = envelope("fill", FILLS, fill(str(number)), source=ACTOR, number=number)
    assert chronicle.take(event, pack(event))


def test_a_disk_that_stays_full_never_fills_one_sources_outbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert BACKLOG_BYTES_MAX < EVENTS_BYTES_MAX
    assert BACKLOG_RECORDS_MAX < EVENTS_MAX
    chronicle = opened(tmp_path)
    break_disk(monkeypatch)
    for number in range(1, EVENTS_MAX):
        take(chronicle, number)
        if chronicle.commit():
            break
    assert BACKLOG_RECORDS_MAX <= number < EVENTS_MAX


def test_a_reconnect_acknowledges_nothing_that_is_not_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chronicle = opened(tmp_path)
    take(chronicle, 1)
    assert chronicle.commit()
    break_disk(monkeypatch)
    take(chronicle, 2)
    # Within the turn that took it, as well as while the disk refuses it.
    assert chronicle.greet(ACTOR, 1, "box") == 1
    assert not chronicle.commit()
    take(chronicle, 3)
    assert chronicle.greet(ACTOR, 1, "box") == 1
    monkeypatch.undo()
    chronicle._clock.advance(2)  # type: ignore[attr-defined]
    assert chronicle.commit()
    assert chronicle.greet(ACTOR, 1, "box") == 3
    take(chronicle, 4)
    assert chronicle.greet(ACTOR, 1, "another life") == 0


async def test_a_source_that_reconnects_under_a_failed_disk_tells_again_after_the_crash(
    cache: Cache, account: Source, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_disk(monkeypatch)
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: web.of("fills"))
    assert account.link._stream is not None
    account.link._stream.close()
    await until(lambda: account.link.connects == 2)
    assert account.outbox.unacknowledged == 1
    await cache.kill()
    monkeypatch.undo()
    await cache.start()
    await until(lambda: not account.outbox.unacknowledged)
    assert len(cache.chronicle.store.accounts["extended", "1"].fills) == 1


async def test_what_a_cache_served_but_could_not_write_is_not_shown_twice(
    cache: Cache, account: Source, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: not account.outbox.unacknowledged)
    break_disk(monkeypatch)
    account.outbox.put("fill", FILLS, fill("2"))
    account.outbox.put("order", ORDERS, order("o", 5))
    await until(lambda: len(web.of("fills")) == 2 and web.of("orders"))
    resets = web.resets
    await cache.kill()
    monkeypatch.undo()
    await cache.start()
    await until(lambda: not account.outbox.unacknowledged and web.replica.connected)
    account.outbox.put("fill", FILLS, fill("3"))
    await until(lambda: len(web.replica.store.accounts["extended", "1"].fills) == 3)
    fills = web.replica.store.accounts["extended", "1"].fills
    assert [it.value.fill_id for it in fills] == ["1", "2", "3"]
    told = [change.body for change in web.of("fills")]
    assert len(told) == len(set(told))
    # Its clients are told that numbers began anew, by a snapshot.
    assert web.resets > resets


async def test_a_journal_deleted_under_a_living_cache_is_begun_anew(
    cache: Cache, account: Source
) -> None:
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: not account.outbox.unacknowledged)
    stream_id = cache.chronicle.stream_id
    shutil.rmtree(cache.directory)
    await until(lambda: segment_paths(cache.directory))
    account.outbox.put("fill", FILLS, fill("2"))
    await until(lambda: not account.outbox.unacknowledged)
    await cache.kill()
    await cache.start()
    assert cache.chronicle.stream_id == stream_id
    fills = cache.chronicle.store.accounts["extended", "1"].fills
    assert [it.value.fill_id for it in fills] == ["1", "2"]


def test_files_that_only_look_like_segments_are_left_alone(tmp_path: Path) -> None:
    chronicle = opened(tmp_path)
    take(chronicle, 1)
    assert chronicle.commit()
    chronicle.close()
    for name in ("events-backup.journal", "events-copy-1.journal", "events-.journal"):
        (tmp_path / name).write_bytes(b"not ours")
    again = opened(tmp_path)
    assert again.damages == []
    assert again.store.seq > 0
    assert again.store.accounts["extended", "1"].fills


@pytest.mark.parametrize("newest", [False, True])
def test_a_segment_that_cannot_be_read_costs_what_only_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest: bool
) -> None:
    chronicle = opened(tmp_path)
    take(chronicle, 1)
    assert chronicle.commit()
    assert chronicle._rotate(0)
    take(chronicle, 2)
    assert chronicle.commit()
    chronicle.close()
    bad = segment_paths(tmp_path)[-1 if newest else 0]

    def read(path: Path) -> journal_module.Segment:
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return read_segment(path)

    monkeypatch.setattr(chronicle_module, "read_segment", read)
    again = opened(tmp_path)
    held = [it.value.fill_id for it in again.store.accounts["extended", "1"].fills]
    assert held == (["1"] if newest else ["1", "2"])
    assert any(bad.name in damage for damage in again.damages)
    # Numbers of the segment that is gone must not come again under the same name.
    assert (again.stream_id == chronicle.stream_id) is not newest
    take(again, 3)
    assert again.commit()
    assert older(tmp_path, 0, [FILLS])


def test_older_tells_nothing_from_before_a_hole(tmp_path: Path) -> None:
    chronicle = opened(tmp_path)
    for number in (1, 2, 3):
        take(chronicle, number)
        assert chronicle.commit()
        assert chronicle._rotate(0)
    told = older(tmp_path, 0, [FILLS, ORDERS])
    assert len(told) == 3
    segment_paths(tmp_path)[1].unlink()
    rest = older(tmp_path, 0, [FILLS])
    assert [change.seq for change in rest] == [told[2].seq]
    assert rest[0].prev == told[1].seq


async def test_older_answers_although_a_segment_is_not_readable(
    cache: Cache, account: Source, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.outbox.put("fill", FILLS, fill("1"))
    await until(lambda: web.of("fills"))

    def read(path: Path) -> journal_module.Segment:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(chronicle_module, "read_segment", read)
    async with asyncio.timeout(2):
        assert await web.replica.older(0, [FILLS]) == []
    assert web.replica.connected
