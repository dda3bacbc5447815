"""A child's answers to what an operator asks of it: handlers by name, replies of bounded size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from actors.errors import Fault
from actors.messages.control import Question, Reply
from actors.runtime.context import QuestionHandler

REPLY_BYTES_MAX: Final = 128 * 1024
UNSUPPORTED: Final = "unsupported"

_encoder = msgspec.msgpack.Encoder()


class Questions:
    """`capture(error)` is told of a handler that broke; the actor itself goes on."""

    def __init__(self, capture: Callable[[BaseException], None]) -> None:
        self._capture = capture
        self._handlers: dict[str, QuestionHandler] = {}

    def on(self, op: str, handler: QuestionHandler) -> None:
        self._handlers[op] = handler

    def reply(self, question: Question) -> Reply:
        handler = self._handlers.get(question.op)
        number = question.number
        if handler is None:
            return Reply(number=number, error=UNSUPPORTED)
        try:
            body = _encoder.encode(handler(question.args))
        except Fault as fault:
            return Reply(number=number, error=str(fault))
        except Exception as error:  # noqa: BLE001 - curiosity must not end the actor
            self._capture(error)
            return Reply(number=number, error=f"{question.op} failed: {type(error).__name__}")
        if len(body) > REPLY_BYTES_MAX:
            detail = f"expected an answer of at most {REPLY_BYTES_MAX} bytes, found {len(body)}"
            return Reply(number=number, error=detail)
        return Reply(number=number, body=body)
