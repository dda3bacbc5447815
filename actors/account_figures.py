"""The figures of one account: its collateral from one source, its other assets from another. Pure.

Of either the newer word wins (`Recency`). `*_ns` arguments are CLOCK_MONOTONIC.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.account_recency import Recency
from actors.account_sections import same
from actors.messages.account import AccountSnapshot
from actors.venues.contract import AssetBalances

CONFIRMED_AGAIN_NS: Final = 600_000_000_000
"""That an asset is still so is told as seldom as this; its time says how old the word is."""


class Figures:
    """`current` is the account's snapshot, None before the first figures."""

    def __init__(self, recency: Recency | None = None) -> None:
        self._recency = recency or Recency()
        self.current: AccountSnapshot | None = None
        self._plain: AccountSnapshot | None = None
        self._asof_ns = 0
        self._assets: AssetBalances | None = None
        self._assets_asof_ns = 0

    def news(self, row: AccountSnapshot, asof_ns: int) -> list[AccountSnapshot]:
        if not self._recency.supersedes(row, asof_ns, self._plain, self._asof_ns):
            return []
        self._plain = row
        self._asof_ns = asof_ns
        return self._merged()

    def assets(self, row: AssetBalances, asof_ns: int) -> list[AccountSnapshot]:
        """All assets beside the collateral; one that is not among them is gone."""
        if not self._recency.supersedes(row, asof_ns, self._assets, self._assets_asof_ns):
            return []
        self._assets = row
        self._assets_asof_ns = asof_ns
        return self._merged()

    def _merged(self) -> list[AccountSnapshot]:
        if self._plain is None:
            return []
        held = self.current
        assets = () if self._assets is None else self._assets.items
        merged = msgspec.structs.replace(self._plain, balances=self._plain.balances + assets)
        if held is not None and same(held, _dated_as(held, merged)):
            return []
        self.current = merged
        return [merged]


def _dated_as(held: AccountSnapshot, merged: AccountSnapshot) -> AccountSnapshot:
    """`merged` with the times of `held` where those are recent enough to stand for its own.

    Each time told is an event that is journaled, and an asset that stays as it is is confirmed each
    minute, for ever.
    """
    if [each.asset for each in held.balances] != [each.asset for each in merged.balances]:
        return merged
    pairs = zip(held.balances, merged.balances, strict=True)
    balances = tuple(
        msgspec.structs.replace(new, as_of_ns=old.as_of_ns)
        if 0 <= new.as_of_ns - old.as_of_ns < CONFIRMED_AGAIN_NS
        else new
        for old, new in pairs
    )
    return msgspec.structs.replace(merged, balances=balances)
