"""A running service beside a simulator that misbehaves: what is shown, and whether it is true."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from full_service import Service, Simulator, until
from watched_venue import WatchedVenue

from actors.runtime.connection_policy import HEALTHY_AFTER_S
from actors.runtime.control_client import ControlClient

SHOWN_SECONDS_MAX = 25.0
RESTORED_SECONDS_MAX = 20.0
WATCH_SECONDS = 0.1
FILLS_SHOWN = 500
MICROS = 1_000_000
UPTIME_MS_MIN = HEALTHY_AFTER_S * 1e3 + 300
"""What lived for so long is replaced at once when it ends; the schedule's waits are minutes."""

TOLD_SECONDS_MAX = 5.0
LANE_METRICS = {
    "connects": "connection_connects_total",
    "failures": "connection_failures_total",
    "malformed": "connection_malformed_total",
    "rate_limited": "connection_rate_limited_total",
}
BOOK_METRICS = {
    "gaps": "orderbook_gaps_total",
    "resyncs": "orderbook_resyncs_total",
    "checksum_failures": "orderbook_mismatches_total",
    "crossed": "orderbook_crossed_total",
}
"""What health counts, and the metric (behind `broadcaster_`) that must say the same."""

SAMPLE = re.compile(r"broadcaster_(\w+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

LaneKey = tuple[str, str]
Metrics = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Sight:
    """Everything that the service shows at one moment."""

    lanes: dict[LaneKey, dict[str, Any]]
    books: dict[str, dict[str, Any]]
    accounts: dict[str, dict[str, Any]]
    children: dict[str, dict[str, Any]]

    def stale(self, actor: str) -> str:
        """Why the data of an actor is stale now; empty where it is fresh."""
        if actor in self.books:
            parts = [self.books[actor]]
        else:
            account = self.accounts[actor]
            parts = [account, *account["positions"], *account["orders"]]
        return next((part["stale_reason"] or "stale" for part in parts if part["stale"]), "")


@dataclass
class Story:
    """What an actor was seen to show between two moments."""

    actor: str
    lane: str
    before: Sight
    last: Sight
    states: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    retries: set[tuple[int, int, bool]] = field(default_factory=set)
    """(phase, attempt, whether the next one's time was named)"""
    stale_reasons: set[str] = field(default_factory=set)
    via: set[str] = field(default_factory=set)
    child_states: set[str] = field(default_factory=set)
    interval_ms_max: float = 0.0
    began_us: int = field(default_factory=lambda: time.time_ns() // 1000)

    def see(self, sight: Sight) -> None:
        self.last = sight
        self.child_states.add(sight.children[self.actor]["state"])
        lane = sight.lanes[self.actor, self.lane]
        self.states.add(lane["state"])
        self.errors.add(lane["last_error"])
        self.retries.add((lane["phase"], lane["attempt"], bool(lane["next_retry_us"])))
        self.interval_ms_max = max(self.interval_ms_max, lane["interval_effective_ms"])
        if reason := sight.stale(self.actor):
            self.stale_reasons.add(reason)
        part = sight.books.get(self.actor) or sight.accounts[self.actor]
        self.via.add(part["via"])

    def rose(self, name: str) -> int:
        """By how much a counter of the lane, or of the book, rose."""
        shown = self.last.lanes[self.actor, self.lane]
        was = self.before.lanes[self.actor, self.lane]
        if name not in shown:
            shown, was = self.last.books[self.actor], self.before.books[self.actor]
        return int(shown[name] - was[name])


class Stage:
    """`venue` and `service` with what a fault test asks of both."""

    def __init__(
        self, venue: Simulator, service: Service, folder: Path, session: aiohttp.ClientSession
    ) -> None:
        self.venue = venue
        self.service = service
        self._control = ControlClient(folder / "run" / "control.sock")
        self._session = session
        self._chosen: list[str] = []
        """Actors in the order in which they were last chosen: the next one is another."""

    # what is shown

    async def get(self, path: str) -> Any:
        async with self._session.get(self.service.url + path) as response:
            assert response.status == 200, f"{path}: {response.status} {await response.text()}"
            return await response.json()

    async def look(self) -> Sight:
        health, status, accounts, tree = await asyncio.gather(
            self.get("/api/connections/health"),
            self.get("/api/orderbook-status"),
            self.get("/api/accounts"),
            self.get("/api/supervision"),
        )
        return Sight(
            lanes={(lane["actor"], lane["lane"]): lane for lane in health["connections"]},
            books={book["topic"]: book for book in status["streams"]},
            accounts={account["actor"]: account for account in accounts["accounts"]},
            children={child["actor"]: child for child in tree["children"]},
        )

    async def steady(self, kind: str, lane: str = "websocket") -> str:
        """An actor of this kind whose stream has lived long enough; the longest unchosen one."""

        async def rested() -> str:
            sight = await self.look()
            steady = [
                actor
                for (actor, name), shown in sight.lanes.items()
                if actor.startswith(kind) and name == "websocket" and shown["connected"]
                and shown["uptime_ms"] >= UPTIME_MS_MIN
                and sight.lanes[actor, lane]["connected"] and not sight.stale(actor)
            ]  # fmt: skip
            unchosen = [actor for actor in steady if actor not in self._chosen]
            return (unchosen or [one for one in self._chosen if one in steady] or [""])[0]

        found: str = await until(rested, RESTORED_SECONDS_MAX, f"a steady {kind}", every=0.1)
        self._chosen = [*(one for one in self._chosen if one != found), found]
        return found

    async def shown(self, *stories: tuple[Story, Callable[[Story], bool]]) -> None:
        """Each story was seen to be complete, not necessarily at one time."""
        waiting = list(stories)

        async def seen() -> bool:
            sight = await self.look()
            for story, _ in waiting:
                story.see(sight)
            waiting[:] = [(story, complete) for story, complete in waiting if not complete(story)]
            return not waiting

        try:
            await until(seen, SHOWN_SECONDS_MAX, "health shows it")
        except AssertionError as error:
            told = [story for story, _ in waiting]
            raise AssertionError(f"{error}: {told}\n{self.service.tail(20)}") from None

    async def restored(self, actors: list[str]) -> None:
        async def whole() -> bool:
            sight = await self.look()
            lanes = [lane for (actor, _), lane in sight.lanes.items() if actor in actors]
            return (
                all(lane["connected"] for lane in lanes)
                and all(sight.children[actor]["state"] == "ready" for actor in actors)
                and not any(sight.stale(actor) for actor in actors)
            )

        try:
            await until(whole, RESTORED_SECONDS_MAX, f"{actors} restored")
        except AssertionError as error:
            sight = await self.look()
            lanes = [lane for (actor, _), lane in sight.lanes.items() if actor in actors]
            stale = [sight.stale(actor) for actor in actors]
            raise AssertionError(f"{error}: {lanes}, {stale}\n{self.service.tail(20)}") from None

    # what is written down

    async def faults(self, actor: str, since_us: int) -> list[str]:
        """What `/api/errors` tells of an actor since then."""
        told = await self.get("/api/errors?limit=500")
        return [
            f"{group['kind']}: {group['message']}"
            for group in told["errors"]
            if group["source"] == actor and group["last_us"] >= since_us
        ]

    async def metrics(self) -> Metrics:
        async with self._session.get(self.service.url + "/metrics") as response:
            assert response.status == 200, await response.text()
            lines = (await response.text()).splitlines()
        samples = (SAMPLE.fullmatch(line) for line in lines if not line.startswith("#"))
        return {
            (found[1], frozenset(LABEL.findall(found[2] or ""))): float(found[3])
            for found in samples
            if found is not None
        }

    async def in_errors(self, story: Story, error: str) -> None:
        """The fault stands under the errors; where none is expected, nothing does."""
        if not error:
            found = await self.faults(story.actor, story.began_us)
            assert not found, (story.actor, found)
            return

        async def told() -> bool:
            return any(error in fault for fault in await self.faults(story.actor, story.began_us))

        try:
            await until(told, TOLD_SECONDS_MAX, f"{error!r} in /api/errors", every=0.05)
        except AssertionError as failed:
            shown = await self.faults(story.actor, story.began_us)
            raise AssertionError(f"{failed}: {story.actor} {story.errors}, there {shown}") from None

    async def in_metrics(self, story: Story, *, up: bool) -> None:
        """The lane is up or not, and all that health counts of it stands in the metrics too."""
        apart: dict[str, tuple[float | None, float]] = {}

        async def told() -> bool:
            metrics, sight = await asyncio.gather(self.metrics(), self.look())
            lane = sight.lanes[story.actor, story.lane]
            labels = {"actor": story.actor, "venue": lane["venue"], "lane": story.lane}
            expected = {("connection_up", frozenset(labels.items())): float(up)}
            for name, metric in LANE_METRICS.items():
                expected[metric, frozenset(labels.items())] = lane[name]
            child = sight.children[story.actor]
            labels = {"actor": story.actor, "kind": child["kind"]}
            expected["child_restarts_total", frozenset(labels.items())] = child["restarts"]
            if story.actor in sight.books:
                names = ("venue", "product", "symbol")
                labels = dict(zip(names, story.actor.split(":")[1:], strict=True))
                for name, metric in BOOK_METRICS.items():
                    expected[metric, frozenset(labels.items())] = sight.books[story.actor][name]
            apart.clear()
            apart.update(
                {name: (metrics.get((name, of)), value) for (name, of), value in expected.items()
                 if metrics.get((name, of)) != value}
            )  # fmt: skip
            return not apart

        try:
            await until(told, TOLD_SECONDS_MAX, "metrics as health", every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}: {story.actor}; shown, expected: {apart}") from None

    @asynccontextmanager
    async def others_undisturbed(
        self, disturbed: list[str], *, shared: bool = False
    ) -> AsyncIterator[None]:
        """While it lasts every other account and book stays connected and fresh.

        `shared`: the venue told the whole address to wait, so others' requests wait too.
        """
        before = await self.look()
        found: list[str] = []
        ended = asyncio.Event()

        async def watch() -> None:
            while not ended.is_set():
                found.extend(complaints(before, await self.look(), disturbed, shared=shared))
                await asyncio.wait({asyncio.ensure_future(ended.wait())}, timeout=WATCH_SECONDS)

        watching = asyncio.ensure_future(watch())
        try:
            yield
        finally:
            ended.set()
            await watching
        assert not found, found[:5]

    # what is asked for

    async def fault(self, kind: str, target: str, **options: Any) -> None:
        order = {"kind": kind, "target": target, **options}
        await self.venue.call("POST", "/fault", json=order)

    async def clear(self) -> None:
        await self.venue.call("DELETE", "/fault")

    async def reconnect(self, *actors: str) -> None:
        """The operator's own way to spare a schedule's minute."""
        for actor in actors:
            await self._control.call("reconnect", actor=actor)

    async def mend(self) -> None:
        """Ends the faults that wait, and the waits that they caused."""
        await self.clear()
        sight = await self.look()
        broken = {actor for (actor, _), lane in sight.lanes.items() if not lane["connected"]}
        await self.reconnect(*(actor for actor in broken if actor in sight.children))

    # the truth

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        await self.venue.call("POST", "/pause")
        try:
            yield
        finally:
            await self.venue.call("POST", "/resume")

    async def equal(self, actors: list[str]) -> None:
        """Freezes the simulated world, then compares what each actor delivered with its truth."""
        async with self.paused():
            for actor in actors:
                await (
                    self._book_equal(actor)
                    if actor.startswith("orderbook")
                    else self._account_equal(actor)
                )

    async def _book_equal(self, actor: str) -> None:
        market = actor.rpartition(":")[2]

        async def level() -> Any:
            """Both books at one sequence: the venue's newest connection against what we serve."""
            truth = await self.venue.call("GET", f"/book?market={market}")
            ours = await self.get(f"/api/orderbook/{market}")
            same = ours["sequence"] == self._book_sequence(truth)
            return (truth, ours) if same and ours["verified"] else None

        truth, ours = await until(level, 10, f"{market} at the venue's sequence")
        for side in ("bids", "asks"):
            assert len(truth[side]) > 5
            assert numbers(ours[side]) == numbers(truth[side]), (market, side)

    def _book_sequence(self, truth: dict[str, Any]) -> int | None:
        """What a client that has it all holds: the newest connection's, or the book's own."""
        if not self.venue.venue.numbered_frames:
            return int(truth["nonce"])
        newest = max(truth["connections"], key=lambda one: one["connection"], default=None)
        return newest and int(newest["seq"])

    async def _account_equal(self, actor: str) -> None:
        name = actor.rpartition(":")[2]
        truth = await self.venue.call("GET", f"/ledger?account={name}")
        expected = account_truth(truth, self.venue.venue)
        shown: list[dict[str, Any]] = []

        async def same() -> bool:
            account, fills = await asyncio.gather(
                self.get(f"/api/accounts/{name}"), self.get(f"/api/ws/trades/{name}")
            )
            shown[:] = [account_shown(account, fills["trades"])]
            if not self.venue.venue.numbered_frames:
                for rows in (shown[0]["fills"], expected["fills"]):
                    rows.sort()
            return bool(shown[0] == expected)

        try:
            await until(same, 10, f"account {name} equals its ledger", every=0.05)
        except AssertionError as error:
            apart = {
                part: (shown[0][part], expected[part])
                for part in expected
                if shown[0][part] != expected[part]
            }
            raise AssertionError(f"{error}; shown, expected: {apart}") from None


def numbers(levels: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(price), Decimal(size)) for price, size in levels]


def account_truth(ledger: dict[str, Any], venue: WatchedVenue) -> dict[str, Any]:
    return {
        "balance": Decimal(ledger["balance"]) / MICROS,
        "positions": {market: Decimal(size) for market, size in ledger["open_positions"].items()},
        "orders": {
            str(row[venue.order_id]): Decimal(row[venue.order_filled])
            for row in ledger["orders"]
            if row[venue.order_id] in ledger["open_orders"]
        },
        "fills": [
            fill_text(fill[venue.fill_id], fill["price"], fill[venue.fill_size])
            for fill in ledger["fills"][-FILLS_SHOWN:]
        ],
    }


def account_shown(account: dict[str, Any], trades: list[dict[str, Any]]) -> dict[str, Any]:
    """As `account_truth`."""
    return {
        "balance": Decimal(account["wallet_balance"]),
        "positions": {
            row["symbol"]: Decimal(row["quantity"]) * (1 if row["side"] == "long" else -1)
            for row in account["positions"]
        },
        "orders": {row["order_id"]: Decimal(row["filled_quantity"]) for row in account["orders"]},
        "fills": [
            fill_text(row["fill_id"], row["price"], row["quantity"]) for row in reversed(trades)
        ],
    }


def fill_text(fill_id: Any, price: str, size: str) -> str:
    return f"{fill_id} {Decimal(price).normalize()} {Decimal(size).normalize()}"


def complaints(before: Sight, now: Sight, disturbed: list[str], *, shared: bool) -> list[str]:
    """What else than the disturbed actors was disturbed."""
    found = []
    for (actor, name), lane in now.lanes.items():
        was = before.lanes[actor, name]
        if actor in disturbed or (shared and lane["last_error"].startswith("RateLimited")):
            continue
        if not lane["connected"]:
            found.append(f"{actor} {name} is {lane['state']}: {lane['last_error']}")
        found += [
            f"{actor} {name}: {counter} {was[counter]} → {lane[counter]}, {lane['last_error']}"
            for counter in ("connects", "failures", "malformed", "rate_limited")
            if lane[counter] != was[counter]
        ]
    others = [actor for actor in (*now.books, *now.accounts) if actor not in disturbed]
    stale = [(actor, now.stale(actor)) for actor in others]
    return found + [f"{actor} is stale: {reason}" for actor, reason in stale if reason]
