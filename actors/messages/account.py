"""What venues say of accounts. Money, prices and sizes are decimal text as the venue sent it.

`account` is the account's name (its configured number); `via` is `websocket` or `polling`.
"""

from __future__ import annotations

import msgspec


class Balance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One asset of an account; `free` can be used, `locked` cannot.

    `as_of_ns`: when the venue last confirmed it, where that is not told with the account's figures
    (0: it is).
    """

    asset: str
    total: str
    free: str | None = None
    locked: str | None = None
    value_usd: str | None = None
    as_of_ns: int = 0


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one account; topic `account:<venue>:<name>`.

    `margin_ratio` is maintenance margin / equity as a fraction; `leverage` is exposure / equity.
    All money is in `settle`; `settle_usd` is what one unit of it is worth in USD, None where the
    venue does not say.
    """

    venue: str
    account: str
    equity: str
    wallet_balance: str
    free: str | None = None
    withdrawable: str | None = None
    margin_used: str | None = None
    margin_ratio: str | None = None
    leverage: str | None = None
    exposure: str | None = None
    unrealized_pnl: str | None = None
    settle: str = "USD"
    settle_usd: str | None = None
    balances: tuple[Balance, ...] = ()
    venue_time_ns: int = 0
    received_ns: int
    via: str


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One position; topic `positions:<venue>:<name>`, one per (symbol, side) where hedged.

    `quantity` is absolute; `0` means closed (and removes it). `side` is `long` or `short`.
    """

    venue: str
    account: str
    position_id: str
    symbol: str
    product: str
    side: str
    quantity: str
    entry_price: str | None = None
    mark_price: str | None = None
    liquidation_price: str | None = None
    notional: str | None = None
    leverage: str | None = None
    margin: str | None = None
    unrealized_pnl: str | None = None
    realized_pnl: str | None = None
    opened_ns: int = 0
    venue_time_ns: int = 0
    received_ns: int
    via: str


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order; topic `orders:<venue>:<name>`.

    `status`: open, partially_filled, filled, canceled, rejected, expired, unknown. `version` rises
    with each change at the venue: (order_id, version) is the event's identity; of one order only a
    higher version is news.
    """

    venue: str
    account: str
    order_id: str
    client_order_id: str | None = None
    symbol: str
    product: str
    side: str
    type: str
    status: str
    price: str | None = None
    average_price: str | None = None
    trigger_price: str | None = None
    quantity: str
    filled_quantity: str = "0"
    fee: str | None = None
    reduce_only: bool = False
    post_only: bool = False
    time_in_force: str | None = None
    reason: str | None = None
    created_ns: int = 0
    version: int
    venue_time_ns: int = 0
    received_ns: int
    via: str


class Fill(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Our execution; topic `fills:<venue>:<name>`. `fill_id` is the event's identity.

    `fee` is positive when paid; `liquidity` is `maker` or `taker`.
    """

    venue: str
    account: str
    fill_id: str
    order_id: str
    client_order_id: str | None = None
    symbol: str
    product: str
    side: str
    price: str
    quantity: str
    notional: str | None = None
    fee: str | None = None
    fee_asset: str | None = None
    liquidity: str
    trade_type: str = "trade"
    venue_time_ns: int = 0
    received_ns: int
    via: str


class Funding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A funding payment; topic `fundings:<venue>:<name>`. `funding_id` is the event's identity.

    `amount` is in the account's settlement asset, positive when received; `rate` is the fraction of
    the position's value that was applied.
    """

    venue: str
    account: str
    funding_id: str
    symbol: str
    amount: str
    rate: str | None = None
    venue_time_ns: int = 0
    received_ns: int
    via: str


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account's place among all who earn points; `leagues` by what they reward."""

    rank: int | None = None
    leagues: dict[str, str] = {}


class EpochPoints(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one period of a season brought."""

    epoch: str
    points: str
    start_ns: int = 0
    end_ns: int = 0


class SeasonPoints(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One season of a venue's reward programme."""

    season: str
    total: str
    epochs: tuple[EpochPoints, ...] = ()


class Points(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The venue's reward score of one account; topic `points`.

    `available` is False, with a `reason`, where the venue knows of none. `rank` and `leagues` (by
    what they reward) are the venue's standing, None and empty where it does not tell. Stale from
    `stale_after_ms` after `received_mono_ns` on.
    """

    venue: str
    account: str
    available: bool
    reason: str = ""
    total: str | None = None
    seasons: tuple[SeasonPoints, ...] = ()
    rank: int | None = None
    leagues: dict[str, str] = {}
    stale_after_ms: float = 0.0
    received_mono_ns: int = 0
    received_ns: int
    via: str = "polling"


OPEN_STATUSES = frozenset({"open", "partially_filled", "unknown"})
