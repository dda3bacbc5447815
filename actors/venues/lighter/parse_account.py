"""From Lighter's private shapes to our messages: pure functions, one per row.

A status or type that the venue adds later passes and never fails. This service watches perpetuals
and spot markets: rows of binary options are left out. Source: PROTOCOL, sections 2.5, 3.4 and 5.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.errors import MalformedFrame
from actors.messages.account import Fill, Funding, Order, Position
from actors.venues.lighter import wire_account as wire
from actors.venues.lighter.amounts import quotient, share, times
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.parse import COLLATERAL, LINEAR, VENUE, nanoseconds

MARKET_ID_MAX: Final = 4094
"""The last number of a spot market; binary options have those above."""
_BINARY_OPTIONS: Final = "bo"

_OPEN: Final = frozenset({"open", "in-progress", "pending"})
_UNTRIGGERED: Final = frozenset({"in-progress", "pending"})
_CANCELED: Final = "canceled"
_REJECTIONS: Final = frozenset(
    {
        "canceled-post-only",
        "canceled-margin-not-allowed",
        "canceled-too-much-slippage",
        "canceled-not-enough-liquidity",
        "canceled-invalid-balance",
    }
)
_TIME_IN_FORCE: Final = {
    "immediate-or-cancel": "ioc",
    "good-till-time": "gtc",
    "post-only": "gtc",
    "unknown": None,
}
_SECONDS_MAX: Final = 2**33 - 1
_VERSIONS: Final = 1_000
_PROGRESS: Final = 500_000
_RESTING: Final = 1
_ISOLATED: Final = 1

_PRICE_STEP: Final = Decimal("1e-8")
"""To which a price is told that is a quotient, and has no end of its own."""
_LEVERAGE_STEP: Final = Decimal("0.01")
_FEE_UNIT: Final = Decimal("1e-6")
_PERCENT: Final = Decimal("0.01")


def is_watched(market_id: int, kind: str | None) -> bool:
    """Whether the market is of a kind that this service watches."""
    return market_id <= MARKET_ID_MAX and kind != _BINARY_OPTIONS


def is_open(row: wire.Position) -> bool:
    return bool(Decimal(row.position))


def position(
    row: wire.Position, account: str, markets: Markets, received_ns: int, via: str
) -> Position:
    """One per market; size zero is a closed position, a liquidation price of zero is none.

    The row has no mark price: it is the value of one unit, to eight places.
    """
    number = int(row.market_id)
    instrument = markets.instrument(number)
    size = Decimal(row.position)
    if size and int(row.sign) not in (1, -1):
        raise MalformedFrame("sign", "1 or -1", row.sign)
    value = None if row.position_value is None else Decimal(row.position_value)
    percent = Decimal(row.initial_margin_fraction or "0")
    liquidation = row.liquidation_price
    return Position(
        venue=VENUE,
        account=account,
        position_id=str(number),
        symbol=instrument.symbol,
        product=LINEAR,
        side="short" if int(row.sign) < 0 else "long",
        quantity=format(size.copy_abs(), "f") if size else "0",
        entry_price=row.avg_entry_price,
        mark_price=None if value is None else quotient(value, size.copy_abs(), _PRICE_STEP),
        liquidation_price=liquidation if liquidation and Decimal(liquidation) else None,
        notional=row.position_value,
        leverage=quotient(Decimal(100), percent, _LEVERAGE_STEP),
        margin=_margin(row, value, percent),
        unrealized_pnl=row.unrealized_pnl,
        realized_pnl=row.realized_pnl,
        received_ns=received_ns,
        via=via,
    )


def _margin(row: wire.Position, value: Decimal | None, percent: Decimal) -> str | None:
    """What an isolated position was given, or what a cross one needs to be opened."""
    if int(row.margin_mode) == _ISOLATED:
        return row.allocated_margin
    if value is None or row.initial_margin_fraction is None:
        return None
    return format(times(times(value, percent), _PERCENT), "f")


def order_status(row: wire.Order) -> str:
    """Our word. A cancellation by the venue of an order that never traded is a rejection, where it
    says that the order itself would not do."""
    status = row.status.lower()
    filled = Decimal(row.filled_base_amount) > 0
    if status in _OPEN:
        return "partially_filled" if filled else "open"
    if status == "filled":
        return "filled"
    if status == "canceled-expired":
        return "expired"
    if status.startswith(_CANCELED):
        return "rejected" if status in _REJECTIONS and not filled else "canceled"
    return "unknown"


def order_version(row: wire.Order, *, ended: bool) -> int:
    """A number that rises with each change of one order and is the same over REST and stream.

    No time of the venue's rises with each change by itself: `updated_at` counts whole seconds on
    the live wire, `transaction_time` stays that of the creation. So, from the highest place: the
    second of the last change; whether the order has ended, after which nothing follows; the count
    of changes of its terms (of which a thousand in one second would be too many); then how far it
    is, from waiting for its trigger over resting to the filled share. A second is worth 10^9, and
    the whole fits a signed 64-bit integer until the year 2242.
    """
    seconds = nanoseconds(row.updated_at or row.timestamp or row.created_at) // 10**9
    quantity, filled = Decimal(row.initial_base_amount), Decimal(row.filled_base_amount)
    progress = 0 if row.status.lower() in _UNTRIGGERED else _RESTING
    if filled > 0:
        steps = _PROGRESS - _RESTING - 2
        progress = _RESTING + 1 + share(filled, quantity, steps)
    changes = (row.order_version or 0) % _VERSIONS
    stage = min(seconds, _SECONDS_MAX) * 2 + ended
    return (stage * _VERSIONS + changes) * _PROGRESS + progress


def order(row: wire.Order, account: str, markets: Markets, received_ns: int, via: str) -> Order:
    """`reason` is what the venue's status says beyond ours (`post_only`)."""
    instrument = markets.instrument(row.market_index)
    status = order_status(row)
    filled, tif = Decimal(row.filled_base_amount), (row.time_in_force or "unknown").lower()
    trigger = row.trigger_price
    said = row.status.lower().removeprefix(_CANCELED).strip("-").replace("-", "_")
    client = row.client_order_id or str(row.client_order_index or 0)
    quote = None if row.filled_quote_amount is None else Decimal(row.filled_quote_amount)
    return Order(
        venue=VENUE,
        account=account,
        order_id=row.order_id or str(row.order_index),
        client_order_id=None if client == "0" else client,
        symbol=instrument.symbol,
        product=instrument.product,
        side="sell" if row.is_ask else "buy",
        type=row.type.lower().replace("-", "_"),
        status=status,
        price=row.price,
        average_price=None if quote is None else quotient(quote, filled, _PRICE_STEP),
        trigger_price=trigger if trigger and Decimal(trigger) else None,
        quantity=row.initial_base_amount,
        filled_quantity=row.filled_base_amount,
        reduce_only=bool(row.reduce_only),
        post_only=tif == "post-only",
        time_in_force=_TIME_IN_FORCE.get(tif, tif),
        reason=said if said and row.status.lower().startswith(_CANCELED) else None,
        created_ns=nanoseconds(row.created_at or row.timestamp),
        version=order_version(row, ended=status not in ("open", "partially_filled", "unknown")),
        venue_time_ns=nanoseconds(row.updated_at or row.timestamp or row.created_at),
        received_ns=received_ns,
        via=via,
    )


def fills(
    row: wire.Trade,
    account: str,
    account_index: int,
    markets: Markets,
    *,
    received_ns: int,
    via: str,
) -> list[Fill]:
    """Our executions in a trade: none where both sides are others', two where both are ours.

    Of the latter the maker's has an id of its own, as ids are what fills are known by.
    """
    sides = [
        is_ask
        for is_ask, owner in ((True, row.ask_account_id), (False, row.bid_account_id))
        if owner == account_index
    ]
    if not sides:
        return []
    instrument = markets.instrument(row.market_id)
    told = []
    for is_ask in sides:
        is_maker = is_ask == row.is_maker_ask
        rate = (row.maker_fee if is_maker else row.taker_fee) or 0
        client = row.ask_client_id if is_ask else row.bid_client_id
        own_id = f"{row.trade_id}-maker" if is_maker and len(sides) > 1 else str(row.trade_id)
        told.append(
            Fill(
                venue=VENUE,
                account=account,
                fill_id=own_id,
                order_id=str(row.ask_id if is_ask else row.bid_id),
                client_order_id=str(client) if client else None,
                symbol=instrument.symbol,
                product=instrument.product,
                side="sell" if is_ask else "buy",
                price=row.price,
                quantity=row.size,
                notional=row.usd_amount,
                fee=format(times(times(Decimal(row.usd_amount), Decimal(rate)), _FEE_UNIT), "f"),
                fee_asset=COLLATERAL,
                liquidity="maker" if is_maker else "taker",
                trade_type=(row.type or "trade").lower().replace("-", "_"),
                venue_time_ns=nanoseconds(row.transaction_time or row.timestamp),
                received_ns=received_ns,
                via=via,
            )
        )
    return told


def funding(
    row: wire.FundingPayment, account: str, markets: Markets, received_ns: int, via: str
) -> Funding:
    return Funding(
        venue=VENUE,
        account=account,
        funding_id=str(row.funding_id),
        symbol=markets.instrument(int(row.market_id)).symbol,
        amount=row.change,
        rate=row.rate,
        venue_time_ns=nanoseconds(int(row.timestamp or 0)),
        received_ns=received_ns,
        via=via,
    )
