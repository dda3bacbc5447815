"""Whether the remote can be reached: said once when it changes, and as problem documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from web.problems import Problem

RETRY_AFTER_S: Final = 1

Say = Callable[[str, str], None]
"""Gets the level and what there is to say."""


class Reach:
    """Told of each attempt's outcome.

    What clients read names neither the remote's address nor what we send there.
    """

    def __init__(self, address: str, say: Say) -> None:
        self._address = address
        self._say = say
        self._trouble = ""

    def answered(self) -> None:
        if self._trouble:
            self._trouble = ""
            self._say("info", f"the remote service {self._address} answers again")

    def broke(self, error: BaseException) -> None:
        """A stream or answer that ended in its midst."""
        self._note("warning", f"broke off ({type(error).__name__})")

    def unreachable(self, error: BaseException) -> Problem:
        self._note("warning", f"cannot be reached ({type(error).__name__})")
        detail = "the remote service cannot be reached; each call tries anew"
        return Problem(502, "remote-unreachable", detail, {"Retry-After": str(RETRY_AFTER_S)})

    def silent(self, seconds: float) -> Problem:
        self._note("warning", f"does not answer within {seconds:g} s")
        detail = f"the remote service has not answered within {seconds:g} s"
        return Problem(504, "remote-silent", detail, {"Retry-After": str(RETRY_AFTER_S)})

    def strays(self) -> Problem:
        detail = "the remote service answers with a redirect that leads away from it"
        return Problem(502, "remote-redirect", detail)

    def refuses_token(self) -> Problem:
        self._note("error", "does not take REMOTE_API_TOKEN")
        return Problem(502, "remote-token", "the remote service does not take our REMOTE_API_TOKEN")

    def _note(self, level: str, trouble: str) -> None:
        """Says the first of a row; the others have the same cause, or will be seen after it."""
        if not self._trouble:
            self._say(level, f"the remote service {self._address} {trouble}")
        self._trouble = trouble
