"""A throttle for a venue that counts requests twice: to the address, and to the accounts' owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actors.runtime.lease import PASSING_PER_S, LeasedThrottle, rest_limit

if TYPE_CHECKING:
    from actors.runtime.context import ActorContext
    from actors.runtime.timer import Timer
    from actors.venues.contract import Venue

OWNER_LENGTH_MAX: Final = 100


class OwnerThrottle(LeasedThrottle):
    """Pays its address's budget, and from `owned_by` on its owner's too, whatever the address."""

    __slots__ = ("_made_with", "_owner", "_owner_opening")

    def __init__(
        self,
        context: ActorContext,
        venue: Venue,
        timer: Timer,
        exit_address: str = "",
        *,
        wanted_per_s: float = PASSING_PER_S,
        opening: float = 1,
    ) -> None:
        self._owner: LeasedThrottle | None = None
        self._made_with = context, venue, timer
        self._owner_opening = opening
        super().__init__(
            context,
            venue,
            timer,
            exit_address,
            wanted_per_s=wanted_per_s,
            opening=opening,
            keeps=True,
        )

    def owned_by(self, owner: str) -> None:
        """As the venue said; "" where it does not count so. The first word holds."""
        if self._owner is not None or not owner:
            return
        context, venue, timer = self._made_with
        self._owner = LeasedThrottle(
            context,
            venue,
            timer,
            f"owner {owner[:OWNER_LENGTH_MAX]}",
            limit=rest_limit(context.config, venue),
            wanted_per_s=self._wanted_per_s,
            opening=self._owner_opening,
            keeps=True,
        )

    @property
    def held_s(self) -> float:
        own_s = super().held_s
        return own_s if self._owner is None else max(own_s, self._owner.held_s)

    @property
    def pace_per_s(self) -> float:
        own = self.rate_per_s
        return own if self._owner is None else min(own, self._owner.rate_per_s)

    async def acquire(self, weight: float = 1) -> None:
        await super().acquire(weight)
        if self._owner is not None:
            await self._owner.acquire(weight)

    def limited(self, wait_s: float | None) -> None:
        """The venue does not say which of the two was too much."""
        super().limited(wait_s)
        if self._owner is not None:
            self._owner.limited(wait_s)

    def want(self, per_s: float) -> None:
        super().want(per_s)
        if self._owner is not None:
            self._owner.want(per_s)
