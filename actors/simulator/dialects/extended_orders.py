"""What Extended accepts as a new order: the body of POST /user/order into an OrderRequest.

A Stark signature must be present and look like one; it is *not* verified, since the simulator
holds no chain.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from actors.simulator.market import Market
from actors.simulator.markets import whole_units
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import FOK, GTT, IOC, OrderRequest, Trigger
from actors.simulator.refused import Refused

ORDER_TYPES: Final = ("LIMIT", "MARKET", "CONDITIONAL")
TIMES_IN_FORCE: Final = (GTT, IOC, FOK, "TOB")
EXTERNAL_ID_LENGTH_MAX: Final = 100
_NUMBER_LENGTH_MAX: Final = 40


class Signature(msgspec.Struct):
    r: str
    s: str


class Settlement(msgspec.Struct, rename="camel"):
    signature: Signature
    stark_key: str
    collateral_position: str | int


class OrderTrigger(msgspec.Struct, rename="camel"):
    trigger_price: str | int | float
    trigger_price_type: str
    execution_price_type: str
    trigger_price_direction: str | None = None
    direction: str | None = None


class OrderBody(msgspec.Struct, rename="camel"):
    """The fields that the simulator heeds; others, fee and nonce included, are ignored."""

    market: str
    type: str
    side: str
    qty: str | int | float
    settlement: Settlement | None = None
    id: str = ""
    price: str | int | float | None = None
    reduce_only: bool = False
    post_only: bool = False
    time_in_force: str = GTT
    expiry_epoch_millis: int | None = None
    trigger: OrderTrigger | None = None
    tp_sl_type: str | None = None
    cancel_id: str | None = None


_decoder: Final = msgspec.json.Decoder(OrderBody)


def read_order(body: bytes, markets: dict[str, Market]) -> tuple[OrderRequest, str | None]:
    """The order, and the external id of one that it replaces; raises Refused."""
    try:
        order = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(422, "1133", f"Invalid order parameters: {error}") from error
    except msgspec.DecodeError as error:
        raise Refused(400, "400", f"body: expected JSON: {error}") from error
    market = markets.get(order.market)
    if market is None:
        raise Refused(404, "1001", "Market not found.")
    _check_signature(order.settlement)
    if order.type not in ORDER_TYPES or order.tp_sl_type is not None:
        raise Refused(422, "1132", f"Order type {order.type!r} is not simulated")
    if order.side not in {"BUY", "SELL"}:
        raise Refused(422, "1133", f"side: expected BUY or SELL, found {order.side!r}")
    if order.time_in_force not in TIMES_IN_FORCE:
        raise Refused(422, "1133", f"timeInForce: found {order.time_in_force!r}")
    if order.type == "MARKET" and order.time_in_force not in {IOC, FOK}:
        raise Refused(400, "1139", "Market order must be IOC")
    if len(order.id) > EXTERNAL_ID_LENGTH_MAX:
        raise Refused(422, "1133", f"id: longer than {EXTERNAL_ID_LENGTH_MAX}")
    if order.type == "CONDITIONAL" and order.trigger is None:
        raise Refused(400, "1143", "Conditional order needs a trigger")
    lots = whole_units(_number("qty", order.qty), market.spec.lot)
    if lots is None:
        raise Refused(400, "1121", f"qty: expected a multiple of {market.spec.lot}")
    request = OrderRequest(
        market=market.name,
        side=BUY if order.side == "BUY" else SELL,
        lots=lots,
        price=None if order.price is None else _ticks("price", order.price, market),
        type=order.type,
        time_in_force=GTT if order.time_in_force == "TOB" else order.time_in_force,
        post_only=order.post_only or order.time_in_force == "TOB",
        reduce_only=order.reduce_only,
        external_id=order.id,
        expire_ms=order.expiry_epoch_millis or 0,
        trigger=_trigger(order.trigger, market) if order.type == "CONDITIONAL" else None,
    )
    return request, order.cancel_id


def _check_signature(settlement: Settlement | None) -> None:
    if settlement is None:
        raise Refused(400, "1101", "settlement: a signature is required")
    if not settlement.stark_key.startswith("0x"):
        raise Refused(400, "1100", "settlement.starkKey: expected a hexadecimal number")
    for name, text in (("r", settlement.signature.r), ("s", settlement.signature.s)):
        if not text.startswith("0x"):
            raise Refused(400, "1101", f"settlement.signature.{name}: expected 0x…")


def _trigger(trigger: OrderTrigger | None, market: Market) -> Trigger | None:
    if trigger is None:
        return None
    direction = trigger.trigger_price_direction or trigger.direction
    if trigger.trigger_price_type not in {"LAST", "MARK", "INDEX"}:
        raise Refused(422, "1133", "trigger.triggerPriceType: expected LAST, MARK or INDEX")
    if direction not in {"UP", "DOWN"}:
        raise Refused(422, "1133", "trigger.direction: expected UP or DOWN")
    price = _ticks("trigger.triggerPrice", trigger.trigger_price, market)
    return Trigger(price, trigger.trigger_price_type, direction == "UP")


def _ticks(name: str, value: Any, market: Market) -> int:
    ticks = whole_units(_number(name, value), market.spec.tick)
    if ticks is None:
        raise Refused(400, "1125", f"{name}: expected a multiple of {market.spec.tick}")
    return ticks


def _number(name: str, value: Any) -> Decimal:
    """A positive decimal from text or a JSON number."""
    text = str(value)
    try:
        number = Decimal(text) if len(text) <= _NUMBER_LENGTH_MAX else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 < number < Decimal("1e15"):
        raise Refused(422, "1133", f"{name}: expected a positive number, found {text[:60]!r}")
    return number
