"""Consumer CPU per 420-byte book from 8 writers: the bus, multiprocessing's Queue and its Pipe."""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.connection
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from report import Row, Section, publish

from actors.messages.envelope import Envelope
from actors.messages.market import BookSnapshot
from actors.runtime.framing import FrameReader, encode_body, pack

WRITERS = 8
MESSAGES_PER_WRITER = 15_000
FRAME_BYTES = 420
FRAMES_JOINED = 10
ROUNDS = 3


def book_frame() -> bytes:
    """One packed book of exactly FRAME_BYTES; the last size's digits make up the length."""
    for digits in range(1, FRAME_BYTES):
        frame = _book_frame("1" * digits)
        if len(frame) == FRAME_BYTES:
            return frame
    raise SystemExit(f"no book of {FRAME_BYTES} bytes")


def _book_frame(last_size: str) -> bytes:
    levels = tuple((f"{84_000 + i}.5", f"{i}.12345") for i in range(6))
    book = BookSnapshot(
        venue="extended",
        product="linear",
        symbol="BTC-USD",
        bids=levels,
        asks=(*levels, ("84010", last_size)),
        sequence=12345,
        received_ns=1_790_000_000_000_000_000,
    )
    topic = "orderbook:extended:linear:BTC-USD"
    return pack(Envelope(1, "book_snapshot", topic, 1, 1, 1, topic, encode_body(book)))


def queue_writer(queue: Any, frame: bytes) -> None:
    for _ in range(MESSAGES_PER_WRITER):
        queue.put(frame)
    queue.close()
    queue.join_thread()


def pipe_writer(pipe: Any, frame: bytes) -> None:
    for _ in range(MESSAGES_PER_WRITER):
        pipe.send_bytes(frame)
    pipe.close()


def bus_writer(path: str, frame: bytes, joined: int) -> None:
    """`joined` frames a write: a link writes what one turn of its loop brought at once."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(path)
        for _ in range(MESSAGES_PER_WRITER // joined):
            connection.sendall(b"".join([frame] * joined))


def measure_queue(frame: bytes) -> float:
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue(10_000)
    writers = [context.Process(target=queue_writer, args=(queue, frame)) for _ in range(WRITERS)]
    start_all(writers)
    queue.get()
    started = time.process_time()
    for _ in range(WRITERS * MESSAGES_PER_WRITER - 1):
        queue.get()
    spent = time.process_time() - started
    join_all(writers)
    return spent


def measure_pipe(frame: bytes) -> float:
    context = multiprocessing.get_context("spawn")
    pairs = [context.Pipe(False) for _ in range(WRITERS)]
    writers = [context.Process(target=pipe_writer, args=(end, frame)) for _, end in pairs]
    start_all(writers)
    for _, end in pairs:
        end.close()
    readers: list[Any] = [reader for reader, _ in pairs]
    readers[0].recv_bytes()
    started = time.process_time()
    while readers:
        for reader in multiprocessing.connection.wait(readers):
            try:
                reader.recv_bytes()  # type: ignore[union-attr]
            except EOFError:
                readers.remove(reader)
    spent = time.process_time() - started
    join_all(writers)
    return spent


class Consumer(asyncio.Protocol):
    """The receiving half of a bus link: parse, check, count."""

    def __init__(self, counted: Callable[[int], None]) -> None:
        self._reader = FrameReader()
        self._counted = counted

    def data_received(self, data: bytes) -> None:
        count = 0
        for _envelope, _frame in self._reader.feed(data):
            count += 1
        self._counted(count)


async def _consume(path: str, frame: bytes, joined: int) -> float:
    loop = asyncio.get_running_loop()
    expected = WRITERS * MESSAGES_PER_WRITER
    done = asyncio.Event()
    received = 0
    started = 0.0

    def counted(count: int) -> None:
        nonlocal received, started
        if not received:
            started = time.process_time()
        received += count
        if received >= expected:
            done.set()

    server = await loop.create_unix_server(lambda: Consumer(counted), path, backlog=WRITERS * 2)
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=bus_writer, args=(path, frame, joined)) for _ in range(WRITERS)
    ]
    start_all(writers)
    await done.wait()
    spent = time.process_time() - started
    await loop.run_in_executor(None, join_all, writers)
    server.close()
    return spent


def measure_bus(frame: bytes, joined: int = 1) -> float:
    import uvloop

    with TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as run:
        return run.run(_consume(str(Path(folder) / "bus"), frame, joined))


def start_all(writers: list[Any]) -> None:
    for writer in writers:
        writer.start()


def join_all(writers: list[Any]) -> None:
    for writer in writers:
        writer.join()


def best(measure: Callable[[bytes], float], frame: bytes) -> float:
    """Least CPU of some rounds, in µs a message: noise only ever adds."""
    spent = min(measure(frame) for _ in range(ROUNDS))
    return spent / (WRITERS * MESSAGES_PER_WRITER) * 1e6


def main() -> None:
    frame = book_frame()
    single = best(measure_bus, frame)
    joined = best(partial(measure_bus, joined=FRAMES_JOINED), frame)
    queue = best(measure_queue, frame)
    pipe = best(measure_pipe, frame)
    one = f"consumer CPU a {len(frame)}-byte book, {WRITERS} writers, a write each"
    many = f"the same, {FRAMES_JOINED} of a turn joined in one write, as links do"
    publish(
        Section(
            "bus",
            "Bus",
            f"{WRITERS} writer processes send {MESSAGES_PER_WRITER} frames each as fast as they "
            "can; the consumer's own CPU time, parse and check included for the bus (the peers "
            f"only hand over the bytes); best of {ROUNDS}.",
            (
                Row(one, single, "µs", "multiprocessing.Queue", queue, 1 / 5),
                Row(one, single, "µs", "multiprocessing.Pipe", pipe, 1 / 2),
                Row(many, joined, "µs", "multiprocessing.Queue", queue, 1 / 5),
                Row(many, joined, "µs", "multiprocessing.Pipe", pipe, 1 / 2),
            ),
        )
    )


if __name__ == "__main__":
    main()
