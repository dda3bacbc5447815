"""Extended's points: what seasons and their epochs brought, and the account's standing.

Source: Extended API Documentation, "Get Earned Points", "Get Points Leaderboard Stats".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Final

from actors.messages.account import EpochPoints, Points, SeasonPoints, Standing
from actors.venues.extended import wire
from actors.venues.extended.parse import VENUE
from actors.venues.orderbook import AMOUNT_LENGTH_MAX

_EXACT: Final = Context(prec=2 * AMOUNT_LENGTH_MAX + 10)
"""Wide enough for the sum of all epochs, whatever the length of each amount."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def none(account: str, received_ns: int) -> Points:
    """What a 404 means."""
    return Points(
        venue=VENUE,
        account=account,
        available=False,
        reason="the venue answers 404: it knows of no points",
        received_ns=received_ns,
    )


def points(rows: Iterable[wire.SeasonRewards], account: str, received_ns: int) -> Points:
    """Seasons and epochs in the venue's order; one without an id goes by its place."""
    seasons = []
    total = Decimal(0)
    for place, row in enumerate(rows, 1):
        rewards = row.epochRewards or []
        season_total = _sum(rewards)
        total = _EXACT.add(total, season_total)
        seasons.append(
            SeasonPoints(
                season=str(place if row.seasonId is None else row.seasonId),
                total=format(season_total, "f"),
                epochs=tuple(_epoch(each, at) for at, each in enumerate(rewards, 1)),
            )
        )
    return Points(
        venue=VENUE,
        account=account,
        available=True,
        total=format(total, "f"),
        seasons=tuple(seasons),
        received_ns=received_ns,
    )


def standing(row: wire.RewardStanding) -> Standing:
    leagues = {
        "trading": row.tradingRewardLeague,
        "liquidity": row.liquidityRewardLeague,
        "referral": row.referralRewardLeague,
    }
    told = {what: league.lower() for what, league in leagues.items() if league}
    return Standing(rank=row.rank, leagues=told)


def _sum(rewards: Iterable[wire.EpochReward]) -> Decimal:
    total = Decimal(0)
    for each in rewards:
        total = _EXACT.add(total, Decimal(each.pointsReward))
    return total


def _epoch(row: wire.EpochReward, place: int) -> EpochPoints:
    return EpochPoints(
        epoch=str(place if row.epochId is None else row.epochId),
        points=row.pointsReward,
        start_ns=_nanoseconds(row.startDate),
        end_ns=_nanoseconds(row.endDate),
    )


def _nanoseconds(date: str | None) -> int:
    """An ISO date, UTC where it names no zone; 0 for what is none (only shown, never counted)."""
    try:
        moment = datetime.fromisoformat(date or "")
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND * 1000
