"""The figures of one account: its collateral from one source, its other assets from another. Pure.

Of either the newer word wins (`Recency`). `*_ns` arguments are CLOCK_MONOTONIC.
"""

from __future__ import annotations

import msgspec

from actors.account_recency import Recency
from actors.account_sections import same
from actors.messages.account import AccountSnapshot
from actors.venues.contract import AssetBalances


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
        self.current = msgspec.structs.replace(self._plain, balances=self._plain.balances + assets)
        return [] if held is not None and same(held, self.current) else [self.current]
