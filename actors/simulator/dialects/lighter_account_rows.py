"""Rows of whole accounts at Lighter: who one is, what it is worth, its points (PROTOCOL 2.5)."""

from __future__ import annotations

from typing import Any

from actors.simulator.accounts import Account, Margin
from actors.simulator.dialects.lighter_markets import LighterMarkets
from actors.simulator.dialects.lighter_rows import asset_rows, available_text, position_rows
from actors.simulator.exchange import Exchange
from actors.simulator.markets import money_text
from actors.simulator.orders import UNTRIGGERED

Row = dict[str, Any]


def l1_address(account: Account) -> str:
    """The owner's wallet; each simulated account has its own."""
    return f"0x{account.l2_key[2:42]}"


def basic_row(account: Account, margin: Margin) -> Row:
    """What the list of a wallet's accounts says of each."""
    waiting = sum(order.status == UNTRIGGERED for order in account.orders.values())
    return {
        "code": 0,
        "account_type": 0,
        "index": account.account_id,
        "l1_address": l1_address(account),
        "cancel_all_time": 0,
        "total_order_count": len(account.orders),
        "total_isolated_order_count": 0,
        "pending_order_count": waiting,
        "available_balance": available_text(margin),
        "status": 1,
        "collateral": money_text(margin.balance),
        "transaction_time": 0,
        "account_trading_mode": 0,
    }


def account_row(
    account: Account, exchange: Exchange, markets: LighterMarkets, *, active_only: bool = False
) -> Row:
    """Everything that `GET account` tells; total_asset_value is the equity to the last digit."""
    margin = exchange.trading.margin(account)
    return {
        **basic_row(account, margin),
        **metadata_row(account),
        "positions": position_rows(account, exchange, markets, active_only=active_only),
        "assets": list(asset_rows(account).values()),
        "total_asset_value": money_text(margin.equity),
        "cross_asset_value": money_text(margin.equity),
        "cross_initial_margin_requirement": money_text(margin.initial),
        "cross_maintenance_margin_requirement": money_text(margin.maintenance),
        "shares": [],
        "pending_unlocks": [],
        "approved_integrators": [],
    }


def metadata_row(account: Account) -> Row:
    return {
        "account_index": account.account_id,
        "name": f"Simulated {account.name}",
        "description": "",
        "can_invite": False,
        "referral_points_percentage": "",
        "can_rfq": False,
        "can_rfq_market_ids": None,
        "created_at": account.created_ms // 1000,
        "metadata": {"color": ""},
    }


def points_row(account: Account) -> Row:
    """Points that depend on nothing but the account's index; JSON numbers, and no code."""
    number = account.account_id % 1_000
    return {
        "referrals": [],
        "user_total_points": number * 100 + 12.5,
        "user_last_week_points": number * 2 + 0.25,
        "user_total_referral_reward_points": 0,
        "user_last_week_referral_reward_points": 0,
        "reward_point_multiplier": "0",
    }
