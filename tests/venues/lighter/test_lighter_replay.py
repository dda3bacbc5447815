"""`broadcaster replay` of Lighter's captures: many channels, accounts too, on one connection."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from lighter_frames import (
    CONNECTED,
    MS,
    PING,
    STATS,
    candle_row,
    candles,
    refusal,
    snapshot,
    stats,
    text,
    top,
    trade_row,
    trades,
    unsubscribed,
    update,
)

from actors.errors import UsageFault
from actors.replay import Replay
from actors.venues.lighter.venue import LIGHTER

ROOT = Path(__file__).resolve().parents[3]
BIDS = [("2300.00", "1.5000")]
ASKS = [("2300.50", "0.5000")]


def recv(frame: str, **more: Any) -> bytes:
    line = {"t": MS / 1e3, "dir": "recv", "raw": frame} | more
    return json.dumps(line).encode() + b"\n"


class Told:
    def __init__(self, frames: Iterable[str], symbol: str = "", stream: str = "") -> None:
        out, findings = io.BytesIO(), io.StringIO()
        run = Replay(LIGHTER.capture("linear", symbol, stream), symbol, out, findings)
        for frame in frames:
            run.line(recv(frame))
        run.summary()
        self.broken = run.broken
        self.messages = [json.loads(line) for line in out.getvalue().splitlines()]
        self.text = findings.getvalue()
        self.findings = [line for line in self.text.splitlines() if line.startswith("line ")]

    @property
    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.messages]


SESSION = [
    CONNECTED,
    snapshot(BIDS, ASKS),
    trades("subscribed", [trade_row(8), trade_row(7)]),
    candles("subscribed", candle_row(MS)),
    stats("subscribed", STATS),
    PING,
    top("subscribed", "2300.00", "2300.50"),
    update([("2300.00", "2.0000")], [], 117, begin=100),
    snapshot([], [], nonce=0, market=2048),
    candles("update", candle_row(MS), candle_row(MS + 60_000)),
]


def test_each_frame_finds_its_stream_by_its_channel() -> None:
    told = Told(SESSION)
    assert told.kinds == [
        "book_snapshot", "trade", "trade", "candle", "ticker", "book_delta", "book_snapshot",
        "candle", "candle",
    ]  # fmt: skip
    assert [message["symbol"] for message in told.messages] == ["0"] * 6 + ["2048", "0", "0"]
    assert told.messages[6]["product"] == "spot"
    assert (told.findings, told.broken) == ([], False)
    assert "order_book/0: 2 frames, 2 messages; the book ends verified, with 2 levels" in told.text
    assert "ticker/0: 2 frames, 1 messages" in told.text


def test_a_gap_is_found_and_healed_by_the_next_snapshot() -> None:
    told = Told(
        [
            *SESSION[:2],
            update([], [], 120, begin=119),
            update([], [], 121, begin=120),
            unsubscribed("order_book:0"),
            snapshot(BIDS, ASKS, nonce=130),
            update([], [], 131, begin=130),
        ]
    )
    assert told.kinds == ["book_snapshot", "book_snapshot", "book_delta"]
    assert told.findings == [
        "line 3: order_book/0: gap: SequenceGap: sequence: expected 100, found 119"
    ]
    assert told.broken
    assert "the book ends verified" in told.text


def test_many_gaps_are_each_found_and_no_replay_gives_up() -> None:
    frames = [CONNECTED]
    for round_number in range(10):
        nonce = 1_000 * (round_number + 1)
        frames += [snapshot(BIDS, ASKS, nonce=nonce), update([], [], nonce + 9, begin=nonce + 5)]
    assert len(Told(frames).findings) == 10


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (update([("2301.00", "1")], [], 101, begin=100), "crossed: CrossedBook: book crossed"),
        (update([("2299.00", "-1")], [], 101, begin=100), "mismatch: BookMismatch: bids 2299.00"),
        (snapshot([("2301.00", "1")], ASKS), "crossed: CrossedBook"),
    ],
)
def test_a_broken_book_is_named_with_its_line(frame: str, kind: str) -> None:
    told = Told([*SESSION[:2], frame])
    [finding] = told.findings
    assert finding.startswith(f"line 3: order_book/0: {kind}")
    assert told.broken


def test_a_new_connection_is_told_by_its_greeting() -> None:
    frames = [
        *SESSION[:2],
        CONNECTED,
        update([], [], 300, begin=200),
        snapshot(BIDS, [], nonce=301),
    ]
    told = Told(frames)
    assert told.kinds == ["book_snapshot", "book_snapshot"]
    assert told.findings == []


def test_a_capture_may_begin_in_the_midst_of_a_connection() -> None:
    told = Told([trades("update", [trade_row(7)]), update(BIDS, [], 101, begin=100)])
    assert told.kinds == ["trade"]
    assert "order_book/0: 1 frames; the book ends without proof (no snapshot yet)" in told.text


def test_one_market_may_be_chosen_by_its_number() -> None:
    told = Told(SESSION, symbol="2048")
    assert [message["symbol"] for message in told.messages] == ["2048"]
    with pytest.raises(UsageFault, match="expected a market's number"):
        LIGHTER.capture("linear", "ETH")


def test_an_account_is_read_with_its_markets_by_number() -> None:
    order = {
        "order_index": 2**48 + 9, "order_id": str(2**48 + 9), "client_order_index": 0,
        "market_index": 3, "is_ask": True, "side": "", "price": "10.50",
        "initial_base_amount": "2.00", "remaining_base_amount": "2.00",
        "filled_base_amount": "0.00", "filled_quote_amount": "0.000000", "type": "limit",
        "time_in_force": "good-till-time", "status": "open", "timestamp": MS // 1_000, "nonce": 5,
    }  # fmt: skip
    frame = text(
        type="update/account_all_orders", channel="account_all_orders:1234",
        orders={"3": [order]},
    )  # fmt: skip
    told = Told([frame])
    assert told.kinds == ["order"]
    assert (told.messages[0]["symbol"], told.messages[0]["account"]) == ("3", "1234")
    assert "account/1234" in told.text


def test_refusals_are_found_by_the_channel_at_their_end() -> None:
    told = Told(
        [
            *SESSION[:2],
            refusal(30003, "Already Subscribed to : order_book:0"),
            refusal(29500, "internal : trade/0"),
        ]
    )
    [finding] = told.findings
    assert finding.startswith("line 4: trade/0: refused: code 29500: internal")
    unnamed = refusal(29500, "internal")
    assert "a refusal of a channel that is not named" in Told([unnamed]).findings[0]
    assert "order_book/0: refused" in Told([unnamed], stream="order_book/0").findings[0]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ('{"type":"update/height","channel":"height","height":1}', "a channel that is read"),
        ('{"type":"update/market_stats","channel":"market_stats:all"}', "a channel that is read"),
        ('{"type":"update/candle","channel":"candle:0:1w"}', "a channel that is read"),
        ('{"type":"update/candle","channel":"candle:0"}', "a channel that is read"),
        ('{"type":"update/trade","channel":"trade:0:1m"}', "a channel that is read"),
        ('{"type":"update/trade"}', "frame.channel: expected a channel, found 'nothing'"),
        ("[1]", "frame: expected `object`"),
        ("{nonsense", "frame: expected JSON"),
    ],
)
def test_what_cannot_be_read_is_found_and_the_rest_goes_on(frame: str, told: str) -> None:
    read = Told([frame, *SESSION[:2]])
    assert told in read.findings[0]
    assert read.kinds == ["book_snapshot"]
    assert not read.broken


def test_streams_of_a_capture_are_bounded() -> None:
    frames = (snapshot([], [], market=number) for number in range(2_005))
    assert len(Told(frames).findings) == 5


@pytest.mark.parametrize("stream", ["order_books/0", "candle/0", "trade/x", "/orderbooks/BTC-USD"])
def test_a_stream_that_is_none_is_wrong_use(stream: str) -> None:
    with pytest.raises(UsageFault, match="expected a channel that is read"):
        LIGHTER.capture("linear", "", stream)


def test_the_command_reads_a_file(tmp_path: Path) -> None:
    capture = tmp_path / "capture.jsonl"
    sent = json.dumps({"t": MS / 1e3, "dir": "send", "raw": PING}).encode() + b"\n"
    capture.write_bytes(sent + b"".join(recv(frame) for frame in SESSION))
    done = subprocess.run(
        [sys.executable, "main.py", "replay", "--venue", "lighter", str(capture)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 9)
    assert "summary: 11 lines, 10 frames, 9 messages, 0 findings" in done.stderr
