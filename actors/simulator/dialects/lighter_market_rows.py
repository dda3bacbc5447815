"""Rows of markets at Lighter: rules, day figures, tops, candles, funding (PROTOCOL 2.4, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from actors.simulator.accounts import LEVERAGE, MAKER_FEE_PER_100_000, TAKER_FEE_PER_100_000
from actors.simulator.dialects.lighter_order_ids import HOUSE_ACCOUNT, house_order
from actors.simulator.dialects.lighter_rows import (
    FRACTION_OF_ONE,
    USDC_ASSET,
    price_step,
    price_text,
    size_text,
)
from actors.simulator.history import DAY_MS, HOUR_MS, Candle, candle_bounds
from actors.simulator.ids import id_before
from actors.simulator.market import Market
from actors.simulator.markets import MICROS, MarketSpec, decimal_text, money_text
from actors.simulator.matching import BUY, HOUSE, SELL, Resting
from actors.simulator.orders import Print
from actors.simulator.tape import PICO_DECIMALS

Row = dict[str, Any]

RESOLUTIONS: Final = {
    "1m": "PT1M",
    "5m": "PT5M",
    "15m": "PT15M",
    "30m": "PT30M",
    "1h": "PT1H",
    "4h": "PT4H",
    "12h": "PT12H",
    "1d": "P1D",
    "1w": "P7D",
}
"""The venue's word for a candle's length → the simulator's."""

INSURANCE_FUND_ACCOUNT: Final = 2**48 - 1
_EXPIRY_MS: Final = 28 * DAY_MS


def order_book_row(market: Market, market_id: int) -> Row:
    """A market's rules without its figures; the fee rates are percent."""
    spec = market.spec
    return {
        "symbol": spec.asset,
        "market_id": market_id,
        "market_type": "perp",
        "base_asset_id": 0,
        "quote_asset_id": 0,
        "status": "active",
        "taker_fee": decimal_text(TAKER_FEE_PER_100_000 * 10, 4),
        "is_taker_fee_enabled": True,
        "maker_fee": decimal_text(MAKER_FEE_PER_100_000 * 10, 4),
        "is_maker_fee_enabled": True,
        "liquidation_fee": "1.0000",
        "min_base_amount": size_text(spec, spec.min_lots),
        "min_quote_amount": "10.000000",
        "order_quote_limit": "281474976.710655",
        "supported_size_decimals": spec.size_decimals,
        "supported_price_decimals": spec.price_decimals,
        "supported_quote_decimals": 6,
    }


def market_row(market: Market, market_id: int, trades: int, now_ms: int) -> Row:
    """Rules and figures; `trades` of the day. Open interest is in the base asset here."""
    spec = market.spec
    return {
        **order_book_row(market, market_id),
        "size_decimals": spec.size_decimals,
        "price_decimals": spec.price_decimals,
        "quote_multiplier": 1,
        "default_initial_margin_fraction": FRACTION_OF_ONE // LEVERAGE,
        "min_initial_margin_fraction": FRACTION_OF_ONE // spec.max_leverage,
        "maintenance_margin_fraction": FRACTION_OF_ONE // (2 * spec.max_leverage),
        "closeout_margin_fraction": FRACTION_OF_ONE // (3 * spec.max_leverage),
        "last_trade_price": float(price_text(spec, market.tape.last)),
        "daily_trades_count": trades,
        **day_figures(market, now_ms),
        "open_interest": float(size_text(spec, market.tape.open_interest)),
        "daily_chart": {},
        "market_config": {
            "market_margin_mode": 0,
            "insurance_fund_account_index": INSURANCE_FUND_ACCOUNT,
            "liquidation_mode": 0,
            "force_reduce_only": False,
            "trading_hours": "",
            "funding_fee_discounts_enabled": False,
            "hidden": False,
            "rfq_enabled": True,
        },
        "strategy_index": 2,
    }


def day_figures(market: Market, now_ms: int) -> Row:
    """The last 24 hours in JSON floats; the change is percent."""
    spec, tape = market.spec, market.tape
    day = tape.day(now_ms)
    return {
        "daily_base_token_volume": float(size_text(spec, day.volume)),
        "daily_quote_token_volume": _quote_volume(spec, day),
        "daily_price_low": float(price_text(spec, day.low)),
        "daily_price_high": float(price_text(spec, day.high)),
        "daily_price_change": (tape.last - day.open) * 100 / day.open,
    }


def stats_row(market: Market, market_id: int, now_ms: int) -> Row:
    """`market_stats` of a stream: funding in percent per hour, open interest in USD."""
    spec, tape = market.spec, market.tape
    settled_ms, settled_rate = tape.settled(now_ms - 2 * HOUR_MS, now_ms)[0]
    bid, ask = market.book.best(BUY), market.book.best(SELL)
    middle = (tape.last if bid is None else bid) + (tape.last if ask is None else ask)
    return {
        "symbol": spec.asset,
        "market_id": market_id,
        "index_price": pico_text(spec, tape.index_pico),
        "mark_price": pico_text(spec, tape.mark_pico),
        "mid_price": decimal_text(middle * price_step(spec) // 2, spec.price_decimals),
        "last_trade_price": price_text(spec, tape.last),
        "open_interest": money_text(tape.open_interest * tape.last * spec.micros_per_unit),
        "open_interest_limit": "72057594037927936.000000",
        "funding_clamp_small": "0.0500",
        "funding_clamp_big": "4.0000",
        "base_interest_rate": "0.0100",
        "current_funding_rate": decimal_text(tape.funding_rate, 4),
        "funding_rate": decimal_text(settled_rate, 4),
        "funding_timestamp": settled_ms // HOUR_MS * HOUR_MS,
        **day_figures(market, now_ms),
    }


def ticker_row(market: Market, at_us: int) -> Row:
    """The published top; a side without orders has empty texts."""
    bid, ask = market.feed.top
    return {
        "s": market.spec.asset,
        "a": _level(market.spec, ask),
        "b": _level(market.spec, bid),
        "last_updated_at": at_us,
    }


def candle_row(spec: MarketSpec, candle: Candle, interval: str, prints: Sequence[Print]) -> Row:
    """Times in ms, all else JSON floats; fields that are zero are left out.

    `prints` are the market's newest trades, oldest first.
    """
    start_ms, end_ms = candle_bounds(interval, candle.start_ms)
    row: Row = {
        "t": candle.start_ms,
        "o": float(price_text(spec, candle.open)),
        "h": float(price_text(spec, candle.high)),
        "l": float(price_text(spec, candle.low)),
        "c": float(price_text(spec, candle.close)),
        "v": float(size_text(spec, candle.volume)),
        "V": _quote_volume(spec, candle),
        "i": _last_trade_id(prints, start_ms, end_ms),
    }
    return {name: value for name, value in row.items() if value}


def book_orders(market: Market, side: int, limit: int) -> list[Row]:
    """Resting orders one by one, the best first; neither a nonce nor a time."""
    spec, book = market.spec, market.book
    now_ms = market.feed.last.ts_ms
    found = (order for price, _ in book.depth(side) for order in book.at(side, price))
    return [_resting_row(order, spec, now_ms) for order in islice(found, limit)]


def funding_row(market: Market, at_ms: int, rate: int) -> Row:
    """One settlement: `rate` unsigned percent, `direction` the side that paid, `value` in USD."""
    price = market.tape.past.price(min(at_ms, market.tape.began_ms))
    # A tick in 10^-8 USD times millionths: whole numbers up to the venue's eight decimals.
    unit = price * price_step(market.spec) * abs(rate)
    value = unit * 10**8 // 10 ** (market.spec.price_decimals + 6)
    return {
        "timestamp": at_ms // HOUR_MS * HOUR_MS // 1000,
        "value": decimal_text(value, 8),
        "rate": decimal_text(abs(rate), 4),
        "direction": "long" if rate >= 0 else "short",
    }


def funding_rate_rows(market: Market, market_id: int) -> list[Row]:
    """The running rate here and elsewhere: fractions for eight hours."""
    rate = market.tape.funding_rate * 8 / MICROS
    return [
        {"market_id": market_id, "exchange": venue, "symbol": market.spec.asset, "rate": there}
        for venue, there in (("binance", rate / 2), ("lighter", rate))
    ]


def exchange_row(market: Market, trades: int, now_ms: int) -> Row:
    figures = day_figures(market, now_ms)
    return {
        "symbol": market.spec.asset,
        "last_trade_price": float(price_text(market.spec, market.tape.last)),
        "daily_trades_count": trades,
        "daily_base_token_volume": figures["daily_base_token_volume"],
        "daily_quote_token_volume": figures["daily_quote_token_volume"],
        "daily_price_change": figures["daily_price_change"],
    }


def asset_details() -> list[Row]:
    """The one asset that a world of perpetuals needs."""
    return [
        {
            "asset_id": USDC_ASSET,
            "symbol": "USDC",
            "l1_decimals": 6,
            "decimals": 6,
            "min_transfer_amount": "1.000000",
            "min_withdrawal_amount": "1.000000",
            "margin_mode": "enabled",
            "index_price": "1.000000",
            "l1_address": f"0x{USDC_ASSET:040x}",
        }
    ]


def pico_text(spec: MarketSpec, pico: int) -> str:
    """A price that is finer than a tick, rounded to the market's decimals."""
    step: int = 10 ** (PICO_DECIMALS - spec.price_decimals)
    return decimal_text((2 * pico + step) // (2 * step), spec.price_decimals)


def _resting_row(order: Resting, spec: MarketSpec, now_ms: int) -> Row:
    is_house = order.owner == HOUSE
    order_id = house_order(order.order_id, 0, order.side) if is_house else order.order_id
    return {
        "order_index": order_id,
        "order_id": str(order_id),
        "owner_account_index": HOUSE_ACCOUNT if is_house else order.owner,
        "initial_base_amount": size_text(spec, order.lots),
        "remaining_base_amount": size_text(spec, order.lots),
        "price": price_text(spec, order.price),
        "order_expiry": now_ms + _EXPIRY_MS,
        "transaction_time": 0,
    }


def _level(spec: MarketSpec, level: tuple[int, int] | None) -> Row:
    if level is None:
        return {"price": "", "size": ""}
    return {"price": price_text(spec, level[0]), "size": size_text(spec, level[1])}


def _quote_volume(spec: MarketSpec, candle: Candle) -> float:
    average = (candle.open + candle.high + candle.low + candle.close) // 4
    return candle.volume * average * spec.micros_per_unit / MICROS


def _last_trade_id(prints: Sequence[Print], start_ms: int, end_ms: int) -> int:
    """The newest trade of a candle; where none is known any more, the last id it could have had."""
    if prints and prints[0].created_ms < end_ms:
        for one in reversed(prints):
            if start_ms <= one.created_ms < end_ms:
                return one.trade_id
    return id_before(end_ms)
