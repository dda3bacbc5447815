"""Our book session over a file of frames: µs a frame, and what each of its stages takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ingest_frames import MARKET
from ingest_stopwatch import read, timed

from actors.venues.extended import wire
from actors.venues.extended.book_session import BookSession
from actors.venues.orderbook import OrderBook

NOW_NS = 1_785_778_403_000_000_000


def stages(frames: list[str]) -> dict[str, float]:
    """Decoding alone, and the book alone; what is left is the proof and the message."""
    import msgspec

    decode = msgspec.json.Decoder(wire.BookFrame).decode
    decoded = timed(decode, frames)["delta_us"]
    book = OrderBook()
    levels = {
        frame: (
            [(row.p, row.c or row.q) for row in data.b],
            [(row.p, row.c or row.q) for row in data.a],
        )
        for frame in frames
        if (data := decode(frame).data) is not None
    }

    def apply(frame: str) -> None:
        bids, asks = levels[frame]
        if len(bids) + len(asks) > 1_000:
            book.replace(bids, asks)
        else:
            book.apply(bids, asks)

    return {"decode_us": decoded, "apply_us": timed(apply, frames)["delta_us"]}


def main() -> None:
    frames = read(sys.argv[1])
    session = BookSession("ws://127.0.0.1", MARKET)
    session.connected(NOW_NS)
    figures = timed(lambda frame: session.receive(frame, NOW_NS), frames)
    status = session.status(NOW_NS)
    if not status.verified or status.mismatches or status.updates + status.snapshots != len(frames):
        raise SystemExit(f"the book broke: {status}")
    best = (session.book.best_bid, session.book.best_ask, len(session.book))
    print(json.dumps({**figures, **stages(frames), "best": best}), flush=True)


if __name__ == "__main__":
    main()
