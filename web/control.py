"""What web may ask of the supervisor, as a protocol: the control socket, or a test's stand-in."""

from __future__ import annotations

from typing import Any, Protocol


class Control(Protocol):
    """Asks the supervisor (contracts, section 7)."""

    async def call(self, op: str, timeout_s: float = 2.0, **args: Any) -> dict[str, Any]: ...
