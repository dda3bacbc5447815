"""Which funding payments of an account are known, and how deep REST must be asked; pure.

They come over REST alone, newest first, and each is known by its id: no stream that an account
listens to tells of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from actors.messages.account import Funding

PAYMENTS_FIRST: Final = 500
"""How many past payments an account without history starts with; as many as of fills."""
OVERLAP: Final = 50
"""Known payments that are looked at again: those of one hour may be listed one after the other."""
KNOWN_MAX: Final = 10_000
"""Above what one reading can bring, so that none of it comes twice."""


class Payments:
    """One account's, from the first word of the cache on."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def adopt(self, ids: Iterable[str]) -> None:
        """The newest payments that the cache holds, oldest first; of others nothing is known."""
        self._known = dict.fromkeys(ids)

    def lacks(self, ids: Iterable[str]) -> bool:
        """Whether who holds these newest payments missed one of ours."""
        held = set(ids)
        return any(known not in held for known in islice(reversed(self._known), OVERLAP))

    def deep_enough(self, rows: list[Funding]) -> bool:
        """Whether a list, newest first, reaches what is known."""
        if not self._known:
            return len(rows) >= PAYMENTS_FIRST
        found = sum(row.funding_id in self._known for row in rows)
        return found >= min(OVERLAP, len(self._known))

    def news(self, rows: list[Funding]) -> list[Funding]:
        """Those of a list, newest first, that were not known, oldest first; now they are."""
        unknown = {row.funding_id: row for row in rows if row.funding_id not in self._known}
        fresh = sorted(unknown.values(), key=lambda row: row.venue_time_ns, reverse=True)[::-1]
        self._known.update((row.funding_id, None) for row in fresh)
        while len(self._known) > KNOWN_MAX:
            del self._known[next(iter(self._known))]
        return fresh
