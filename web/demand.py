"""Which market streams this process's clients want beyond the configured ones, told to the
supervisor, who starts and stops them over all web processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from actors.cache.replica import Replica
from actors.errors import LinkFault
from actors.messages.ids import PRODUCTS, candles_topic, market_topic
from actors.messages.market import InstrumentList
from actors.runtime.clock import Clock
from actors.runtime.control_client import ControlRefused
from web.control import Control
from web.topics import ANY, Pattern, TopicRefused, segments

RENEW_S: Final = 5.0
"""A third of the time for which the supervisor keeps our word."""
GATHER_S: Final = 0.05
"""Clients that come and go together are told of together."""
RETRY_S: Final = 1.0
HOLD_S: Final = 10.0
"""A question over REST wants its stream for so long; the supervisor lets it linger besides."""
HOLDS_MAX: Final = 500
TOPICS_MAX: Final = 1_000
"""Of one word to the supervisor, who takes no more; clients come before questions over REST."""
NEAREST_MAX: Final = 3

_KINDS: Final = frozenset({"orderbook", "ticker", "trades", "candles"})


class NotStarted(Exception):
    """A stream could not be asked for, or cannot run now; the text says why.

    `found` is its topic, or what else was asked for in vain.
    """

    expected: Final = "a market stream that can run now"

    def __init__(self, found: str, reason: str) -> None:
        self.found = found
        super().__init__(f"{found}: {reason}")


class Demand:
    """What is wanted is counted per topic; `web` is this process's actor id."""

    def __init__(
        self,
        replica: Replica,
        control: Control,
        clock: Clock,
        web: str,
        *,
        configured: Iterable[str],
        venues: Iterable[str],
    ) -> None:
        self._replica = replica
        self._control = control
        self._clock = clock
        self._web = web
        self._configured = frozenset(configured)
        self._venues = frozenset(venues)
        self._wanted: Counter[str] = Counter()
        self._holds: dict[str, int] = {}
        self._running: frozenset[str] = frozenset()
        """All that run on demand, for whomever."""
        self._kept: frozenset[str] = frozenset()
        """What our last word keeps running."""
        self._changed = asyncio.Event()
        self._asking = asyncio.Lock()

    # which streams a client means

    def topics(self, patterns: Iterable[Pattern]) -> dict[Pattern, str]:
        """The topic of each pattern that names one market stream which can run on demand.

        Raises TopicRefused for one of a market or timeframe that there is not, NotStarted while
        nobody can know.
        """
        found = {pattern: self._topic(pattern) for pattern in patterns}
        return {pattern: topic for pattern, topic in found.items() if topic is not None}

    def named(self, patterns: Iterable[Pattern]) -> set[str]:
        """The same topics, whether there are such markets or not."""
        return {topic for topic in map(self._name, patterns) if topic is not None}

    def _topic(self, pattern: Pattern) -> str | None:
        topic = self._name(pattern)
        if topic is not None and topic not in self._running:
            kind, venue, product, *rest = segments(topic)
            symbol, timeframe = rest if kind == "candles" else (rest[0], None)
            self.check(venue, product, symbol, timeframe)
        return topic

    def _name(self, pattern: Pattern) -> str | None:
        """The topic of a pattern that stands for one stream, which is not configured."""
        if pattern.kind not in _KINDS:
            return None
        venue, product, symbol, *more = pattern.parts
        if ANY in (venue, symbol, *more):
            return None
        product = product if product != ANY else self._product(venue, symbol)
        topic = str(market_topic(pattern.kind, venue, product, symbol))
        if pattern.kind == "candles":
            topic = str(candles_topic(venue, product, symbol, more[0]))
        return None if topic in self._configured else topic

    def _product(self, venue: str, symbol: str) -> str:
        """The one product in which the venue has this symbol."""
        listed = self._replica.store.instruments.get(venue)
        if listed is None:
            # What is configured needs no list to be known.
            markets = [segments(topic)[1:4] for topic in self._configured]
            products = {it[1] for it in markets if [it[0], it[2]] == [venue, symbol]}
        else:
            products = {item.product for item in listed.items if item.symbol == symbol}
        if len(products) > 1:
            named = " or ".join(sorted(products))
            raise TopicRefused(symbol, "product", f"{named}, for {symbol} is traded in both", ANY)
        # A market that nobody knows is refused by what follows.
        return next(iter(products), PRODUCTS[1])

    def check(self, venue: str, product: str, symbol: str, timeframe: str | None) -> None:
        """Raises TopicRefused unless the venue lists this market (and has this timeframe), and
        NotStarted while its list has not come."""
        instruments = self._replica.store.instruments
        listed = instruments.get(venue)
        if listed is None and venue in self._venues:
            raise NotStarted(symbol, f"the markets of {venue} are not known yet")
        if listed is None:
            known = ", ".join(sorted(self._venues.union(instruments)))
            raise TopicRefused(venue, "venue", f"one of {known}", venue)
        if not any(item.symbol == symbol and item.product == product for item in listed.items):
            raise TopicRefused(symbol, "symbol", _markets_like(symbol, listed), symbol)
        if timeframe is not None and timeframe not in listed.timeframes:
            raise TopicRefused(
                timeframe, "timeframe", f"one of {', '.join(listed.timeframes)}", timeframe
            )

    # wanting them

    async def start(self, topics: Collection[str]) -> None:
        """Returns once the supervisor runs them; raises NotStarted.

        They are wanted for HOLD_S: who wants them for longer counts himself by `add`.
        """
        if not topics:
            return
        until_ns = self._clock.monotonic_ns() + round(HOLD_S * 1e9)
        self._holds |= dict.fromkeys(topics, until_ns)
        while len(self._holds) > HOLDS_MAX:
            del self._holds[next(iter(self._holds))]
        async with self._asking:
            # What merely runs may linger for the last time: only our own word keeps it.
            if self._kept.issuperset(topics):
                return
            try:
                refused = await self._tell()
            except (LinkFault, ControlRefused) as error:
                self._drop(topics)
                reason = f"the supervisor could not be asked: {error}"
                raise NotStarted(", ".join(topics), reason) from error
        for topic in topics:
            if topic not in self._kept:
                self._drop(topics)
                reason = refused.get(topic, f"{TOPICS_MAX} streams are wanted already")
                raise NotStarted(topic, reason)

    def add(self, topics: Collection[str]) -> None:
        """A client wants these from now on; how long is then for it alone to say."""
        self._wanted.update(topics)
        self._drop(topics)
        self._changed.set()

    def remove(self, topics: Collection[str]) -> None:
        """A client wants these no more."""
        self._wanted.subtract(topics)
        for topic in topics:
            if self._wanted[topic] <= 0:
                del self._wanted[topic]
                self._changed.set()

    async def run(self) -> None:
        """Keeps our word, and tells of changes, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S):
                    await self._changed.wait()
            await asyncio.sleep(GATHER_S)
            try:
                async with self._asking:
                    await self._tell()
            except (LinkFault, ControlRefused):
                # The service is ending, or its supervisor busy: what runs goes on a while.
                self._changed.set()
                await asyncio.sleep(RETRY_S)

    async def _tell(self) -> dict[str, str]:
        """The whole of what is wanted; returns what was refused, with the reasons."""
        self._changed.clear()
        self._kept = frozenset()
        now_ns = self._clock.monotonic_ns()
        self._holds = {topic: until for topic, until in self._holds.items() if until > now_ns}
        wanted = list(dict.fromkeys((*self._wanted, *self._holds)))[:TOPICS_MAX]
        if not wanted and not self._running:
            return {}
        answer = await self._control.call("demand", web=self._web, topics=wanted)
        self._running = frozenset(answer["running"])
        refused: dict[str, str] = answer["refused"]
        self._kept = frozenset(wanted).difference(refused)
        return refused

    def _drop(self, topics: Collection[str]) -> None:
        for topic in topics:
            self._holds.pop(topic, None)


class Wish:
    """What one client wants; `end` takes all of it back."""

    def __init__(self, demand: Demand) -> None:
        self._demand = demand
        self._topics: set[str] = set()

    def add(self, topics: Iterable[str]) -> None:
        new = set(topics) - self._topics
        self._topics |= new
        self._demand.add(new)

    def drop(self, topics: Iterable[str]) -> None:
        gone = self._topics.intersection(topics)
        self._topics -= gone
        self._demand.remove(gone)

    def keep(self, topics: Collection[str]) -> None:
        """Nothing but these."""
        self.drop(self._topics.difference(topics))

    def end(self) -> None:
        self.drop(set(self._topics))


def _markets_like(symbol: str, listed: InstrumentList) -> str:
    known = {item.symbol.upper(): item.symbol for item in listed.items}
    near = get_close_matches(symbol.upper()[:80], known, NEAREST_MAX, cutoff=0.4)
    shown = ", ".join(known[name] for name in near or list(known)[:NEAREST_MAX])
    return f"a market of {listed.venue} as it spells it, such as {shown} (all: /api/markets)"
