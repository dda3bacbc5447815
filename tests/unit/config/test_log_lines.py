"""The log: levels, formats, masking by key and by value, one line per record."""

import io
import json

import pytest

from actors.messages.control import LogRecord
from config.logs import make_log_sink
from config.masking import Masker

CANARY = "canary-" + "aa11bb22"


def lines(log_format: str, *records: LogRecord, level: str = "info", tty: bool = False):
    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return tty

    stream = Stream()
    sink = make_log_sink(level, log_format, stream, Masker([CANARY]))
    for record in records:
        sink("account:extended:1", record)
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
