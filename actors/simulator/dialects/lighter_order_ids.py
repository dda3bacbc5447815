"""Ids of orders as Lighter makes them: asks and bids in ranges of their own (PROTOCOL 1)."""

from __future__ import annotations

from typing import Final

from actors.simulator.ids import Ids
from actors.simulator.matching import BUY

_EPOCH_MS: Final = 1_704_067_200_000
_COUNTER_BITS: Final = 8
_ASKS_FROM: Final = 2**48
_BIDS_DOWN_FROM: Final = 2**49
_TAKERS: Final = 2**43
HOUSE_ACCOUNT: Final = 2**48 - 2
"""The index of the venue's own pool: whose the orders of the synthetic participants are."""


class SidedIds(Ids):
    """Asks count up from 2^48, bids down from 2^49; all else is numbered as usual."""

    __slots__ = ("_placed",)

    def __init__(self) -> None:
        super().__init__()
        self._placed = 0

    def order(self, now_ms: int, side: int) -> int:
        self._placed = max(self._placed + 1, (now_ms - _EPOCH_MS) << _COUNTER_BITS)
        return sided(self._placed, side)


def sided(number: int, side: int) -> int:
    """The id of the order with this number; numbers stay far below 2^48."""
    return _BIDS_DOWN_FROM - number if side == BUY else _ASKS_FROM + number


def house_order(order_id: int, trade_id: int, side: int) -> int:
    """The venue's name for an order of the synthetic participants.

    Those that rest have an id below zero, those that take have none but the trade that they make.
    """
    return sided(-order_id if order_id else trade_id % _TAKERS, side)
