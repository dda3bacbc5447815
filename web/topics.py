"""Topics that clients ask for: read, checked and matched.

`*` as a whole segment matches any. Alone it means every topic, and as the only or last segment
after a kind (`fills:*`, `candles:bitfinex:*`) whatever the kind still has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from actors.messages.ids import ACCOUNT_KINDS, PRODUCTS, topic_kind

ANY: Final = "*"
TOPIC_LENGTH_MAX: Final = 200
TOPICS_MAX: Final = 200
"""Patterns of one client; `*` covers more."""
KNOWN_SHOWN_MAX: Final = 40

SERVED_SERVICE: Final = ("connections", "supervision", "errors", "latency", "points")
SERVED_MARKET: Final = ("orderbook", "ticker", "trades", "mark", "funding")
SERVED_CANDLES: Final = "candles"
SERVED: Final = ACCOUNT_KINDS.union(SERVED_SERVICE, SERVED_MARKET, (SERVED_CANDLES,))
EXAMPLES: Final = (
    "account:<venue>:<name>, positions:…, orders:…, fills:…, fundings:…, "
    "orderbook:<venue>:<product>:<symbol>, ticker:…, trades:…, "
    "candles:<venue>:<product>:<symbol>:<timeframe>, connections, supervision, errors, latency, "
    "points, or * for all"
)
DEFAULT: Final = tuple(f"{kind}:*:*" for kind in ("account", "positions", "orders", "fills"))
"""What a client gets that connects and asks for nothing."""


class TopicRefused(Exception):
    """A topic that cannot be: `field`, what was expected there, what was found."""

    def __init__(self, topic: str, field: str, expected: str, found: str) -> None:
        self.topic = topic[:TOPIC_LENGTH_MAX]
        self.field = field
        self.expected = expected
        self.found = found[:TOPIC_LENGTH_MAX]
        super().__init__(f"{field}: expected {expected}, found {self.found!r}")


class Pattern(NamedTuple):
    """A topic's segments; those of a market are always four (candles: five), `*` where left out."""

    kind: str
    parts: tuple[str, ...]

    @property
    def exact(self) -> bool:
        return self.kind != ANY and ANY not in self.parts

    @property
    def text(self) -> str:
        return ":".join((self.kind, *self.parts))

    def matches(self, topic: str) -> bool:
        kind, *parts = segments(topic)
        if self == EVERYTHING:
            return kind in SERVED
        if self.kind not in (ANY, kind) or len(self.parts) != len(parts):
            return False
        return all(mine in (ANY, theirs) for mine, theirs in zip(self.parts, parts, strict=True))


EVERYTHING: Final = Pattern(ANY, ())


def segments(topic: str) -> list[str]:
    """A topic's segments; a venue's symbol may hold colons of its own."""
    kind, _, rest = topic.partition(":")
    if kind in SERVED_MARKET:
        return [kind, *rest.split(":", 2)]
    if kind == SERVED_CANDLES:
        market, _, timeframe = rest.rpartition(":")
        return [kind, *market.split(":", 2), timeframe]
    return topic.split(":")


def parse(topic: object) -> Pattern:
    """The pattern that a client's text means; TopicRefused for anything else."""
    if not isinstance(topic, str) or not topic or len(topic) > TOPIC_LENGTH_MAX:
        raise TopicRefused(
            str(topic), "topic", f"text of 1 to {TOPIC_LENGTH_MAX} characters", repr(topic)
        )
    if topic == ANY:
        return EVERYTHING
    kind, colon, rest = topic.partition(":")
    if kind in SERVED_SERVICE:
        if colon:
            raise TopicRefused(topic, "topic", f"{kind!r} alone", topic)
        return Pattern(kind, ())
    if kind in ACCOUNT_KINDS or kind == ANY:
        every = kind != ANY and rest == ANY
        return Pattern(kind, (ANY, ANY) if every else _account_parts(topic, rest))
    if kind in SERVED_MARKET:
        return Pattern(kind, _market_parts(topic, rest))
    if kind == SERVED_CANDLES:
        market, colon, timeframe = rest.rpartition(":")
        if timeframe == ANY and ":" not in market:
            # `candles:*` and `candles:<venue>:*`: the last `*` stands for the market, too.
            market = f"{market}{colon}{ANY}"
        if not timeframe:
            raise TopicRefused(topic, "timeframe", "one such as '1m', or '*'", timeframe)
        return Pattern(kind, (*_market_parts(topic, market), timeframe))
    raise TopicRefused(topic, "topic", EXAMPLES, topic)


def _account_parts(topic: str, rest: str) -> tuple[str, ...]:
    parts = tuple(rest.split(":"))
    if len(parts) != 2 or not all(parts):
        raise TopicRefused(topic, "topic", "<kind>:<venue>:<name>", topic)
    return parts


def _market_parts(topic: str, rest: str) -> tuple[str, ...]:
    if rest == ANY:
        return (ANY, ANY, ANY)
    venue, _, market = rest.partition(":")
    product, _, symbol = market.partition(":")
    if product not in (*PRODUCTS, ANY) or not symbol:
        # The product is left out (or `*` stands for the symbol alone).
        product, symbol = ANY, market
    if not venue or not symbol:
        raise TopicRefused(topic, "topic", "<kind>:<venue>:<product>:<symbol>", topic)
    return (venue, product, symbol)


def parse_all(topics: Iterable[object]) -> frozenset[Pattern]:
    """All of a client's topics; TopicRefused where there are none or too many."""
    patterns = frozenset(parse(topic) for topic in topics)
    if not patterns:
        raise TopicRefused("", "topics", "at least one topic", "none")
    if len(patterns) > TOPICS_MAX:
        raise TopicRefused("", "topics", f"at most {TOPICS_MAX} topics", str(len(patterns)))
    return patterns


def check_known(patterns: Iterable[Pattern], topics: Iterable[str]) -> None:
    """Raises TopicRefused for a pattern that names none of these topics."""
    known = [topic for topic in topics if EVERYTHING.matches(topic)]
    for pattern in patterns:
        named = any(part != ANY for part in pattern.parts)
        if named and not any(pattern.matches(topic) for topic in known):
            of_kind = [t for t in known if pattern.kind in (ANY, topic_kind(t))] or known
            shown = ", ".join(of_kind[:KNOWN_SHOWN_MAX])
            raise TopicRefused(pattern.text, "topic", f"one of {shown}", pattern.text)


class Matcher:
    """A set of patterns that remembers its verdict on each topic (as many as topics exist)."""

    __slots__ = ("_verdicts", "patterns")

    def __init__(self, patterns: frozenset[Pattern]) -> None:
        self.patterns = patterns
        self._verdicts: dict[str, bool] = {}

    def __call__(self, topic: str) -> bool:
        verdict = self._verdicts.get(topic)
        if verdict is None:
            verdict = any(pattern.matches(topic) for pattern in self.patterns)
            self._verdicts[topic] = verdict
        return verdict
