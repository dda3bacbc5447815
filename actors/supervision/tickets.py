"""Tickets that open one stream each: made, kept and spent here, once for all web processes.

A browser's WebSocket and EventSource cannot send a header, and a token in an address would stay in
histories and logs; a ticket there is worth nothing once it was used.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from actors.runtime.clock import Clock
from actors.supervision.control_server import Operation, Refusal

VALID_S: Final = 60
TICKETS_MAX: Final = 1_000
"""Unspent tickets at once: more than 16 a second for a minute."""

RANDOM_BYTES: Final = 32
_TICKET: Final = frozenset({"ticket"})


class Tickets:
    """The unspent ones; pure but for the randomness of new ones."""

    def __init__(self) -> None:
        # Digests with their deadlines, the oldest first. Only digests are compared: how long a
        # look-up takes tells nothing of a ticket.
        self._deadlines_ns: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._deadlines_ns)

    def issue(self, now_ns: int) -> str | None:
        """A new ticket, or None while as many as may be are unspent."""
        self._forget(now_ns)
        if len(self._deadlines_ns) >= TICKETS_MAX:
            return None
        ticket = secrets.token_urlsafe(RANDOM_BYTES)
        self._deadlines_ns[_digest(ticket)] = now_ns + VALID_S * 10**9
        return ticket

    def spend(self, ticket: str, now_ns: int) -> bool:
        """Whether it was good; it is not afterwards."""
        self._forget(now_ns)
        return self._deadlines_ns.pop(_digest(ticket), None) is not None

    def _forget(self, now_ns: int) -> None:
        while self._deadlines_ns:
            oldest = next(iter(self._deadlines_ns))
            if self._deadlines_ns[oldest] > now_ns:
                return
            del self._deadlines_ns[oldest]


class TicketDesk:
    """Gives tickets and takes them over the control socket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tickets = Tickets()

    def operations(self) -> dict[str, Operation]:
        return {
            "ticket": Operation(answer=self._issue),
            "spend_ticket": Operation(answer=self._spend, must=_TICKET),
        }

    async def _issue(self, _: Mapping[str, Any]) -> dict[str, Any]:
        ticket = self._tickets.issue(self._clock.monotonic_ns())
        if ticket is None:
            raise Refusal("busy", f"expected at most {TICKETS_MAX} unspent tickets in {VALID_S} s")
        expires_us = self._clock.wall_ns() // 1_000 + VALID_S * 1_000_000
        return {"ticket": ticket, "expires_us": expires_us, "expires_in_s": VALID_S}

    async def _spend(self, args: Mapping[str, Any]) -> dict[str, Any]:
        return {"spent": self._tickets.spend(args["ticket"], self._clock.monotonic_ns())}


def _digest(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
