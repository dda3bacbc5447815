"""The log: one writer (the supervisor), every line masked, for people or for machines."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, TextIO

import structlog
from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter, LogLevelColumnFormatter

from actors.messages.control import LogRecord
from config.environment import inherited
from config.masking import LIVE, Masker

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
ACTOR_WIDTH: Final = 34
"""Holds the actor of an order book with a symbol of usual length."""

_FIRST: Final = (
    "timestamp", "level", "actor", "event", "kind", "epoch", "pid", "venue", "account",
)  # fmt: skip
"""The order of a line for machines; what a record itself tells follows as it was told."""

_IN_ACTOR: Final = ("kind", "venue", "account")
"""What people read in the actor's id already."""

_STYLES: Final = {
    "debug": "\x1b[2m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
}
_DIM: Final = "\x1b[2m"
_BOLD: Final = "\x1b[1m"
_CYAN: Final = "\x1b[36m"
_RESET: Final = "\x1b[0m"
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What moves a terminal's cursor or turns its text around: a venue's text must do neither."""

_BARE: Final = re.compile(r"[^\s=\"]+")
EventDict = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who a line is of: an actor (or supervisor, zygote), and which incarnation, where known."""

    actor: str
    kind: str = ""
    epoch: int | None = None
    pid: int | None = None
    venue: str = ""
    account: str = ""


LogSink = Callable[[Speaker, LogRecord], None]
"""Called in a thread of its own, one call at a time; what it raises ends nothing."""


def for_people(log_format: str, stream: TextIO) -> bool:
    """Whether lines to `stream` are for people: `auto` is for people on a terminal alone."""
    return log_format == "console" or (log_format == "auto" and stream.isatty())


def make_log_sink(
    level: str, log_format: str, stream: TextIO | None = None, masker: Masker = LIVE
) -> LogSink:
    """Where the lines of all processes go: `stream` (standard error), as LOG_FORMAT says.

    Level `auto` is `warning` on a terminal, where each change of a process is announced anyway,
    else `info`. A level that nobody knows is shown rather than lost.
    """
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    people = for_people(log_format, stream)
    ending: list[structlog.typing.Processor] = (
        [_without_repetition, _Console(colors=terminal and not inherited("NO_COLOR"))]
        if people
        else [structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    logger: Any = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if people else "iso", utc=not people),
            _mask_with(masker),
            _in_order,
            *ending,
        ],
    )
    threshold = LEVELS[("warning" if terminal else "info") if level == "auto" else level]

    def sink(speaker: Speaker, record: LogRecord) -> None:
        if LEVELS.get(record.level, logging.ERROR) >= threshold:
            logger.msg(record.event, **_fields(speaker, record))

    return sink


def _fields(speaker: Speaker, record: LogRecord) -> dict[str, Any]:
    """All but the event; a record's own field yields its name to the speaker's."""
    told: dict[str, Any] = {"level": record.level, "actor": speaker.actor}
    for name in _FIRST[4:]:
        value = getattr(speaker, name)
        if value not in (None, ""):
            told[name] = value
    for name, value in record.fields.items():
        if told.get(name) == value and name in told:
            continue
        told[f"{name}_" if name in _FIRST else name] = value
    return told


def _mask_with(masker: Masker) -> structlog.typing.Processor:
    def mask(_logger: object, _method: str, event: EventDict) -> EventDict:
        masked: EventDict = masker.mask(dict(event))
        return masked

    return mask


def _in_order(_logger: object, _method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name) for name in _FIRST if name in event}
    return {**first, **event}


def _without_repetition(_logger: object, _method: str, event: EventDict) -> EventDict:
    """For people: nothing that the actor's id says, no empty fields, the incarnation last."""
    for name in _IN_ACTOR:
        event.pop(name, None)
    last = {name: event.pop(name) for name in ("epoch", "pid") if name in event}
    return {name: value for name, value in event.items() if value is not None} | last


class _Console:
    """One line in columns, then texts of several lines (tracebacks), indented, each as a block."""

    def __init__(self, *, colors: bool) -> None:
        dim, bold, cyan, reset = (_DIM, _BOLD, _CYAN, _RESET) if colors else ("", "", "", "")

        def column(style: str, width: int = 0) -> KeyValueColumnFormatter:
            return KeyValueColumnFormatter(None, style, reset, _plain, width)

        styles = _STYLES if colors else dict.fromkeys(_STYLES, "")
        self._render = ConsoleRenderer(
            sort_keys=False,
            columns=[
                Column("timestamp", column(dim)),
                Column("level", LogLevelColumnFormatter(styles, reset)),
                Column("actor", column(cyan, ACTOR_WIDTH)),
                Column("event", column(bold)),
                Column("", KeyValueColumnFormatter(dim, "", reset, _quoted)),
            ],
        )

    def __call__(self, logger: Any, method: str, event: EventDict) -> str:
        blocks: list[str] = []
        for name in [name for name, value in event.items() if "\n" in str(value).rstrip()]:
            text = str(event.pop(name))
            if name == "event":
                event_line, _, text = text.partition("\n")
                event = {**event, name: event_line}
            blocks.append(text)
        line = str(self._render(logger, method, event))
        rest = [_plain(each) for block in blocks for each in block.rstrip("\n").split("\n")]
        return "\n    ".join((line, *rest))


def _plain(value: object) -> str:
    """As text that stays where it is put."""
    text = str(value).rstrip("\n")
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _quoted(value: object) -> str:
    """As `_plain`, and with its beginning and end to be seen."""
    if not isinstance(value, str):
        return _plain(value)
    text = _plain(value)
    return text if _BARE.fullmatch(text) else f'"{text}"'
