"""What libraries and the interpreter itself have to say ends in our own log, not on raw stderr."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Final, Protocol

from actors.runtime.masking import LIVE

if TYPE_CHECKING:
    # The hooks' arguments are known to type checkers alone.
    from sys import UnraisableHookArgs

LEAST: Final = logging.WARNING
"""What libraries tell below this is about their own insides."""

TEXT_LENGTH_MAX: Final = 8 * 1024
EVENT: Final = "library"


class Say(Protocol):
    """Takes one line; may be called from any thread, and does not wait."""

    def __call__(self, level: str, event: str, **fields: str | float | bool | None) -> None: ...


def listen(say: Say) -> None:
    """From now on `logging`, `warnings` and errors that nobody can catch go to `say`.

    Handlers that somebody set before are dropped: one line is written once, and by one writer.
    """
    root = logging.getLogger()
    root.handlers = [_Handler(say)]
    root.setLevel(LEAST)
    logging.captureWarnings(True)

    def unraisable(args: UnraisableHookArgs) -> None:
        _tell(say, "interpreter", f"{args.err_msg or 'ignored'} in {args.object!r}", args.exc_value)

    def thread_failed(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else "?"
        _tell(say, "thread", f"the thread {name} ended by an exception", args.exc_value)

    sys.unraisablehook = unraisable
    threading.excepthook = thread_failed


class _Handler(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__(LEAST)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # A library's own mistake in its format.
            message = str(record.msg)
        level = "error" if record.levelno >= logging.ERROR else "warning"
        error = record.exc_info[1] if record.exc_info else None
        _tell(self._say, record.name, message, error, level)


def _tell(
    say: Say, logger: str, message: str, error: BaseException | None, level: str = "error"
) -> None:
    fields = {"logger": logger, "message": message[:TEXT_LENGTH_MAX]}
    if error is not None:
        # Masked before it is cut: of half a secret only its beginning would be found.
        text = LIVE.text("".join(traceback.format_exception(error)))
        fields["traceback"] = text[-TEXT_LENGTH_MAX:]
    say(level, EVENT, **fields)
