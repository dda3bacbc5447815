"""Who asked the venue for what, and when: what tests of request budgets count."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

VISITS_KEPT: Final = 50_000
"""Five minutes of forty busy accounts; some 15 MB."""

ADDRESSES_KEPT: Final = 1_024
MINUTES_KEPT: Final = 30
PATH_LENGTH_MAX: Final = 300
MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class Visit:
    """One request or handshake; `status` 0 is no answer (yet), 101 an accepted stream."""

    at_ms: int
    address: str
    account: str
    method: str
    path: str
    status: int = 0


@dataclass(slots=True)
class Tally:
    """The requests of one address; `refused` by the venue's own limit, `overloads` whatever for.

    `minutes` are whole minutes of the wall clock.
    """

    requests: int = 0
    refused: int = 0
    overloads: int = 0
    minutes: OrderedDict[int, int] = field(default_factory=OrderedDict)

    def came(self, at_ms: int) -> None:
        self.requests += 1
        minute_ms = at_ms // MINUTE_MS * MINUTE_MS
        self.minutes[minute_ms] = self.minutes.get(minute_ms, 0) + 1
        if len(self.minutes) > MINUTES_KEPT:
            self.minutes.popitem(last=False)


class Visits:
    """The newest visits, and a tally of every address."""

    __slots__ = ("_addresses", "_kept", "_overload_statuses", "total")

    def __init__(
        self, kept: int = VISITS_KEPT, overload_statuses: Collection[int] = (418, 429)
    ) -> None:
        self._overload_statuses = overload_statuses
        self._kept: deque[Visit] = deque(maxlen=kept)
        self._addresses: OrderedDict[str, Tally] = OrderedDict()
        self.total = Tally()

    def came(self, at_ms: int, address: str, account: str, method: str, path: str) -> Visit:
        """Counts a request, whose `status` follows through `answered`."""
        visit = Visit(at_ms, address, account, method, path[:PATH_LENGTH_MAX])
        self._kept.append(visit)
        self.total.came(at_ms)
        self._tally(address).came(at_ms)
        return visit

    def refused(self, visit: Visit) -> None:
        """The venue's own limit turned it away."""
        self.total.refused += 1
        self._tally(visit.address).refused += 1

    def answered(self, visit: Visit, status: int) -> None:
        visit.status = status
        if status in self._overload_statuses:
            self.total.overloads += 1
            self._tally(visit.address).overloads += 1

    def newest(self, since_ms: int, account: str, address: str, limit: int) -> list[Visit]:
        """Newest first; empty `account` and `address` mean all."""

        def fitting() -> Iterator[Visit]:
            for visit in reversed(self._kept):
                if visit.at_ms < since_ms:
                    return
                if account in {"", visit.account} and address in {"", visit.address}:
                    yield visit

        return list(islice(fitting(), limit))

    def summary(self) -> dict[str, Any]:
        return {
            **_counts(self.total),
            "kept": len(self._kept),
            "addresses": {name: _counts(tally) for name, tally in self._addresses.items()},
        }

    def _tally(self, address: str) -> Tally:
        tally = self._addresses.get(address)
        if tally is None:
            tally = self._addresses[address] = Tally()
            if len(self._addresses) > ADDRESSES_KEPT:
                self._addresses.popitem(last=False)
        return tally


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "requests": tally.requests,
        "refused": tally.refused,
        "overloads": tally.overloads,
        "minutes": {str(minute_ms): count for minute_ms, count in tally.minutes.items()},
    }
