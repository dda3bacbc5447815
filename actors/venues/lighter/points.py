"""Lighter's points of one account: for trading, and as a reward for those whom it referred.

Each kind is told as a season of its own, whose last week is an epoch. Source: PROTOCOL, section
2.4 (`referral/points`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from actors.messages.account import EpochPoints, Points, SeasonPoints
from actors.venues.lighter import wire_account as wire
from actors.venues.lighter.amounts import added
from actors.venues.lighter.parse import VENUE, figure

TRADING: Final = "trading"
REFERRALS: Final = "referrals"
LAST_WEEK: Final = "last_week"


def none(reason: str, account: str, received_ns: int) -> Points:
    """What it means that the venue refuses to tell."""
    return Points(
        venue=VENUE,
        account=account,
        available=False,
        reason=f"the venue tells none: {reason}",
        received_ns=received_ns,
    )


def points(row: wire.ReferralPoints, account: str, received_ns: int) -> Points:
    """The total is of both kinds; it is known of the trading kind alone where the other is not."""
    seasons = [_season(TRADING, row.user_total_points, row.user_last_week_points)]
    total = row.user_total_points
    if row.user_total_referral_reward_points is not None:
        reward = row.user_total_referral_reward_points
        seasons.append(_season(REFERRALS, reward, row.user_last_week_referral_reward_points))
        total = added((total, reward))
    return Points(
        venue=VENUE,
        account=account,
        available=True,
        total=figure(total, "total"),
        seasons=tuple(seasons),
        received_ns=received_ns,
    )


def _season(kind: str, total: Decimal, last_week: Decimal | None) -> SeasonPoints:
    week = figure(last_week, f"{kind}.{LAST_WEEK}")
    return SeasonPoints(
        season=kind,
        total=figure(total, kind) or "0",
        epochs=() if week is None else (EpochPoints(epoch=LAST_WEEK, points=week),),
    )
