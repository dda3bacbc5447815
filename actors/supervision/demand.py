"""Which market streams run because somebody wants them; pure.

Each web process says, again and again, which topics its clients want. Its word holds for a lease;
a topic runs as long as any word names it, and LINGER_S longer, over all web processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LEASE_S: Final = 15.0
"""A web process that says nothing for so long wants nothing any more."""
LINGER_S: Final = 30.0
WEBS_MAX: Final = 64
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a word: topics to start, topics to end for their sake, topics refused."""

    started: tuple[str, ...]
    ended: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Word:
    """What one web process wants, and until when its word holds (monotonic)."""

    topics: frozenset[str]
    until_ns: int


class Demand:
    """At most `streams_max` topics run at once."""

    def __init__(self, streams_max: int) -> None:
        self._streams_max = streams_max
        self._words: dict[str, _Word] = {}
        self._running: dict[str, int] = {}
        """Each topic with the time at which it was wanted last."""

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    def renew(self, web: str, topics: Iterable[str], now_ns: int) -> Verdict:
        """The whole of what `web` wants now, in the order in which it came to want it."""
        self._note(now_ns)
        wanted = list(dict.fromkeys(topics))
        started, ended, refused = [], [], []
        for topic in wanted:
            if topic in self._running:
                continue
            if len(self._running) >= self._streams_max:
                idle = self._longest_idle(set(wanted), now_ns)
                if idle is None:
                    refused.append(topic)
                    continue
                del self._running[idle]
                ended.append(idle)
            self._running[topic] = now_ns
            started.append(topic)
        if len(self._words) < WEBS_MAX or web in self._words:
            until_ns = now_ns + round(LEASE_S * _NS)
            self._words[web] = _Word(frozenset(wanted) - set(refused), until_ns)
        self._note(now_ns)
        return Verdict(tuple(started), tuple(ended), tuple(refused))

    def gone(self, web: str, now_ns: int) -> None:
        """A web process ended: what only it wanted lingers from now on."""
        self._note(now_ns)
        self._words.pop(web, None)

    def turn(self, now_ns: int) -> tuple[str, ...]:
        """Topics that nobody has wanted for LINGER_S: they run no more."""
        self._note(now_ns)
        limit_ns = now_ns - round(LINGER_S * _NS)
        ended = tuple(topic for topic, wanted_ns in self._running.items() if wanted_ns <= limit_ns)
        for topic in ended:
            del self._running[topic]
        return ended

    def _note(self, now_ns: int) -> None:
        """What is wanted now was wanted last now; a word that ran out held to its end."""
        for web, word in list(self._words.items()):
            for topic in word.topics & self._running.keys():
                until_ns = min(now_ns, word.until_ns)
                self._running[topic] = max(self._running[topic], until_ns)
            if word.until_ns <= now_ns:
                del self._words[web]

    def _longest_idle(self, spared: set[str], now_ns: int) -> str | None:
        """The topic that nobody has wanted for the longest time, if there is one."""
        idle = {
            topic: wanted_ns
            for topic, wanted_ns in self._running.items()
            if wanted_ns < now_ns and topic not in spared
        }
        return min(idle, key=idle.__getitem__, default=None)
