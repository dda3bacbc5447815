"""Numbers of the simulated Lighter that are made from others: markets, nonces, blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_KNOWN_MARKETS: Final = {"ETH": 0, "BTC": 1, "SOL": 2}
_NONCE_FIRST: Final = 9_000_000_000
_NONCE_STEP: Final = 7
_BLOCK_MS: Final = 7_800


def market_ids(names: Iterable[str]) -> dict[str, int]:
    """market → market_id: ETH, BTC, SOL have the venue's own, the others follow in order."""
    others = iter(range(len(_KNOWN_MARKETS), 1 << 30))
    return {
        name: _KNOWN_MARKETS[name] if name in _KNOWN_MARKETS else next(others) for name in names
    }


def book_nonce(frame: int) -> int:
    """The engine's nonce at frame `frame` of a book: rises, and by more than one (PROTOCOL 4)."""
    return _NONCE_FIRST + _NONCE_STEP * frame + frame * frame % 5


def frame_of_nonce(nonce: int) -> int | None:
    """The frame that bears this nonce, or None when none does."""
    frame = (nonce - _NONCE_FIRST) // _NONCE_STEP
    return frame if frame >= 0 and book_nonce(frame) == nonce else None


def block_height(ts_ms: int) -> int:
    """The chain's block at a time."""
    return ts_ms // _BLOCK_MS
