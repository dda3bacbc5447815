"""Extended's public REST endpoints (PROTOCOL 2.4)."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from actors.simulator.dialects.contract import PublicAnswer
from actors.simulator.dialects.extended_http import (
    API_BASE,
    bad_parameter,
    ok,
    page_limit,
    paged,
    whole_number,
)
from actors.simulator.dialects.extended_market_rows import (
    OPEN_INTEREST_STEPS,
    asset_rows,
    candle_row,
    funding_rows,
    market_row,
    open_interest_rows,
    print_row,
    stats_row,
)
from actors.simulator.dialects.extended_rows import pico_text, price_text, size_text
from actors.simulator.exchange import Exchange
from actors.simulator.history import INTERVALS_MS
from actors.simulator.market import Market
from actors.simulator.refused import Refused
from actors.simulator.tape import CANDLE_TYPES

LAST_TRADES: Final = 50
OPEN_INTEREST_ROWS_MAX: Final = 300


class ExtendedPublic:
    """Answers that need no key."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[tuple[str, str, PublicAnswer]]:
        info = f"{API_BASE}/info"
        return [
            ("GET", f"{info}/markets", self.markets),
            ("GET", f"{info}/markets/{{market}}/stats", self.stats),
            ("GET", f"{info}/markets/{{market}}/orderbook", self.book),
            ("GET", f"{info}/markets/{{market}}/trades", self.trades),
            ("GET", f"{info}/candles/{{market}}/{{kind}}", self.candles),
            ("GET", f"{info}/assets", self.assets),
            ("GET", f"{info}/assets/{{name}}/price", self.asset_price),
            ("GET", f"{info}/{{market}}/funding", self.funding),
            ("GET", f"{info}/{{market}}/open-interests", self.open_interests),
        ]

    def markets(self, request: web.Request) -> web.Response:
        names = request.query.getall("market", list(self._exchange.markets))
        now_ms = self._exchange.now_ms
        return ok([market_row(self._named(name), now_ms) for name in names])

    def stats(self, request: web.Request) -> web.Response:
        return ok(stats_row(self._market(request), self._exchange.now_ms))

    def book(self, request: web.Request) -> web.Response:
        """The published book; without sequence and time, as at the venue."""
        market = self._market(request)
        truth = market.feed.truth()
        assert truth is not None, "the newest frame is always known"
        sides = {
            word: [
                {"qty": size_text(market.spec, lots), "price": price_text(market.spec, price)}
                for price, lots in levels
            ]
            for word, levels in (("bid", truth.bids), ("ask", truth.asks))
        }
        return ok({"market": market.name, **sides})

    def trades(self, request: web.Request) -> web.Response:
        market = self._market(request)
        prints = list(self._exchange.ledger.prints[market.name])[-LAST_TRADES:]
        return ok([print_row(market.spec, one) for one in prints])

    def candles(self, request: web.Request) -> web.Response:
        market = self._market(request)
        kind = request.match_info["kind"]
        interval = request.query.get("interval", "")
        if kind not in CANDLE_TYPES:
            raise bad_parameter("candleType", " or ".join(CANDLE_TYPES), kind)
        if not interval or "limit" not in request.query:
            raise Refused(400, "400", "interval and limit are required")
        if interval not in INTERVALS_MS:
            raise Refused(400, "1005", f"Interval {interval!r} is not supported")
        now_ms = self._exchange.now_ms
        until_ms = whole_number(request, "endTime", now_ms)
        candles = market.tape.candles(
            kind, interval, min(until_ms or 0, now_ms), page_limit(request)
        )
        with_volume = kind == "trades"
        return ok([candle_row(market.spec, one, with_volume=with_volume) for one in candles])

    def funding(self, request: web.Request) -> web.Response:
        market = self._market(request)
        start_ms, end_ms = self._period(request)
        rows = funding_rows(market, start_ms, end_ms)
        cursor = whole_number(request, "cursor")
        if cursor is not None:
            rows = [row for row in rows if row["T"] < cursor]
        return paged(rows[: page_limit(request)], "T")

    def open_interests(self, request: web.Request) -> web.Response:
        market = self._market(request)
        interval = request.query.get("interval", "")
        if interval not in OPEN_INTEREST_STEPS:
            raise Refused(400, "1005", f"Interval {interval!r} is not supported")
        start_ms, end_ms = self._period(request)
        rows = open_interest_rows(market, start_ms, end_ms, OPEN_INTEREST_STEPS[interval])
        return ok(rows[-OPEN_INTEREST_ROWS_MAX:])

    def assets(self, request: web.Request) -> web.Response:
        kind = request.query.get("type")
        rows = asset_rows(list(self._exchange.markets.values()))
        return ok([row for row in rows if kind in {None, row["type"]}])

    def asset_price(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name == "USD":
            return ok("1")
        market = self._exchange.markets.get(f"{name}-USD")
        if market is None:
            raise Refused(404, "1000", "Asset not found.")
        return ok(pico_text(market.tape.index_pico))

    def _market(self, request: web.Request) -> Market:
        return self._named(request.match_info["market"])

    def _named(self, name: str) -> Market:
        market = self._exchange.markets.get(name)
        if market is None:
            raise Refused(404, "1001", "Market not found.")
        return market

    def _period(self, request: web.Request) -> tuple[int, int]:
        start_ms, end_ms = whole_number(request, "startTime"), whole_number(request, "endTime")
        if start_ms is None or end_ms is None:
            raise Refused(400, "400", "startTime and endTime are required")
        if start_ms > end_ms:
            raise bad_parameter("startTime", "a time not after endTime", start_ms)
        return start_ms, min(end_ms, self._exchange.now_ms)
