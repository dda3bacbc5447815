"""How the simulated venue says no: an HTTP status, its own code, and why."""

from __future__ import annotations

from actors.errors import VenueRejected


class Refused(VenueRejected):
    """As VenueRejected, from the venue's side: `detail` is the message that the client gets."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.detail = detail
        super().__init__(status, code, detail)
