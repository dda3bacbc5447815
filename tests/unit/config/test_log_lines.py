"""The log: levels, formats, masking by key and by value, one line per record."""

import io
import json

import pytest

from actors.messages.control import LogRecord
from config.logs import Speaker, make_log_sink
from config.masking import Masker

CANARY = "canary-" + "aa11bb22"


def lines(log_format: str, *records: LogRecord, level: str = "info", tty: bool = False):
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return tty

    stream = Stream()
    sink = make_log_sink(level, log_format, stream, Masker([CANARY]))
    for record in records:
        sink(Speaker("account:extended:1"), record)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("level", "shown"), [("debug", 5), ("info", 4), ("warning", 3), ("error", 2)]
)
def test_levels_and_a_level_that_nobody_knows(level: str, shown: int) -> None:
    names = ("debug", "info", "warning", "error", "strange")
    records = [LogRecord(level=name, event="x") for name in names]
    assert len(lines("json", *records, level=level)) == shown


@pytest.mark.parametrize(("tty", "shown"), [(True, 1), (False, 2)])
def test_a_terminal_that_shows_each_process_is_spared_the_rest(tty: bool, shown: int) -> None:
    records = [LogRecord(level=level, event="x") for level in ("debug", "info", "error")]
    assert len(lines("auto", *records, level="auto", tty=tty)) == shown


def test_json_lines_hold_everything_and_no_secret() -> None:
    fields = {
        "api_key": "short",
        "url": f"http://u:{CANARY}@h:1",
        "n": 3,
        "none": None,
        "level": "x",
    }
    (line,) = lines("json", LogRecord(level="info", event=f"sent {CANARY}\nnext", fields=fields))
    told = json.loads(line)
    assert told["event"] == "sent ***\nnext"
    assert told["level"] == "info"
    assert told["level_"] == "x"
    assert told["actor"] == "account:extended:1"
    assert told["n"] == 3
    assert told["timestamp"].endswith("Z")
    assert "short" not in line
    assert CANARY not in line


def test_json_keys_stand_in_one_order_and_a_records_own_yield() -> None:
    stream = io.StringIO()
    sink = make_log_sink("info", "json", stream)
    speaker = Speaker("account:extended:1", "account", 2, 70, "extended", "1")
    fields = {"kind": "x", "pid": 70, "b": 1, "a": None, "event": "other"}
    sink(speaker, LogRecord(level="info", event="told", fields=fields))
    told = json.loads(stream.getvalue())
    assert list(told) == [
        "timestamp", "level", "actor", "event", "kind", "epoch", "pid", "venue", "account",
        "kind_", "b", "a", "event_",
    ]  # fmt: skip
    assert (told["kind"], told["kind_"], told["event"]) == ("account", "x", "told")


def test_console_columns_are_aligned_and_say_nothing_twice() -> None:
    stream = io.StringIO()
    sink = make_log_sink("info", "console", stream)
    for actor, kind in (("cache", "cache"), ("orderbook:extended:linear:BTC-USD", "stream")):
        speaker = Speaker(actor, kind, 1, 70, "extended")
        sink(speaker, LogRecord(level="info", event="ready", fields={"none": None, "text": "a b"}))
    first, second = stream.getvalue().splitlines()
    assert first.index("ready") == second.index("ready")
    assert first.endswith('ready text="a b" epoch=1 pid=70')
    assert "kind=" not in second
    assert "venue=" not in second


def test_a_traceback_is_a_block_of_its_own_below_its_line() -> None:
    trace = "Traceback:\n  File x\nValueError: bad\n"
    fields = {"traceback": trace, "symbol": "BTC-USD"}
    found = lines("console", LogRecord(level="error", event="crashed\nand more", fields=fields))
    assert found[0].endswith("crashed symbol=BTC-USD")
    assert found[1:] == [
        "    and more", "    Traceback:", "      File x", "    ValueError: bad",
    ]  # fmt: skip


@pytest.mark.parametrize("evil", ["\x1b[2J", "\r", "\x9b31m", "\u202e", "\x07"])
@pytest.mark.parametrize("where", ["event", "field", "block"])
def test_a_text_of_others_moves_no_cursor(evil: str, where: str) -> None:
    record = LogRecord(
        level="info",
        event=f"told {evil if where == 'event' else ''}",
        fields={
            "text": f"x {evil if where == 'field' else ''}",
            "block": f"one\ntwo {evil if where == 'block' else ''}",
        },
    )
    shown = lines("console", record)
    assert evil not in "\n".join(shown)
    assert len(shown) == 3
    assert ascii(evil)[1:-1] in "\n".join(shown)


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    (line,) = lines("console", LogRecord(level="error", event="x"), tty=True)
    assert "\x1b" not in line


def test_console_lines_have_colours_on_a_terminal_alone() -> None:
    record = LogRecord(level="warning", event="gap", fields={"symbol": "BTC-USD"})
    (plain,) = lines("console", record)
    assert "\x1b" not in plain
    assert "gap" in plain
    assert "symbol=BTC-USD" in plain
    (colored,) = lines("console", record, tty=True)
    assert "\x1b" in colored


@pytest.mark.parametrize(("tty", "as_json"), [(False, True), (True, False)])
def test_auto_is_json_where_no_terminal_is(tty: bool, as_json: bool) -> None:
    (line,) = lines("auto", LogRecord(level="info", event="x"), tty=tty)
    assert line.startswith("{") is as_json
