"""From Extended's shapes to our messages: pure functions, one per row.

Neutral words follow the venue's documentation of its enumerations; a value that it adds later
passes in lower case and never fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from actors.messages.account import (
    AccountSnapshot,
    Balance,
    Fill,
    Funding,
    Order,
    Position,
)
from actors.messages.market import Candle, FundingRate, Instrument, MarkPrice, Ticker, Trade
from actors.venues.contract import AssetBalances
from actors.venues.extended import wire
from actors.venues.orderbook import exact

VENUE: Final = "extended"
PRODUCT: Final = "linear"
COLLATERAL: Final = "USD"
COLLATERAL_UNIFIED: Final = "USDC"
"""The venue says USD to what its contracts hold: USDC; ccxt's unified symbols name the latter."""
FUNDING_INTERVAL_S: Final = 3600

_ORDER_STATUS: Final = {
    "NEW": "open",
    "UNTRIGGERED": "open",
    "TRIGGERED": "open",
    "PARTIALLY_FILLED": "partially_filled",
    "FILLED": "filled",
    "CANCELLED": "canceled",
    "REJECTED": "rejected",
    "EXPIRED": "expired",
}
_ENDED: Final = frozenset({"filled", "canceled", "rejected", "expired"})
_STAGE: Final = {"UNTRIGGERED": 0, "TRIGGERED": 1}
_STAGE_RESTING: Final = 2
_TIME_IN_FORCE: Final = {"GTT": "gtc", "TOB": "gtc"}
_PROGRESS_MAX: Final = 2**19 - 1
_VERSION_MILLIS_MAX: Final = 2**41 - 1


def nanoseconds(millis: int | None) -> int:
    """0 where the venue gives no time."""
    return (millis or 0) * 1_000_000


def account_snapshot(
    row: wire.Balance, account: str, received_ns: int, via: str
) -> AccountSnapshot:
    asset = row.collateralName or COLLATERAL
    return AccountSnapshot(
        venue=VENUE,
        account=account,
        equity=row.equity,
        wallet_balance=row.balance,
        free=row.availableForTrade,
        withdrawable=row.availableForWithdrawal,
        margin_used=row.initialMargin,
        margin_ratio=row.marginRatio,
        leverage=row.leverage,
        exposure=row.exposure,
        unrealized_pnl=row.unrealisedPnl,
        settle=asset,
        # The contracts hold USDC; the venue counts it as dollars, one for one.
        settle_usd="1" if asset in (COLLATERAL, COLLATERAL_UNIFIED) else None,
        balances=(Balance(asset=asset, total=row.balance, free=row.availableForTrade),),
        venue_time_ns=nanoseconds(row.updatedTime),
        received_ns=received_ns,
        via=via,
    )


def zero_account(account: str, received_ns: int, via: str) -> AccountSnapshot:
    """What a 404 of the balance call means: there is nothing on the account."""
    return account_snapshot(
        wire.Balance(
            balance="0",
            equity="0",
            availableForTrade="0",
            availableForWithdrawal="0",
            unrealisedPnl="0",
            initialMargin="0",
            exposure="0",
        ),
        account,
        received_ns,
        via,
    )


def asset_balances(
    rows: Iterable[wire.SpotBalance], account: str, received_ns: int
) -> AssetBalances:
    rows = list(rows)
    return AssetBalances(
        account=account,
        items=tuple(
            Balance(
                asset=row.asset,
                total=row.balance,
                free=row.availableToWithdraw,
                value_usd=row.notionalValue,
                as_of_ns=received_ns,
            )
            for row in rows
        ),
        venue_time_ns=nanoseconds(max((row.updatedAt or 0 for row in rows), default=0)),
        received_ns=received_ns,
    )


def position(row: wire.Position, account: str, received_ns: int, via: str) -> Position:
    """Size 0 or status CLOSED is a closed position; a liquidation price of 0 is none."""
    closed = row.status == "CLOSED" or not Decimal(row.size)
    liquidation = row.liquidationPrice
    return Position(
        venue=VENUE,
        account=account,
        position_id=str(row.id),
        symbol=row.market,
        product=PRODUCT,
        side=row.side.lower(),
        quantity="0" if closed else row.size,
        entry_price=row.openPrice,
        mark_price=row.markPrice,
        liquidation_price=liquidation if liquidation and Decimal(liquidation) else None,
        notional=row.value,
        leverage=row.leverage,
        margin=row.margin,
        unrealized_pnl=row.unrealisedPnl,
        realized_pnl=row.realisedPnl,
        opened_ns=nanoseconds(row.createdAt or row.createdTime),
        venue_time_ns=nanoseconds(row.updatedAt or row.updatedTime),
        received_ns=received_ns,
        via=via,
    )


def order_version(row: wire.Order, status: str) -> int:
    """A number that rises with each change of one order and is the same over REST and stream.

    From the highest bit: `updatedTime` in ms (41 bits), ended or not (1), filled share of the
    quantity (19), stage of a conditional order (2). So of changes within one millisecond the later
    one is higher, and it fits a signed 64-bit integer until the year 2039.
    """
    millis = min(row.updatedTime or row.createdTime or 0, _VERSION_MILLIS_MAX)
    quantity, filled = Decimal(row.qty), Decimal(row.filledQty or "0")
    progress = 0
    if filled > 0:
        share = min(filled / quantity, Decimal(1)) if quantity > 0 else Decimal(1)
        progress = max(1, int(share * _PROGRESS_MAX))
    stage = _STAGE.get(row.status, _STAGE_RESTING)
    return (((millis << 1 | (status in _ENDED)) << 19) | progress) << 2 | stage


def order(row: wire.Order, account: str, received_ns: int, via: str) -> Order:
    status = _ORDER_STATUS.get(row.status, "unknown")
    tif = row.timeInForce
    reason = row.statusReason
    return Order(
        venue=VENUE,
        account=account,
        order_id=str(row.id),
        client_order_id=row.externalId,
        symbol=row.market,
        product=PRODUCT,
        side=row.side.lower(),
        type=row.type.lower(),
        status=status,
        price=row.price,
        average_price=row.averagePrice,
        trigger_price=row.trigger.triggerPrice if row.trigger else None,
        quantity=row.qty,
        filled_quantity=row.filledQty or "0",
        fee=row.payedFee,
        reduce_only=bool(row.reduceOnly),
        post_only=bool(row.postOnly) or tif == "TOB",
        time_in_force=_TIME_IN_FORCE.get(tif, tif.lower()) if tif else None,
        reason=reason.lower() if reason and reason != "NONE" else None,
        created_ns=nanoseconds(row.createdTime),
        version=order_version(row, status),
        venue_time_ns=nanoseconds(row.updatedTime or row.createdTime),
        received_ns=received_ns,
        via=via,
    )


def fill(row: wire.Fill, account: str, received_ns: int, via: str) -> Fill:
    return Fill(
        venue=VENUE,
        account=account,
        fill_id=str(row.id),
        order_id=str(row.orderId),
        client_order_id=row.externalId or row.externalOrderId,
        symbol=row.market,
        product=PRODUCT,
        side=row.side.lower(),
        price=row.price,
        quantity=row.qty,
        notional=row.value,
        fee=row.fee,
        fee_asset=COLLATERAL if row.fee is not None else None,
        liquidity="taker" if row.isTaker else "maker",
        trade_type=(row.tradeType or "TRADE").lower(),
        venue_time_ns=nanoseconds(row.createdTime),
        received_ns=received_ns,
        via=via,
    )


def funding(row: wire.FundingPayment, account: str, received_ns: int, via: str) -> Funding:
    """The venue documents no sign of its own for the fee: taken as that of the position history's
    `fundingFees`, negative when paid (PROTOCOL, account calls)."""
    return Funding(
        venue=VENUE,
        account=account,
        funding_id=str(row.id),
        symbol=row.market,
        amount=row.fundingFee,
        rate=row.fundingRate,
        venue_time_ns=nanoseconds(row.paidTime),
        received_ns=received_ns,
        via=via,
    )


def trade(row: wire.PublicTrade, received_ns: int) -> Trade:
    return Trade(
        venue=VENUE,
        product=PRODUCT,
        symbol=row.m,
        trade_id=str(row.i),
        side=row.S.lower(),
        price=row.p,
        quantity=row.q,
        trade_type=(row.tT or "TRADE").lower(),
        venue_time_ns=nanoseconds(row.T),
        received_ns=received_ns,
    )


def top_of_book(row: wire.BookData, frame_ts: int | None, received_ns: int) -> Ticker:
    """A side without a level has no best price, which is legal."""
    return Ticker(
        venue=VENUE,
        product=PRODUCT,
        symbol=row.m,
        bid=_best(row.b, "b"),
        ask=_best(row.a, "a"),
        venue_time_ns=nanoseconds(frame_ts),
        received_ns=received_ns,
    )


def _best(levels: list[wire.Level], side: str) -> str | None:
    if not levels:
        return None
    exact(levels[0].p, f"frame.data.{side}[0].p")
    return levels[0].p


def mark_price(
    row: wire.PriceData, price_type: str, frame_ts: int | None, received_ns: int
) -> MarkPrice:
    """Live mark frames carry 0 as their own time: then the frame's counts."""
    return MarkPrice(
        venue=VENUE,
        product=PRODUCT,
        symbol=row.m,
        price_type=price_type,
        price=row.p,
        venue_time_ns=nanoseconds(row.ts or frame_ts),
        received_ns=received_ns,
    )


def funding_rate(row: wire.FundingData, frame_ts: int | None, received_ns: int) -> FundingRate:
    return FundingRate(
        venue=VENUE,
        product=PRODUCT,
        symbol=row.m,
        rate=row.f,
        interval_s=FUNDING_INTERVAL_S,
        venue_time_ns=nanoseconds(row.T or frame_ts),
        received_ns=received_ns,
    )


def candle(row: wire.CandleData, symbol: str, timeframe: str, received_ns: int) -> Candle:
    """The venue marks no candle as closed, and names neither market nor interval."""
    return Candle(
        venue=VENUE,
        product=PRODUCT,
        symbol=symbol,
        timeframe=timeframe,
        start_us=row.T * 1_000,
        open=row.o,
        high=row.h,
        low=row.l,
        close=row.c,
        volume=row.v,
        received_ns=received_ns,
    )


def instruments(rows: Iterable[wire.Market]) -> tuple[Instrument, ...]:
    """One per market. `BTC-PERP` is an alias of the market whose asset is BTC; where no market's
    asset is X, `X-PERP` is the market named `X-USD`. An alias may stand for several: ambiguous.
    """
    markets = list(rows)
    assets = {row.assetName.upper() for row in markets}
    return tuple(_instrument(row, assets) for row in markets)


def _instrument(row: wire.Market, assets: set[str]) -> Instrument:
    aliases = [f"{row.assetName}-PERP"]
    stem = row.name.removesuffix("-USD")
    if stem.upper() not in assets:
        aliases.append(f"{stem}-PERP")
    status = (row.status or "ACTIVE").lower()
    if status == "active" and row.active is False:
        status = "disabled"
    collateral = row.collateralAssetName or COLLATERAL
    settle = COLLATERAL_UNIFIED if collateral == COLLATERAL else collateral
    return Instrument(
        venue=VENUE,
        product=PRODUCT,
        symbol=row.name,
        base=row.assetName,
        quote=collateral,
        settle=collateral,
        unified=f"{row.assetName}/{settle}:{settle}",
        tick_size=row.tradingConfig.minPriceChange,
        lot_size=row.tradingConfig.minOrderSizeChange,
        min_quantity=row.tradingConfig.minOrderSize,
        status=status,
        trading_hours=(row.tradingHours or "CONTINUOUS").lower(),
        aliases=tuple(aliases),
    )
