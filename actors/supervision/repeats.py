"""What goes out and what is only counted: one of a kind at once, then one per gap; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

FINGERPRINTS_MAX: Final = 256
ACTORS_MAX: Final = 20
OVERFLOW: Final = ("too many different kinds",)
"""Stands for every fingerprint for which there is no room, so that these too are limited."""

Fingerprint = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Generic[T]):
    """What was held back since the last one of the same fingerprint; `newest` is one of them.

    `actors` names at most ACTORS_MAX of those concerned.
    """

    fingerprint: Fingerprint
    newest: T
    count: int
    actors: tuple[str, ...]


@dataclass(slots=True)
class _Window(Generic[T]):
    opened_ns: int
    newest: T
    count: int = 0
    actors: dict[str, None] = field(default_factory=dict)


class Repeats(Generic[T]):
    """Windows in the order of their opening; `gap_ns` is how long each lasts."""

    __slots__ = ("_gap_ns", "_room", "_windows")

    def __init__(self, gap_ns: int, room: int = FINGERPRINTS_MAX) -> None:
        self._gap_ns = gap_ns
        self._room = room
        self._windows: dict[Fingerprint, _Window[T]] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def admits(
        self, fingerprint: Fingerprint, said: T, actor: str, now_ns: int, more: int = 0
    ) -> bool:
        """Whether `said` goes out now; else it is counted. `more` of it come uncounted.

        Whoever calls has taken what is `due` first, so every window is still open.
        """
        window = self._windows.get(fingerprint)
        if window is None and len(self._windows) >= self._room:
            fingerprint = OVERFLOW
            window = self._windows.get(fingerprint)
        if window is None:
            window = self._windows[fingerprint] = _Window(now_ns, said)
            self._hold(window, said, actor, more)
            return True
        self._hold(window, said, actor, more + 1)
        return False

    def due(self, now_ns: int) -> list[Summary[T]]:
        """Close the windows that have lasted; those that held anything back open anew."""
        found: list[Summary[T]] = []
        while self._windows:
            fingerprint, window = next(iter(self._windows.items()))
            if now_ns - window.opened_ns < self._gap_ns:
                break
            del self._windows[fingerprint]
            if window.count:
                found.append(_summary(fingerprint, window))
                self._windows[fingerprint] = _Window(now_ns, window.newest)
        return found

    def rest(self) -> list[Summary[T]]:
        """All that is held back, before its time: nobody will be there to say it later."""
        found = [_summary(*each) for each in self._windows.items() if each[1].count]
        self._windows.clear()
        return found

    def next_due_ns(self) -> int | None:
        """When the oldest window ends."""
        oldest = next(iter(self._windows.values()), None)
        return None if oldest is None else oldest.opened_ns + self._gap_ns

    @staticmethod
    def _hold(window: _Window[T], said: T, actor: str, count: int) -> None:
        if not count:
            return
        window.count += count
        window.newest = said
        if len(window.actors) < ACTORS_MAX:
            window.actors[actor] = None


def _summary(fingerprint: Fingerprint, window: _Window[T]) -> Summary[T]:
    return Summary(
        fingerprint=fingerprint,
        newest=window.newest,
        count=window.count,
        actors=tuple(window.actors),
    )
