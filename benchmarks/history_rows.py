"""Rows of history as a desk makes them: seeded accounts whose figures have real lengths."""

from __future__ import annotations

import random
from collections.abc import Iterator

from actors.messages.account import AccountSnapshot, Balance, Fill, Order, Position
from actors.messages.control import ConnectionState
from actors.sinks.contract import Row
from actors.sinks.rows import (
    account_row,
    fill_row,
    incident_row,
    order_row,
    position_row,
    snapshot_row,
)

SECOND_US = 1_000_000
BEGIN_US = 1_790_000_000 * SECOND_US
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "DOGE-USD")


class Desk:
    """Events of one account, each some seconds after the one before it."""

    def __init__(self, account: str, seed: int) -> None:
        self._account = account
        self._random = random.Random(f"{seed} {account}")
        self._count = 0

    def account(self) -> Row:
        return account_row("extended", self._account)

    def snapshots(self, count: int, each_s: float) -> Iterator[Row]:
        for at in range(count):
            equity = 25_000 + self._random.gauss(0, 500)
            at_us = BEGIN_US + round(at * each_s * SECOND_US)
            yield snapshot_row(self._snapshot(equity), at_us)

    def fills(self, count: int, each_s: float) -> Iterator[Row]:
        for at in range(count):
            self._count += 1
            number = 1_784_000_000_000_000_000 + self._count * 7_919
            price = 84_000 + self._random.gauss(0, 900)
            yield fill_row(
                Fill(
                    venue="extended",
                    account=self._account,
                    fill_id=str(number),
                    order_id=str(number - 11),
                    client_order_id=f"{self._random.getrandbits(64):020d}",
                    symbol=self._random.choice(SYMBOLS),
                    product="linear",
                    side=self._random.choice(("buy", "sell")),
                    price=f"{price:.1f}",
                    quantity=f"{self._random.uniform(0.001, 2):.5f}",
                    notional=f"{price * 0.7:.6f}",
                    fee=f"{price * 0.0002:.6f}",
                    liquidity=self._random.choice(("maker", "taker")),
                    venue_time_ns=(BEGIN_US + round(at * each_s * SECOND_US)) * 1000,
                    received_ns=BEGIN_US * 1000,
                    via="websocket",
                )
            )

    def orders(self, count: int, each_s: float) -> Iterator[Row]:
        for at in range(count):
            self._count += 1
            at_ns = (BEGIN_US + round(at * each_s * SECOND_US)) * 1000
            yield order_row(
                Order(
                    venue="extended",
                    account=self._account,
                    order_id=str(1_784_000_000_000_000_000 + self._count // 2),
                    client_order_id=f"{self._random.getrandbits(64):020d}",
                    symbol=self._random.choice(SYMBOLS),
                    product="linear",
                    side="buy",
                    type="limit",
                    status=("open", "filled")[self._count % 2],
                    price=f"{84_000 + self._random.gauss(0, 900):.1f}",
                    quantity="0.50000",
                    filled_quantity=("0", "0.50000")[self._count % 2],
                    time_in_force="GTT",
                    created_ns=at_ns,
                    version=at_ns // 1_000_000,
                    venue_time_ns=at_ns,
                    received_ns=at_ns,
                    via="websocket",
                )
            )

    def positions(self, count: int, each_s: float) -> Iterator[Row]:
        for at in range(count):
            entry = 84_000 + self._random.gauss(0, 900)
            yield position_row(
                Position(
                    venue="extended",
                    account=self._account,
                    position_id=self._random.choice(SYMBOLS),
                    symbol="BTC-USD",
                    product="linear",
                    side="long",
                    quantity=f"{self._random.uniform(0.001, 2):.5f}",
                    entry_price=f"{entry:.6f}",
                    mark_price=f"{entry + 10:.6f}",
                    liquidation_price=f"{entry / 2:.6f}",
                    notional=f"{entry * 0.7:.6f}",
                    leverage="10",
                    margin=f"{entry * 0.07:.6f}",
                    unrealized_pnl=f"{self._random.gauss(0, 30):.6f}",
                    realized_pnl=f"{self._random.gauss(0, 30):.6f}",
                    received_ns=(BEGIN_US + round(at * each_s * SECOND_US)) * 1000,
                    via="websocket",
                )
            )

    def incidents(self, count: int, each_s: float) -> Iterator[Row]:
        for at in range(count):
            state = ConnectionState(
                actor=f"account:extended:{self._account}",
                venue="extended",
                account=self._account,
                lane="websocket",
                state=("backoff", "connected")[at % 2],
                since_mono_ns=at * 10**9,
                last_error="Disconnected: the peer closed the connection with 1006",
            )
            yield incident_row(state, BEGIN_US + round(at * each_s * SECOND_US))

    def _snapshot(self, equity: float) -> AccountSnapshot:
        return AccountSnapshot(
            venue="extended",
            account=self._account,
            equity=f"{equity:.6f}",
            wallet_balance=f"{equity - 120:.6f}",
            free=f"{equity * 0.8:.6f}",
            withdrawable=f"{equity * 0.8:.6f}",
            margin_used=f"{equity * 0.2:.6f}",
            margin_ratio=f"{self._random.uniform(0, 0.1):.4f}",
            leverage=f"{self._random.uniform(0, 3):.4f}",
            exposure=f"{equity * 2:.6f}",
            unrealized_pnl=f"{self._random.gauss(0, 100):.6f}",
            balances=(
                Balance(asset="USD", total=f"{equity - 120:.6f}", free=f"{equity * 0.8:.6f}"),
            ),
            received_ns=BEGIN_US * 1000,
            via="polling",
        )
