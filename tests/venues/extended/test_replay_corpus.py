"""Every recorded stream message of Extended as a capture: what `replay` makes of it, or finds.

Each file of the corpus stands under READ with what must come out, or under NO_FRAMES.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from actors.replay import Replay
from actors.venues.extended.venue import EXTENDED

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS", ROOT / ".." / "shared" / "venues")).resolve()
MESSAGES = CORPUS / "extended" / "messages"
CANDLES = "/candles/BTC-USD/trades?interval=PT1M"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages in {MESSAGES}: set VENUE_CORPUS"
    ),
]

# What comes out, by kind; what is found, by kind; whether a book broke.
READ: dict[str, tuple[dict[str, int], dict[str, int], bool]] = {
    "rpc2-candle-session-sdktest.jsonl": ({"candle": 1}, {}, False),
    "rpc2-funding-rate-BTC-captured2026.json": ({"funding_rate": 1}, {}, False),
    "rpc2-index-price-BTC-captured2026.json": ({"mark_price": 1}, {}, False),
    "rpc2-mark-price-BTC-captured2026.json": ({"mark_price": 1}, {}, False),
    "rpc2-orderbook-delta-BTC-captured2026.json": ({}, {}, False),
    "rpc2-orderbook-snapshot-BTC-bids-excerpt-captured2026.json": ({}, {"malformed": 1}, False),
    "rpc2-responses-captured2026.json": ({}, {}, False),
    "rpc2-trades-replay-BTC-captured2026.json": ({"trade": 50}, {}, False),
    "ws1-account-balance-doc.json": ({"account_snapshot": 1}, {}, False),
    "ws1-account-balance-spot-ccxt.json": (
        {"account_snapshot": 1, "asset_balances": 1}, {}, False,
    ),
    "ws1-account-order-doc.json": ({"order": 1}, {}, False),
    "ws1-account-position-doc.json": ({"position": 1}, {}, False),
    "ws1-account-trade-doc.json": ({"fill": 1}, {}, False),
    "ws1-account-trade-sdktest.json": ({"fill": 1}, {}, False),
    "ws1-account-unknown-type-sdktest.json": ({}, {}, False),
    "ws1-candle-sdktest.json": ({"candle": 1}, {}, False),
    # The second repeats the first one's number: an old frame.
    "ws1-candles-doc.jsonl": ({"candle": 1}, {}, False),
    "ws1-funding-doc.json": ({"funding_rate": 1}, {}, False),
    "ws1-mark-index-price-doc.jsonl": ({"mark_price": 2}, {}, False),
    "ws1-mark-price-captured2026.jsonl": ({"mark_price": 1}, {}, False),
    # Cut by its source: the level that the delta changes is not in the snapshot.
    "ws1-orderbook-BTC-captured2026.jsonl": ({"book_snapshot": 1}, {"mismatch": 1}, True),
    "ws1-orderbook-NVDA-sequence-captured2026.jsonl": ({"book_snapshot": 2}, {"gap": 1}, True),
    "ws1-orderbook-depth1-captured2026.jsonl": ({"ticker": 1}, {}, False),
    "ws1-orderbook-rfq-empty-captured2026.json": ({"book_snapshot": 1}, {}, False),
    "ws1-orderbook-snapshot-doc.json": ({"book_snapshot": 1}, {}, False),
    "ws1-orderbook-snapshot-sdktest.json": ({}, {"crossed": 1}, True),
    "ws1-publicTrades-captured2026.jsonl": ({"trade": 2}, {}, False),
    "ws1-publicTrades-doc.json": ({"trade": 1}, {}, False),
}  # fmt: skip
NO_FRAMES = ("rest-", "rpc2-requests-sdk", "INDEX")


def documents(path: Path) -> list[object]:
    """One of a `.json`, one a line of a `.jsonl`; one file is a list of wrapped lines."""
    text = path.read_text()
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def line(document: object) -> dict[str, object]:
    if isinstance(document, dict) and "dir" in document:
        return {"t": 1_790_600_000.25, **document}
    return {"t": 1_790_600_000.25, "dir": "recv", "raw": json.dumps(document)}


def test_every_file_is_decided() -> None:
    names = {path.name for path in MESSAGES.iterdir()}
    undecided = {name for name in names if not name.startswith(NO_FRAMES)} - READ.keys()
    assert undecided == set()


@pytest.mark.parametrize("name", READ)
def test_a_recorded_file(name: str) -> None:
    kinds, findings, broken = READ[name]
    out, told = io.BytesIO(), io.StringIO()
    stream = CANDLES if name.startswith("ws1-candle") else ""
    run = Replay(EXTENDED.capture("linear", stream=stream), "", out, told)
    for document in documents(MESSAGES / name):
        run.line(json.dumps(line(document)).encode())
    run.summary()
    messages = [json.loads(each) for each in out.getvalue().splitlines()]
    assert Counter(message["kind"] for message in messages) == kinds, told.getvalue()
    found = [each.split(": ") for each in told.getvalue().splitlines() if each[:5] == "line "]
    assert Counter(next(part for part in each[1:] if "/" not in part) for each in found) == findings
    assert run.broken is broken
    received = {m["received_us"] for m in messages}
    assert received <= {1_790_600_000_250_000}
