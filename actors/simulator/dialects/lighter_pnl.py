"""The profit chart of an account at Lighter, from what its ledger still knows (PROTOCOL 2.4)."""

from __future__ import annotations

from typing import Any, Final

from actors.simulator.accounts import Account
from actors.simulator.exchange import Exchange
from actors.simulator.markets import MICROS

RESOLUTIONS_S: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}


def pnl_rows(account: Account, exchange: Exchange, times_s: list[int]) -> list[dict[str, Any]]:
    """One row per time, cumulative USD in JSON floats.

    Profit of the past is what was realised by then; that of the newest row is equity less what
    was paid in.
    """
    ledger = exchange.ledger.accounts[account.account_id]
    created_s = account.created_ms // 1000
    rows = []
    for at_s in times_s:
        until_ms = at_s * 1000 + 999
        closed = [one for one in ledger.positions if 0 < one.closed_ms <= until_ms]
        realised = sum(one.realised for one in closed)
        if at_s == times_s[-1]:
            realised = exchange.trading.margin(account).equity - account.deposited
        volume = sum(fill.value for fill in ledger.fills if fill.created_ms <= until_ms)
        rows.append(
            {
                "timestamp": at_s,
                "trade_pnl": realised / MICROS,
                "trade_spot_pnl": 0,
                "inflow": account.deposited / MICROS if at_s >= created_s else 0,
                "outflow": 0,
                "spot_inflow": 0,
                "spot_outflow": 0,
                "pool_pnl": 0,
                "pool_inflow": 0,
                "pool_outflow": 0,
                "pool_total_shares": 0,
                "staking_pnl": 0,
                "staking_inflow": 0,
                "staking_outflow": 0,
                "staked_lit": 0,
                "volume": volume / MICROS,
            }
        )
    return rows
