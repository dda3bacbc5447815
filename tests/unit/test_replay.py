"""`broadcaster replay`: messages out, findings told, exit codes, and captures that are hostile."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.errors import MalformedFrame
from actors.replay import LINE_BYTES_MAX, Replay, nanoseconds
from actors.venues.extended.venue import EXTENDED

ROOT = Path(__file__).resolve().parents[2]
T_S = 1_785_778_403.488
BIDS, ASKS = [("100", "1"), ("99.5", "2")], [("101", "1")]

Change = tuple[str, str, str]


def snapshot(sequence: int, market: str = "BTC-USD", bids: Any = None, asks: Any = None) -> Any:
    sides = {"b": BIDS if bids is None else bids, "a": ASKS if asks is None else asks}
    levels = {side: [{"p": p, "q": q} for p, q in rows] for side, rows in sides.items()}
    data = {"t": "SNAPSHOT", "m": market, **levels, "d": "f"}
    return {"type": "SNAPSHOT", "data": data, "ts": 1_785_778_403_000, "seq": sequence}


def delta(
    sequence: int, bids: Sequence[Change] = (), asks: Sequence[Change] = (), market: str = "BTC-USD"
) -> Any:
    levels = {
        side: [{"p": p, "q": q, "c": c} for p, q, c in rows]
        for side, rows in (("b", bids), ("a", asks))
    }
    data = {"t": "DELTA", "m": market, **levels, "d": "f"}
    return {"type": "DELTA", "data": data, "ts": 1_785_778_403_100, "seq": sequence}


def trade(number: int, sequence: int, market: str = "BTC-USD") -> Any:
    row = {"i": number, "m": market, "S": "BUY", "tT": "TRADE", "T": 1, "p": "100", "q": "0.30"}
    return {"data": [row], "ts": 1, "seq": sequence}


def candles(sequence: int) -> Any:
    row = {"T": 60_000, "o": "1", "h": "3", "l": "1", "c": "2", "v": "9"}
    return {"data": [row], "ts": 61_000, "seq": sequence}


def recv(frame: Any, t: Any = T_S, **more: Any) -> bytes:
    raw = frame if isinstance(frame, str) else json.dumps(frame)
    return json.dumps({"t": t, "dir": "recv", "raw": raw, **more}).encode() + b"\n"


class Told:
    def __init__(self, lines: Iterable[bytes], symbol: str = "", stream: str = "") -> None:
        out, findings = io.BytesIO(), io.StringIO()
        run = Replay(EXTENDED.capture("linear", symbol, stream), symbol, out, findings)
        for line in lines:
            run.line(line)
        run.summary()
        self.broken = run.broken
        self.messages = [json.loads(line) for line in out.getvalue().splitlines()]
        self.text = findings.getvalue()
        said = self.text.splitlines()
        self.findings = [line for line in said if line.startswith("line ")]
        self.summary = next(line for line in said if line.startswith("summary: "))

    @property
    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.messages]


def test_messages_come_out_whole_and_normalised() -> None:
    told = Told([recv(snapshot(1)), recv(delta(2, bids=[("100", "0.5", "1.5")]))])
    first, second = told.messages
    assert first == {
        "kind": "book_snapshot", "venue": "extended", "product": "linear", "symbol": "BTC-USD",
        "bids": [["100", "1"], ["99.5", "2"]], "asks": [["101", "1"]], "sequence": 1,
        "verified": True, "venue_time_us": 1_785_778_403_000_000,
        "received_us": 1_785_778_403_488_000,
    }  # fmt: skip
    assert second["bids"] == [["100", "1.5"]]
    assert second["asks"] == []
    assert (second["sequence"], second["previous_sequence"]) == (2, 1)
    assert told.findings == []
    assert not told.broken
    assert "ends verified, with 3 levels" in told.text


@pytest.mark.parametrize(
    ("frames", "finding"),
    [
        ([snapshot(1), delta(3)], "line 2: /orderbooks/BTC-USD: gap: sequence: expected 2"),
        ([snapshot(1), delta(2), delta(2)], "line 3: /orderbooks/BTC-USD: gap: "),
        ([snapshot(1), delta(2, bids=[("100", "1", "9")])], "mismatch: bid 100: held 1, change 1"),
        ([snapshot(1), delta(2, bids=[("101", "1", "1")])], "crossed: book crossed: best bid 101"),
        ([snapshot(1, bids=[("102", "1")])], "crossed: book crossed: best bid 102"),
        ([snapshot(1), snapshot(2, asks=[])], "mismatch: the snapshot differs from the book"),
    ],
)  # fmt: skip
def test_a_broken_book_is_named_with_its_line(frames: list[Any], finding: str) -> None:
    told = Told(recv(frame) for frame in frames)
    assert len(told.findings) == 1
    assert finding in told.findings[0]
    assert told.broken


def test_after_a_gap_nothing_comes_out_until_the_next_snapshot() -> None:
    told = Told(recv(f) for f in (snapshot(1), delta(3), delta(4), snapshot(5), delta(6)))
    assert told.kinds == ["book_snapshot", "book_snapshot", "book_delta"]
    assert [message["sequence"] for message in told.messages] == [1, 5, 6]
    assert told.broken


def test_a_malformed_frame_alone_breaks_no_book() -> None:
    told = Told([recv(snapshot(1)), recv("{nonsense"), recv(delta(2))])
    assert told.kinds == ["book_snapshot", "book_delta"]
    assert told.findings[0].startswith("line 2: malformed: frame: expected JSON")
    assert not told.broken


def test_a_new_connection_numbers_anew() -> None:
    told = Told(recv(f) for f in (snapshot(1), delta(2), delta(3), snapshot(1), delta(2)))
    assert told.findings == []
    assert [message["sequence"] for message in told.messages] == [1, 2, 3, 1, 2]


def test_a_first_frame_twice_is_no_new_connection() -> None:
    assert Told(recv(f) for f in (snapshot(1), snapshot(1))).broken


def test_streams_may_be_mixed_and_one_market_chosen() -> None:
    lines = [
        recv(snapshot(1)),
        recv(snapshot(1, "ETH-USD")),
        recv(trade(7, 1)),
        recv(delta(2, market="ETH-USD")),
        recv({"type": "MP", "data": {"m": "BTC-USD", "p": "1.5", "ts": 0}, "ts": 5, "seq": 1}),
        recv({"data": {"m": "BTC-USD", "T": 1, "f": "0.001"}, "ts": 5, "seq": 1}),
        recv(snapshot(1) | {"data": snapshot(1)["data"] | {"d": "1"}}),
        recv(delta(2)),
    ]
    told = Told(lines)
    assert told.findings == []
    assert told.kinds == [
        *("book_snapshot", "book_snapshot", "trade", "book_delta"),
        *("mark_price", "funding_rate", "ticker", "book_delta"),
    ]
    of_one = Told(lines, symbol="ETH-USD")
    assert of_one.kinds == ["book_snapshot", "book_delta"]
    assert {message["symbol"] for message in of_one.messages} == {"ETH-USD"}


def test_a_line_may_name_its_stream() -> None:
    url = EXTENDED.ws_url + "/candles/ETH-USD/trades?interval=PT1H"
    told = Told([recv(candles(1), url=url), recv(trade(1, 1), stream="publicTrades")])
    assert told.findings == []
    assert told.messages[0]["symbol"] == "ETH-USD"
    assert told.messages[0]["timeframe"] == "1h"
    assert "/publicTrades: 1 frames" in told.text


def test_what_the_capture_does_not_say_the_option_does() -> None:
    unnamed = Told([recv(candles(1))])
    assert unnamed.messages == []
    assert "named by the capture or by --stream" in unnamed.findings[0]
    named = Told([recv(candles(1))], stream="/candles/BTC-USD/trades?interval=PT5M")
    assert named.messages[0]["timeframe"] == "5m"


def test_all_markets_on_one_stream() -> None:
    mixed = {"data": [trade(1, 1)["data"][0], trade(2, 1, "ETH-USD")["data"][0]], "ts": 1, "seq": 1}
    lines = [recv(mixed), recv(trade(3, 2), stream="/publicTrades")]
    assert [m["trade_id"] for m in Told(lines).messages] == ["1", "2", "3"]
    assert [m["trade_id"] for m in Told(lines, symbol="ETH-USD").messages] == ["2"]


def test_a_hole_in_a_stream_that_proves_nothing_is_told_and_breaks_no_book() -> None:
    told = Told([recv(trade(1, 1)), recv(trade(2, 5)), recv(trade(2, 6))])
    assert [m["trade_id"] for m in told.messages] == ["1", "2"]
    assert told.findings[0].startswith("line 2: /publicTrades/BTC-USD: hole: ")
    assert not told.broken


def test_an_account_stream() -> None:
    balance = {"balance": "1", "equity": "2", "collateralName": "USD"}
    frames = [
        {"type": "BALANCE", "data": {"balance": balance}, "ts": 1, "seq": number}
        for number in (1, 3)
    ]
    told = Told([recv(frame) for frame in frames])
    assert told.kinds == ["account_snapshot"]
    assert "/account: gap: sequence: expected 2, found 3" in told.findings[0]
    assert not told.broken


def v2(frame: Any, sequence: int, subscription: str) -> bytes:
    return recv(frame | {"seq": sequence, "subscription": subscription})


def test_v2_counts_the_frames_of_a_connection() -> None:
    book, trades = "orderbooks.BTC-USD", "trades.BTC-USD"
    ack = {"id": "1", "result": {"status": "OK", "subscription": book}, "jsonrpc": "2.0"}
    lines = [
        recv(ack),
        v2(snapshot(0), 0, book),
        v2(trade(1, 0), 1, trades),
        v2(delta(0), 2, book),
        v2(candles(0), 3, "candles.last.BTC-USD.PT1M"),
        v2(delta(0), 4, book),
    ]
    told = Told(lines)
    assert told.findings == []
    assert [m["sequence"] for m in told.messages if "sequence" in m] == [1, 2, 3]
    holed = Told([*lines[:3], *lines[4:]])
    assert "/orderbooks/BTC-USD: gap" in holed.findings[0]
    assert holed.broken
    again = Told([*lines, *lines])
    assert not again.broken


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b"1785778403.488", 1_785_778_403_488_000_000),
        (b"1785778403488", 1_785_778_403_488_000_000),
        (b"1785778403488123", 1_785_778_403_488_123_000),
        (b"1785778403488123456", 1_785_778_403_488_123_456),
        (b'"1785778403488123456"', 1_785_778_403_488_123_456),
        (b'"2026-08-03T17:33:23.488123Z"', 1_785_778_403_488_123_000),
        (b'"2026-08-03T19:33:23.488123+02:00"', 1_785_778_403_488_123_000),
        (b"0", 0),
    ],
)
def test_times_as_captures_hold_them(told: bytes, expected: int) -> None:
    assert nanoseconds(told) == expected


@pytest.mark.parametrize("told", [b"-1", b"1e400", b'"NaN"', b'"soon"', b"true", b"[1]", b"\xff"])
def test_a_time_that_is_none(told: bytes) -> None:
    with pytest.raises(MalformedFrame):
        nanoseconds(told)


def test_a_bad_time_loses_no_frame() -> None:
    told = Told([recv(snapshot(1)), recv(delta(2), t="soon")])
    assert told.kinds == ["book_snapshot", "book_delta"]
    assert told.messages[1]["received_us"] == told.messages[0]["received_us"]
    assert "line 2: malformed: t: expected a number since the epoch" in told.findings[0]


def test_other_lines_are_passed_over() -> None:
    others = [b"\n", b"# note\n", b"[1]\n", b'{"t":1,"dir":"sent","raw":"x"}\n', b'{"url":"x"}\n']
    told = Told([recv(snapshot(1)), *others, recv(delta(2))])
    assert told.findings == []
    assert "7 lines, 2 frames, 2 messages, 0 findings, 5 other lines" in told.summary


HOSTILE = [
    b'{"dir":"recv"}\n',
    b'{"dir":"recv","raw":7}\n',
    b'{"dir":"recv","raw":null}\n',
    b'{"dir":"recv","raw":"\\ud800"}\n',
    b'{"dir":"recv","raw":"\xff"}\n',
    b"\xff\xfe\x00\n",
    recv("[" * 100_000),
    recv("\x1b]0;owned\x07"),
    recv({"data": {"b": 1}, "seq": 1}),
    recv({"data": {"b": [], "a": [], "m": "../" * 100}, "seq": 1}),
    recv({"data": {"b": [], "a": [], "m": "X\nline 1: forged"}, "seq": 1}),
    recv({"data": [], "seq": 1}),
    recv({"error": "no such market", "seq": 1}),
    recv(snapshot(1), stream="/\x1b[2J"),
    recv(snapshot(1), stream="/candles/X/trades?interval=PT7M"),
    recv(snapshot(2**70)),
    recv(delta(1) | {"subscription": "what.is.this"}),
]


def test_hostile_lines_are_found_and_nothing_else_happens() -> None:
    told = Told([recv(snapshot(1)), *HOSTILE, recv(delta(2))])
    assert told.kinds == ["book_snapshot", "book_delta"]
    assert len(told.findings) >= len(HOSTILE) - 2
    assert "\x1b" not in told.text
    assert not any("forged" in line[:20] for line in told.text.splitlines())


def test_random_bytes_never_raise() -> None:
    seed = 20_26
    print("seed", seed)
    draw = random.Random(seed)
    good = recv(snapshot(1))
    lines = []
    for _ in range(500):
        line = bytearray(good)
        for _ in range(draw.randint(1, 6)):
            line[draw.randrange(len(line) - 1)] = draw.randrange(256)
        lines.append(bytes(line).replace(b"\n", b" ") + b"\n")
    assert "500 lines" in Told(lines).summary


# The command


def command(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "replay", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_a_file_and_standard_input_give_the_same(tmp_path: Path) -> None:
    capture = recv(snapshot(1)) + recv(delta(2)) + recv(trade(1, 1))
    (tmp_path / "c.jsonl").write_bytes(capture)
    by_file = command("--venue", "extended", str(tmp_path / "c.jsonl"))
    by_input = command("--venue", "extended", "--product", "linear", "-", stdin=capture)
    assert by_file.returncode == by_input.returncode == 0
    assert by_file.stdout == by_input.stdout
    assert len(by_file.stdout.splitlines()) == 3
    assert b"summary: 3 lines, 3 frames, 3 messages, 0 findings" in by_file.stderr


def test_a_gap_is_exit_code_1() -> None:
    ran = command("--venue", "extended", "-", stdin=recv(snapshot(1)) + recv(delta(3)))
    assert ran.returncode == 1
    assert b"line 2: /orderbooks/BTC-USD: gap" in ran.stderr
    assert len(ran.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "clear"),
    [
        (("--venue", "nowhere", "-"), "--venue: found 'nowhere', expected extended"),
        (("--venue", "extended", "--product", "spot", "-"), "found 'spot', expected linear"),
        (("--venue", "extended", "/no/such/file"), "/no/such/file: No such file"),
        (("--venue", "extended", "/"), "/: Is a directory"),
        (("--venue", "extended", "--stream", "/depths", "-"), "--stream: expected"),
        (("--venue", "extended", "--stream", "/candles/X", "-"), "--stream: expected"),
        (("--venue", "extended"), "the following arguments are required: file"),
        (("-",), "--venue"),
    ],
)
def test_wrong_use_is_exit_code_2(arguments: tuple[str, ...], clear: str) -> None:
    ran = command(*arguments)
    assert ran.returncode == 2
    assert clear in ran.stderr.decode()
    assert b"Traceback" not in ran.stderr
    assert ran.stdout == b""


def test_a_broken_pipe_ends_quietly(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_bytes(recv(snapshot(1)) + b"".join(recv(delta(n)) for n in range(2, 20_000)))
    with subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "replay", "--venue", "extended", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Twenty times the lines, a line beyond the limit among them: the same memory."""

    def peak_mib(frames: int, too_long: int = 0) -> float:
        file = tmp_path / "capture.jsonl"
        with file.open("wb") as out:
            out.write(recv(snapshot(1)))
            out.writelines(b"x" * 2**20 for _ in range(too_long))
            out.write(b"\n")
            out.writelines(recv(delta(number)) for number in range(2, frames))
        code = (
            "import pathlib, sys, main\n"
            f"code = main.main(['replay', '--venue', 'extended', {str(file)!r}])\n"
            "status = pathlib.Path('/proc/self/status').read_text()\n"
            "print(code, status.partition('VmHWM:')[2].split()[0], file=sys.stderr)"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=60
        )
        exit_code, kib = ran.stderr.split()[-2:]
        assert exit_code == b"0"
        return int(kib) / 1024

    small = peak_mib(2_000)
    assert peak_mib(40_000) < small + 4
    assert peak_mib(100, too_long=12 * LINE_BYTES_MAX // 2**20) < small + 5 * LINE_BYTES_MAX / 2**20
