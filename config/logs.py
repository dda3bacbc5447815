"""The log: one writer (the supervisor), every line masked, for people or for machines."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any, Final, TextIO

import structlog

from actors.messages.control import LogRecord
from config.masking import LIVE, Masker

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_RENAMED: Final = {"actor": "child", "event": "event_", "level": "level_", "timestamp": "time"}
"""Fields whose names the line itself uses; `actor` there is who speaks."""

LogSink = Callable[[str, LogRecord], None]
"""Called with an actor id (or `supervisor`) and its line."""


def make_log_sink(
    level: str, log_format: str, stream: TextIO | None = None, masker: Masker = LIVE
) -> LogSink:
    """Where the lines of all processes go: `stream` (standard error), as LOG_FORMAT says.

    `auto` is `console` where the stream is a terminal, else `json`; level `auto` is `warning` on a
    terminal, where each change of a process is announced anyway, else `info`.
    """
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    console = log_format == "console" or (log_format == "auto" and terminal)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=terminal, pad_event_to=0)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    time_format = "%H:%M:%S" if console else "iso"
    logger: Any = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.TimeStamper(fmt=time_format, utc=not console),
            _mask_with(masker),
            renderer,
        ],
    )
    threshold = LEVELS[("warning" if terminal else "info") if level == "auto" else level]

    def sink(source: str, record: LogRecord) -> None:
        # A level that nobody knows is shown rather than lost.
        if LEVELS.get(record.level, logging.ERROR) < threshold:
            return
        fields = {_RENAMED.get(name, name): value for name, value in record.fields.items()}
        logger.msg(record.event, level=record.level, actor=source, **fields)

    return sink


def _mask_with(masker: Masker) -> structlog.typing.Processor:
    def mask(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        masked: MutableMapping[str, Any] = masker.mask(dict(event))
        return masked

    return mask
