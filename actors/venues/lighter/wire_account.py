"""The shapes of Lighter's private frames and answers, under the venue's own field names.

Containers come as lists, as maps from a market's number to rows, or as null: `rows` reads them all.
Recorded answers quote some whole numbers (`Count`). Fees are whole numbers of 1e-6 of the amount;
points are JSON numbers, read from their very digits. Source: PROTOCOL, sections 2.4, 2.5 and 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Final, TypeAlias, TypeVar

from msgspec import Meta

from actors.venues.lighter.wire import Amount, Envelope, Name, Time, Whole, Wire

ROWS_MAX: Final = 20_000
"""In one answer or frame: an account may have 1,500 orders; pages hold a hundred rows."""
MARKETS_MAX: Final = 10_000

Count = Whole | Annotated[str, Meta(pattern=r"^[0-9]{1,18}\Z")]
Cursor = Annotated[str, Meta(max_length=2_000)]
Fee = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]

RowT = TypeVar("RowT")
ListOf: TypeAlias = Annotated[list[RowT], Meta(max_length=ROWS_MAX)]
Rows: TypeAlias = (
    ListOf[RowT] | Annotated[dict[str, ListOf[RowT] | RowT], Meta(max_length=MARKETS_MAX)] | None
)


class Asset(Wire):
    """`balance` is the wallet beside the perpetuals; `margin_balance` is what backs them."""

    symbol: Name
    asset_id: Count
    balance: Amount
    locked_balance: Amount | None = None
    margin_balance: Amount | None = None


class Position(Wire):
    """`position` has no sign of its own; `initial_margin_fraction` is percent."""

    market_id: Count
    sign: int | Annotated[str, Meta(pattern=r"^-?[01]\Z")]
    position: Amount
    avg_entry_price: Amount | None = None
    position_value: Amount | None = None
    unrealized_pnl: Amount | None = None
    realized_pnl: Amount | None = None
    liquidation_price: Amount | None = None
    initial_margin_fraction: Amount | None = None
    margin_mode: Count = 0
    allocated_margin: Amount | None = None


class Account(Wire):
    """All money is USDC. The margin requirements are of what is held in cross margin."""

    index: Count
    collateral: Amount
    available_balance: Amount
    total_asset_value: Amount | None = None
    cross_initial_margin_requirement: Amount | None = None
    cross_maintenance_margin_requirement: Amount | None = None
    l1_address: Annotated[str, Meta(max_length=80)] = ""
    positions: Rows[Position] = None
    assets: Rows[Asset] = None


class Accounts(Envelope):
    accounts: ListOf[Account] | None = None


class Order(Wire):
    """`updated_at` counts whole seconds on the live wire; `price` of a market order is its limit.

    `order_version` counts the changes of an order's terms; older servers do not tell it.
    """

    order_index: Whole
    market_index: Whole
    is_ask: bool
    type: Name
    status: Name
    initial_base_amount: Amount
    filled_base_amount: Amount
    filled_quote_amount: Amount | None = None
    owner_account_index: Whole | None = None
    order_id: Name | None = None
    client_order_id: str | None = None
    client_order_index: Whole | None = None
    price: Amount | None = None
    trigger_price: Amount | None = None
    time_in_force: str | None = None
    reduce_only: bool | Annotated[int, Meta(ge=0, le=1)] | None = None
    timestamp: Time | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    order_version: Whole | None = None
    market_kind: str | None = None


class Orders(Envelope):
    orders: Rows[Order] = None
    next_cursor: Cursor | None = None


class Trade(Wire):
    """One execution as both sides see it; `usd_amount` is size × price."""

    trade_id: Whole
    market_id: Whole
    size: Amount
    price: Amount
    usd_amount: Amount
    ask_id: Whole
    bid_id: Whole
    ask_account_id: Whole
    bid_account_id: Whole
    is_maker_ask: bool
    ask_client_id: Whole | None = None
    bid_client_id: Whole | None = None
    taker_fee: Fee | None = None
    maker_fee: Fee | None = None
    type: str | None = None
    timestamp: Time | None = None
    transaction_time: Time | None = None
    market_kind: str | None = None


class Trades(Envelope):
    trades: Rows[Trade] = None
    next_cursor: Cursor | None = None


class FundingPayment(Wire):
    """`change` is USDC, negative where the account paid; `rate` is a fraction."""

    funding_id: Count
    market_id: Count
    change: Amount
    rate: Amount | None = None
    timestamp: Time | Annotated[str, Meta(pattern=r"^[0-9]{1,16}\Z")] | None = None


class FundingPayments(Envelope):
    position_fundings: Rows[FundingPayment] = None
    next_cursor: Cursor | None = None


class Key(Wire):
    api_key_index: Count
    public_key: Annotated[str, Meta(max_length=200)]


class Keys(Envelope):
    api_keys: ListOf[Key] | None = None


class Limits(Envelope):
    user_tier: str | None = None


class ReferralPoints(Envelope, kw_only=True):
    user_total_points: Decimal
    user_last_week_points: Decimal | None = None
    user_total_referral_reward_points: Decimal | None = None
    user_last_week_referral_reward_points: Decimal | None = None


# Streams


class OrdersFrame(Wire):
    orders: Rows[Order] = None


class TradesFrame(Wire):
    trades: Rows[Trade] = None


class PositionsFrame(Wire):
    positions: Rows[Position] = None


class AssetsFrame(Wire):
    assets: Rows[Asset] = None
    timestamp: Time | None = None


class Stats(Wire):
    """Of the whole account; `portfolio_value` holds the profit of open positions."""

    collateral: Amount
    portfolio_value: Amount
    available_balance: Amount


class StatsFrame(Wire):
    stats: Stats
    timestamp: Time | None = None


def rows(container: Rows[RowT]) -> Iterator[RowT]:
    """Each row, whatever holds it."""
    if container is None:
        return
    for each in container if isinstance(container, list) else container.values():
        if isinstance(each, list):
            yield from each
        else:
            yield each
