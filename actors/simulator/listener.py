"""What an exchange tells whoever listens: the seam between the world and its wire."""

from __future__ import annotations

from typing import Protocol

from actors.simulator.accounts import Account, Changes
from actors.simulator.feed import BookFrame
from actors.simulator.market import Market
from actors.simulator.orders import Print


class Listener(Protocol):
    """Called synchronously, in the order of events."""

    def on_book(self, market: Market, frame: BookFrame) -> None:
        """A published frame of the whole book."""

    def on_top(self, market: Market, ts_ms: int) -> None:
        """The best bid or ask is another (`market.feed.top`)."""

    def on_prints(self, prints: list[Print], ts_ms: int) -> None:
        """Trades of some 100 ms, oldest first, of any markets."""

    def on_prices(self, market: Market, ts_ms: int) -> None:
        """Mark and index price, and with them the running candles, were set."""

    def on_funding(self, market: Market, ts_ms: int) -> None:
        """The funding rate was computed."""

    def on_account(self, account: Account, changes: Changes, ts_ms: int) -> None:
        """All that one event changed for one account."""

    def on_riddle(self, account: Account, ts_ms: int) -> None:
        """Time for a frame of a type that no client knows."""


class Deaf:
    """A listener for nobody: what the exchange has before a server listens."""

    __slots__ = ()

    def on_book(self, market: Market, frame: BookFrame) -> None: ...

    def on_top(self, market: Market, ts_ms: int) -> None: ...

    def on_prints(self, prints: list[Print], ts_ms: int) -> None: ...

    def on_prices(self, market: Market, ts_ms: int) -> None: ...

    def on_funding(self, market: Market, ts_ms: int) -> None: ...

    def on_account(self, account: Account, changes: Changes, ts_ms: int) -> None: ...

    def on_riddle(self, account: Account, ts_ms: int) -> None: ...
