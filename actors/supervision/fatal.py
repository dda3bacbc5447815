"""A Pykka actor whose failure ends the supervisor: children's lifelines then end everything."""

from __future__ import annotations

import os
from typing import Any

import pykka

from actors.supervision.options import EXIT_FAILED


class FatalActor(pykka.ThreadingActor):
    """Guards its handlers itself; what still escapes them must not leave half a supervisor."""

    def on_failure(
        self,
        exception_type: Any,  # noqa: ARG002 - Pykka's signature
        exception_value: Any,  # noqa: ARG002
        traceback: Any,  # noqa: ARG002
    ) -> None:
        os._exit(EXIT_FAILED)
