"""The shapes of Extended's frames and answers, under the venue's own field names.

Unknown keys are ignored, unknown values of enumerations are plain text here. Ids are integers of
any size (some recorders quote them); amounts are plain decimal text; times are milliseconds.
Source: Extended API Documentation, "REST API" and "Websocket API"; the venue's Python SDK 2.6.0.
"""

# ruff: noqa: N815 - fields are named as the venue names them

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from actors.venues.orderbook import AMOUNT_LENGTH_MAX

Amount = Annotated[
    str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?\Z", min_length=1, max_length=AMOUNT_LENGTH_MAX)
]
Millis = Annotated[int, Meta(ge=0, le=9_999_999_999_999)]
"""Up to the year 2286: nanoseconds still fit into 64 bits."""
Sequence = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Id = int | Annotated[str, Meta(min_length=1, max_length=100)]
NULL: Final = msgspec.Raw(b"null")
EPOCHS_MAX: Final = 500
"""Of one season; the venue's are a week long."""

SEASONS_MAX: Final = 50


class Wire(msgspec.Struct, gc=False):
    """Trees of text and numbers: no cycles, nothing for the garbage collector to find."""


class ErrorBody(Wire):
    code: int | str | None = None
    message: str | None = None


# Streams


class Level(Wire):
    """Absolute size `q` in a snapshot; signed change `q` and absolute size `c` in a delta."""

    p: str
    q: str
    c: str | None = None


class BookData(Wire):
    m: str
    b: list[Level]
    a: list[Level]
    t: str | None = None


class Frame(Wire):
    """What all frames have; on a refusal only `error`, or `status` and `error`."""

    seq: Sequence | None = None
    ts: Millis | None = None
    type: str | None = None
    status: str | None = None
    error: str | ErrorBody | None = None


class BookFrame(Frame):
    data: BookData | None = None


class PublicTrade(Wire):
    i: Id
    m: Name
    S: str
    p: Amount
    q: Amount
    T: Millis
    tT: str | None = None


class TradesFrame(Frame):
    data: list[PublicTrade] | None = None


class PriceData(Wire):
    m: Name
    p: Amount
    ts: Millis | None = None


class PriceFrame(Frame):
    data: PriceData | None = None


class FundingData(Wire):
    m: Name
    f: Amount
    T: Millis | None = None


class FundingFrame(Frame):
    data: FundingData | None = None


class CandleData(Wire):
    T: Millis
    o: Amount
    h: Amount
    l: Amount  # noqa: E741 - the venue's name
    c: Amount
    v: Amount | None = None


class CandlesFrame(Frame):
    data: list[CandleData] | None = None


class Balance(Wire):
    balance: Amount
    equity: Amount
    collateralName: str | None = None
    availableForTrade: Amount | None = None
    availableForWithdrawal: Amount | None = None
    unrealisedPnl: Amount | None = None
    initialMargin: Amount | None = None
    marginRatio: Amount | None = None
    exposure: Amount | None = None
    leverage: Amount | None = None
    updatedTime: Millis | None = None


class SpotBalance(Wire):
    asset: Name
    balance: Amount
    availableToWithdraw: Amount | None = None
    notionalValue: Amount | None = None
    updatedAt: Millis | None = None


class Position(Wire):
    """Times are `createdAt`/`updatedAt` live, `createdTime`/`updatedTime` in the documents."""

    id: Id
    market: Name
    side: str
    size: Amount
    status: str | None = None
    value: Amount | None = None
    openPrice: Amount | None = None
    markPrice: Amount | None = None
    liquidationPrice: Amount | None = None
    margin: Amount | None = None
    leverage: Amount | None = None
    unrealisedPnl: Amount | None = None
    realisedPnl: Amount | None = None
    createdAt: Millis | None = None
    createdTime: Millis | None = None
    updatedAt: Millis | None = None
    updatedTime: Millis | None = None


class Trigger(Wire):
    triggerPrice: Amount | None = None


class Order(Wire):
    id: Id
    market: Name
    type: str
    side: str
    status: str
    qty: Amount
    externalId: str | None = None
    price: Amount | None = None
    averagePrice: Amount | None = None
    filledQty: Amount | None = None
    payedFee: Amount | None = None
    trigger: Trigger | None = None
    reduceOnly: bool | None = None
    postOnly: bool | None = None
    timeInForce: str | None = None
    statusReason: str | None = None
    createdTime: Millis | None = None
    updatedTime: Millis | None = None


class Fill(Wire):
    """The client's id is `externalId` over REST and `externalOrderId` on the stream."""

    id: Id
    orderId: Id
    market: Name
    side: str
    price: Amount
    qty: Amount
    isTaker: bool
    externalId: str | None = None
    externalOrderId: str | None = None
    value: Amount | None = None
    fee: Amount | None = None
    tradeType: str | None = None
    createdTime: Millis | None = None


class AccountData(Wire):
    """Sections that a frame may hold, any number at once; those unused are null or absent."""

    balance: Balance | None = None
    spotBalances: list[SpotBalance] | None = None
    positions: list[Position] | None = None
    orders: list[Order] | None = None
    trades: list[Fill] | None = None


class AccountFrame(Frame):
    """`data` is read only once the sequence is known to fit."""

    data: msgspec.Raw = NULL


# REST


class Pagination(Wire):
    cursor: Id | None = None
    count: int | None = None


class Envelope(Wire):
    """Any answer: `status` is OK or ERROR in either case; `data` is read by who knows its kind."""

    status: str | None = None
    data: msgspec.Raw = NULL
    error: str | ErrorBody | None = None
    pagination: Pagination | None = None


class AccountInfo(Wire):
    """Of the account's data only what may be shown: `apiKeys` is never read."""

    accountId: Id
    description: str | None = None
    status: str | None = None


class FundingPayment(Wire):
    id: Id
    market: Name
    fundingFee: Amount
    fundingRate: Amount | None = None
    paidTime: Millis | None = None


class EpochReward(Wire):
    """Dates are ISO 8601."""

    pointsReward: Amount
    epochId: Id | None = None
    startDate: str | None = None
    endDate: str | None = None


class SeasonRewards(Wire):
    seasonId: Id | None = None
    epochRewards: Annotated[list[EpochReward], Meta(max_length=EPOCHS_MAX)] | None = None


class RewardStanding(Wire):
    totalPoints: Amount | None = None
    rank: int | None = None
    tradingRewardLeague: Name | None = None
    liquidityRewardLeague: Name | None = None
    referralRewardLeague: Name | None = None


class RestLevel(Wire):
    price: Amount
    qty: Amount


class RestBook(Wire):
    market: Name
    bid: list[RestLevel]
    ask: list[RestLevel]


class TradingConfig(Wire):
    minPriceChange: Amount
    minOrderSizeChange: Amount
    minOrderSize: Amount | None = None


class MarketHead(Wire):
    """Enough to leave out the rows whose other fields are none of ours."""

    type: str | None = None


class MarketStats(Wire):
    """Prices and 24 h figures of one market; rates and shares are fractions."""

    lastPrice: Amount | None = None
    bidPrice: Amount | None = None
    askPrice: Amount | None = None
    markPrice: Amount | None = None
    indexPrice: Amount | None = None
    dailyHigh: Amount | None = None
    dailyLow: Amount | None = None
    dailyVolume: Amount | None = None
    dailyVolumeBase: Amount | None = None
    dailyPriceChangePercentage: Amount | None = None
    fundingRate: Amount | None = None
    openInterestBase: Amount | None = None


class Market(Wire):
    name: Name
    assetName: Name
    tradingConfig: TradingConfig
    collateralAssetName: Name | None = None
    active: bool | None = None
    status: str | None = None
    tradingHours: str | None = None


def error_text(error: ErrorBody | str | None) -> tuple[str, str]:
    """Code and message of a refusal, however it is spelled."""
    if isinstance(error, ErrorBody):
        return "" if error.code is None else str(error.code), error.message or ""
    return "", error or ""
