"""Metrics of what is watched: order books, accounts, venues, faults, and how long data take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from actors.cache.books import BookState
from actors.cache.histogram import TOTALS_MS
from actors.messages.account import AccountSnapshot
from actors.messages.ids import account_topic
from actors.messages.latency import LegLatency, VenueClock
from actors.messages.market import BookStatus
from web.exposition import Buckets, Subject, Thing, Value, counter, gauge, histogram
from web.service import Service
from web.topics import segments

BOUNDS_S: Final = tuple(bound_ms / 1e3 for bound_ms in TOTALS_MS)

# order books


class _Book(NamedTuple):
    held: BookState
    age_s: float | None
    stale: bool


def _books(current: Service) -> Iterator[Thing]:
    store, now = current.replica.store, current.clock.monotonic_ns()
    for topic in current.books():
        held = store.books.get(topic) or BookState()
        age_s, stale = None, True
        if held.datum is not None:
            freshness = store.freshness(topic, held.datum, now)
            age_s, stale = freshness.age_ms / 1e3, freshness.stale
        _, venue, product, symbol = segments(topic)
        yield Thing((venue, product, symbol), _Book(held, age_s, stale))


def _status(read: Callable[[BookStatus], Value]) -> Callable[[_Book], Value]:
    """Of what the stream tells of itself; absent before it has."""
    return lambda it: None if (status := it.held.status) is None else read(status)


_BOOKS: Final = (
    Subject(
        ("venue", "product", "symbol"),
        _books,
        (
            gauge(
                "orderbook_verified",
                "1 while the book is whole by the venue's own rule.",
                lambda it: it.held.verified,
            ),
            gauge("orderbook_stale", "1 while it may not be trusted.", lambda it: it.stale),
            gauge("orderbook_age_seconds", "Since it was last confirmed.", lambda it: it.age_s),
            counter("orderbook_updates_total", "Verified updates.", _status(lambda it: it.updates)),
            counter("orderbook_snapshots_total", "Snapshots.", _status(lambda it: it.snapshots)),
            counter("orderbook_gaps_total", "Gaps in the sequence.", _status(lambda it: it.gaps)),
            counter("orderbook_resyncs_total", "Resyncs.", _status(lambda it: it.resyncs)),
            counter(
                "orderbook_mismatches_total",
                "Failed checksums and sizes.",
                _status(lambda it: it.mismatches),
            ),
            counter("orderbook_crossed_total", "Crossed books.", _status(lambda it: it.crossed)),
            counter(
                "orderbook_malformed_total", "Unreadable frames.", _status(lambda it: it.malformed)
            ),
            gauge(
                "orderbook_longest_outage_seconds",
                "Longest time without a verified book.",
                _status(lambda it: it.longest_outage_ms / 1e3),
            ),
        ),
    ),
)

# accounts


class _Account(NamedTuple):
    age_s: float | None
    stale: bool
    positions: int
    orders: int


def _accounts(current: Service) -> Iterator[Thing]:
    store, now = current.replica.store, current.clock.monotonic_ns()
    for account in current.accounts():
        key = (account.venue, account.name)
        state = store.accounts.get(key)
        if state is None or state.snapshot is None:
            yield Thing(key, _Account(None, True, 0, 0))
            continue
        fresh = store.freshness(account_topic("account", *key), state.snapshot, now)
        counts = len(state.positions), len(state.orders)
        yield Thing(key, _Account(fresh.age_ms / 1e3, fresh.stale, *counts))


def _figures(current: Service) -> Iterator[Thing]:
    for key, state in sorted(current.replica.store.accounts.items(), key=lambda it: it[0]):
        if state.snapshot is not None:
            figures = state.snapshot.value
            yield Thing((*key, figures.settle), figures)


def _money(read: Callable[[AccountSnapshot], str | None]) -> Callable[[AccountSnapshot], Value]:
    """Decimal text as a number; absent where the venue does not tell it."""
    return lambda it: None if (text := read(it)) is None else float(text)


_ACCOUNTS: Final = (
    Subject(
        ("venue", "account"),
        _accounts,
        (
            gauge("account_stale", "1 while its figures may not be trusted.", lambda it: it.stale),
            gauge("account_age_seconds", "Since its venue confirmed it.", lambda it: it.age_s),
            gauge("account_positions", "Positions held.", lambda it: it.positions),
            gauge("account_open_orders", "Orders working.", lambda it: it.orders),
        ),
    ),
    Subject(
        ("venue", "account", "asset"),
        _figures,
        (
            gauge("account_equity", "Equity, in the asset.", _money(lambda it: it.equity)),
            gauge("account_free", "What can be used.", _money(lambda it: it.free)),
            gauge("account_margin_used", "Margin in use.", _money(lambda it: it.margin_used)),
            gauge(
                "account_unrealized_pnl",
                "Unrealized profit and loss.",
                _money(lambda it: it.unrealized_pnl),
            ),
        ),
    ),
)

# venues, faults, delays


class _Clock(NamedTuple):
    told: VenueClock
    now_mono_ns: int


def _venues(current: Service) -> Iterator[Thing]:
    accounts, books = list(_accounts(current)), list(_books(current))
    for venue in current.venues():
        stale = sum(it.held.stale for it in (*accounts, *books) if it.labels[0] == venue)
        yield Thing((venue,), (stale, current.rates.messages_per_s(venue)))


def _clocks(current: Service) -> Iterator[Thing]:
    report, now = current.reading.latency_report(), current.clock.monotonic_ns()
    for clock in () if report is None else report.clocks:
        yield Thing((clock.venue,), _Clock(clock, now))


def _faults(current: Service) -> Iterator[Thing]:
    for source_kind, count in sorted(current.replica.store.fault_counts.items()):
        yield Thing(source_kind, count)


def _legs(current: Service) -> Iterator[Thing]:
    report = current.reading.latency_report()
    told = () if report is None else report.actors
    for actor in (*told, current.latency.figures()):
        for leg in actor.legs:
            yield Thing((actor.actor, leg.leg), leg)


def _buckets(leg: LegLatency) -> Buckets:
    return Buckets(BOUNDS_S, leg.totals, leg.sum_ms / 1e3)


_VENUES: Final = (
    Subject(
        ("venue",),
        _venues,
        (
            gauge("venue_stale", "Accounts and order books that are stale.", lambda it: it[0]),
            gauge("venue_messages_per_second", "Over 10 s, all lanes.", lambda it: it[1]),
        ),
    ),
    Subject(
        ("venue",),
        _clocks,
        (
            gauge(
                "venue_clock_offset_seconds",
                "The venue's clock minus ours, by the Date header of its answers.",
                lambda it: it.told.offset_ms / 1e3,
            ),
            gauge(
                "venue_clock_uncertainty_seconds",
                "By how much the offset may be wrong.",
                lambda it: it.told.uncertainty_ms / 1e3,
            ),
            gauge(
                "venue_clock_age_seconds",
                "Since the offset was measured.",
                lambda it: (it.now_mono_ns - it.told.measured_mono_ns) / 1e9,
            ),
        ),
    ),
    Subject(
        ("source", "kind"),
        _faults,
        (counter("faults_total", "Faults reported, as this web process heard.", lambda it: it),),
    ),
    Subject(
        ("actor", "leg"),
        _legs,
        (
            histogram(
                "latency_seconds",
                "How long data take: venue_to_actor, actor_to_cache, cache_to_web; "
                "web_to_client is a ping there and back.",
                _buckets,
            ),
        ),
    ),
)

DATA: Final[tuple[Subject, ...]] = (*_BOOKS, *_ACCOUNTS, *_VENUES)
