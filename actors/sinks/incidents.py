"""When each lane of each actor came up and went down, out of what lanes tell each second; pure."""

from __future__ import annotations

from typing import Final

from actors.messages.control import ConnectionState
from actors.sinks.contract import Row
from actors.sinks.rows import incident_row

UP: Final = "connected"
LANES_MAX: Final = 5_000
"""Lanes of which the last state is remembered; of more, the oldest are forgotten."""


class Incidents:
    """A row for each change between up and down, dated by when the lane says that it happened.

    What a lane was when it is first heard of is a row too: it is the same row, and adds nothing,
    where another life of the recorder had told it.
    """

    def __init__(self) -> None:
        self._was_up: dict[tuple[str, str], bool] = {}

    def of_lane(self, state: ConnectionState, now_mono_ns: int, now_ns: int) -> list[Row]:
        key, is_up = (state.actor, state.lane), state.state == UP
        if self._was_up.get(key) is is_up:
            return []
        if not is_up and state.state == "connecting" and key not in self._was_up:
            # An actor that starts was not down: there was no connection to lose.
            return []
        self._was_up.pop(key, None)
        self._was_up[key] = is_up
        if len(self._was_up) > LANES_MAX:
            del self._was_up[next(iter(self._was_up))]
        at_ns = now_ns - max(0, now_mono_ns - state.since_mono_ns)
        return [incident_row(state, at_ns // 1000)]
