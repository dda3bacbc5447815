"""Rows of public answers and frames of Extended: markets, books, trades, candles, rates.

Shapes as in PROTOCOL 2.4, 3.2 and 3.3.
"""

from __future__ import annotations

from typing import Any, Final

from actors.simulator.dialects.extended_rows import pico_text, price_text, side_text, size_text
from actors.simulator.feed import BookFrame, Levels
from actors.simulator.history import DAY_MS, HOUR_MS, Candle
from actors.simulator.market import Market
from actors.simulator.markets import MarketSpec, decimal_text, money_text
from actors.simulator.matching import BUY, SELL, LevelChange
from actors.simulator.orders import Print

Row = dict[str, Any]

_UNUSUAL_PRICE_EVERY: Final = 50
"""Prices that are a multiple of so many ticks are spelled with six decimals in snapshots."""

_RISK_STEPS: Final = 25
_RISK_STEP_USD: Final = 4_000_000


def level_rows(spec: MarketSpec, levels: Levels) -> list[Row]:
    """Levels of a snapshot; as on the wire, not all prices are spelled in the shortest way."""
    return [
        {"q": size_text(spec, lots), "p": _snapshot_price(spec, price)} for price, lots in levels
    ]


def change_rows(spec: MarketSpec, changes: tuple[LevelChange, ...], side: int) -> list[Row]:
    """Levels of a delta: `q` the signed change, `c` the size after it."""
    return [
        {
            "q": size_text(spec, change.after - change.before),
            "p": price_text(spec, change.price),
            "c": size_text(spec, change.after) if change.after else "0",
        }
        for change in changes
        if change.side == side
    ]


def book_payload(spec: MarketSpec, frame: BookFrame) -> Row:
    """A v1 order book frame without its `seq`."""
    if frame.bids is not None and frame.asks is not None:
        kind = "SNAPSHOT"
        bids, asks = level_rows(spec, frame.bids), level_rows(spec, frame.asks)
    else:
        kind = "DELTA"
        bids = change_rows(spec, frame.changes, BUY)
        asks = change_rows(spec, frame.changes, SELL)
    data = {"t": kind, "m": spec.name, "b": bids, "a": asks, "d": "f"}
    return {"type": kind, "data": data, "ts": frame.ts_ms}


def top_payload(market: Market, ts_ms: int) -> Row:
    """The best bid and ask, always a snapshot."""
    bid, ask = market.feed.top
    data = {
        "t": "SNAPSHOT",
        "m": market.name,
        "b": [_plain_level(market.spec, *bid)] if bid else [],
        "a": [_plain_level(market.spec, *ask)] if ask else [],
        "d": "1",
    }
    return {"type": "SNAPSHOT", "data": data, "ts": ts_ms}


def print_row(spec: MarketSpec, printed: Print) -> Row:
    return {
        "i": printed.trade_id,
        "m": printed.market,
        "S": side_text(printed.side),
        "tT": "TRADE",
        "T": printed.created_ms,
        "p": price_text(spec, printed.price),
        "q": size_text(spec, printed.lots),
    }


def candle_row(spec: MarketSpec, candle: Candle, *, with_volume: bool) -> Row:
    row: Row = {
        "o": price_text(spec, candle.open),
        "l": price_text(spec, candle.low),
        "h": price_text(spec, candle.high),
        "c": price_text(spec, candle.close),
    }
    if with_volume:
        row["v"] = size_text(spec, candle.volume)
    row["T"] = candle.start_ms
    return row


def funding_rows(market: Market, start_ms: int, end_ms: int) -> list[Row]:
    """Hourly applied rates, newest first."""
    return [
        {"m": market.name, "T": at_ms, "f": decimal_text(rate, 6)}
        for at_ms, rate in market.tape.settled(start_ms, end_ms)
    ]


def open_interest_rows(market: Market, start_ms: int, end_ms: int, step_ms: int) -> list[Row]:
    """Open interest at each step, newest last; long decimals as on the wire."""
    rows: list[Row] = []
    at_ms = max(start_ms, market.tape.past.oldest_ms) // step_ms * step_ms
    while at_ms <= end_ms:
        lots = market.tape.open_interest * (100 + at_ms // HOUR_MS * 13 % 17) // 100
        price = market.tape.past.price(min(at_ms, market.tape.began_ms))
        value = lots * price * market.spec.micros_per_unit
        rows.append(
            {
                "i": f"{money_text(value)}0000000000",
                "I": size_text(market.spec, lots),
                "t": at_ms,
            }
        )
        at_ms += step_ms
    return rows


def stats_row(market: Market, now_ms: int) -> Row:
    """The ticker; `nextFundingRate` is a time, as at the venue."""
    spec, tape = market.spec, market.tape
    day = tape.day(now_ms)
    bid, ask = market.book.best(BUY), market.book.best(SELL)
    average = (day.open + day.close) // 2
    change = tape.last - day.open
    return {
        "dailyVolume": money_text(day.volume * average * spec.micros_per_unit),
        "dailyVolumeBase": size_text(spec, day.volume),
        "dailyPriceChange": price_text(spec, change),
        "dailyPriceChangePercentage": decimal_text(round(change * 10_000 / day.open), 4),
        "dailyLow": price_text(spec, day.low),
        "dailyHigh": price_text(spec, day.high),
        "lastPrice": price_text(spec, tape.last),
        "askPrice": price_text(spec, ask if ask is not None else tape.last),
        "bidPrice": price_text(spec, bid if bid is not None else tape.last),
        "markPrice": pico_text(tape.mark_pico),
        "indexPrice": pico_text(tape.index_pico),
        "fundingRate": decimal_text(tape.funding_rate, 6),
        "nextFundingRate": (now_ms // HOUR_MS + 1) * HOUR_MS,
        "openInterest": money_text(tape.open_interest * tape.last * spec.micros_per_unit),
        "openInterestBase": size_text(spec, tape.open_interest),
        "deleverageLevels": {
            side: [
                {"level": level, "rankingLowerBound": decimal_text(bound, 4)}
                for level, bound in zip((1, 2, 3, 4), (-6_518_818, -15_450, -169, 0), strict=True)
            ]
            for side in ("shortPositions", "longPositions")
        },
    }


def market_row(market: Market, now_ms: int) -> Row:
    spec = market.spec
    return {
        "name": spec.name,
        "type": "PERPETUAL",
        "uiName": spec.name,
        "category": spec.category,
        "subCategory": spec.sub_category,
        "assetName": spec.asset,
        "assetPrecision": spec.size_decimals,
        "collateralAssetName": "USD",
        "collateralAssetPrecision": 6,
        "description": spec.description,
        "active": True,
        "isRfq": False,
        "isOffHours": False,
        "status": "ACTIVE",
        "tradingHours": "CONTINUOUS",
        "marketStats": stats_row(market, now_ms),
        "tradingConfig": _trading_config(spec),
        "l2Config": {
            "type": "STARKX",
            "collateralId": "0x1",
            "syntheticId": synthetic_id(spec),
            "syntheticResolution": 10 ** (spec.size_decimals + 1),
            "collateralResolution": 1_000_000,
        },
        "visibleOnUi": True,
        "referenceMarket": "null",
        "createdAt": market.tape.past.oldest_ms,
    }


def asset_rows(markets: list[Market]) -> list[Row]:
    """The collateral, then what is traded."""
    rows = [_asset_row(1, "USD", "USD Collateral", 6, "0x1", collateral=True)]
    for number, market in enumerate(markets, start=2):
        spec = market.spec
        rows.append(
            _asset_row(
                number,
                spec.asset,
                spec.description,
                spec.size_decimals,
                synthetic_id(spec),
                collateral=False,
            )
        )
    return rows


def synthetic_id(spec: MarketSpec) -> str:
    """The asset's name and resolution as a number, padded to fifteen bytes."""
    name = f"{spec.asset}-{spec.size_decimals + 1}".encode()[:15]
    return f"0x{name.ljust(15, bytes(1)).hex()}"


def _snapshot_price(spec: MarketSpec, price: int) -> str:
    text = price_text(spec, price)
    if price % _UNUSUAL_PRICE_EVERY:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(6, '0')}"


def _plain_level(spec: MarketSpec, price: int, lots: int) -> Row:
    return {"q": size_text(spec, lots), "p": price_text(spec, price)}


def _trading_config(spec: MarketSpec) -> Row:
    steps = [
        {
            "upperBound": str(_RISK_STEP_USD * step),
            "riskFactor": _risk_text(spec, step),
            "isAvailableForUsers": step * 2 <= _RISK_STEPS,
        }
        for step in range(1, _RISK_STEPS + 1)
    ]
    last = {"upperBound": "1000000000", "riskFactor": "1", "isAvailableForUsers": False}
    return {
        "minOrderSize": size_text(spec, spec.min_lots),
        "minOrderSizeChange": size_text(spec, 1),
        "minPriceChange": price_text(spec, 1),
        "maxMarketOrderValue": "3000000",
        "maxLimitOrderValue": "15000000",
        "maxPositionValue": "60000000",
        "maxLeverage": f"{spec.max_leverage}.00",
        "hourlyFundingRateCap": "0.25",
        "openInterestLimit": "0",
        "maxNumOrders": "200",
        "limitPriceCap": "0.05",
        "limitPriceFloor": "0.05",
        "riskFactorConfig": [*steps, last],
        "uPnlWithdrawable": True,
        "postWithdrawalMarginFactor": "0.1",
    }


def _risk_text(spec: MarketSpec, step: int) -> str:
    return decimal_text(min(100, step * 100 // spec.max_leverage), 2)


def _asset_row(
    number: int, name: str, description: str, precision: int, stark_id: str, *, collateral: bool
) -> Row:
    return {
        "id": number,
        "name": name,
        "symbol": name,
        "description": description,
        "precision": precision,
        "isActive": True,
        "isCollateral": collateral,
        "starkexId": stark_id,
        "starkexResolution": 10**precision,
        "l1Id": f"0x{number:040x}",
        "l1Resolution": 10**precision,
        "version": 1,
        "createdAt": 1_752_829_532_673,
        "type": "SPOT" if collateral else "PERPETUAL",
        "canBeUsedAsCollateral": collateral,
        "riskFactors": [],
        "availableForTradeFactors": [],
    }


OPEN_INTEREST_STEPS: Final = {"P1H": HOUR_MS, "P1D": DAY_MS, "PT1H": HOUR_MS}
