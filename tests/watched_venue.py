"""The venues that the service is tested with: what differs between them, in one place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

TOKEN_EXPIRY = 4_102_444_800
INDEX_FIRST = 9_000
PLENTY = "100000"


@dataclass(frozen=True)
class WatchedVenue:
    """`market` and `other_market` are the venue's own names; paths are its simulator's.

    `order_id` … `fill_size`: what its rows call them. `numbered_frames`: whether each
    frame of a connection is, from 1 on; else a book has its own count, and nobody can tell that two
    frames of an account came in the wrong order.
    """

    name: str
    market: str
    other_market: str
    rest_path: str
    stream_path: str
    order_id: str
    order_filled: str
    fill_id: str
    fill_size: str
    numbered_frames: bool

    def __str__(self) -> str:
        return self.name

    @property
    def markets(self) -> str:
        return f"{self.market},{self.other_market}"

    def book(self, market: str = "") -> str:
        """Topic and actor of an order book."""
        return f"orderbook:{self.name}:linear:{market or self.market}"

    def account(self, name: str) -> str:
        """Topic and actor of an account."""
        return f"account:{self.name}:{name}"

    def follows(self, *markets: str) -> dict[str, str]:
        """The `.env`'s word for the books that are followed; none named, the first market's."""
        return {f"{self.name.upper()}_MARKETS": ",".join(markets or (self.market,))}

    def grants(self, per_minute: str = PLENTY) -> dict[str, str]:
        """The `.env`'s word for another limit of requests than the one that is published."""
        return {f"{self.name.upper()}_RATE_LIMIT": per_minute}

    def simulated(self, keys: dict[str, str]) -> list[dict[str, Any]]:
        """The accounts as its simulator is told of them; `keys` are made by the test."""
        if self.name == "extended":
            return [{"name": name, "api_key": key} for name, key in keys.items()]
        return [
            {
                "name": name,
                "api_key": read_only_token(name, key),
                "account_index": account_index(name),
                "api_key_index": 4,
            }
            for name, key in keys.items()
        ]

    def variables(
        self, keys: dict[str, str], base_url: str, ws_url: str, *, generous: bool = True
    ) -> dict[str, str]:
        """The `.env` of a service that watches these accounts.

        `generous`: the venue grants more than its standard tier, under which a test that kills
        and restarts would wait for its turn most of the time.
        """
        upper = self.name.upper()
        found = {f"{upper}_BASE_URL": base_url, f"{upper}_WS_URL": ws_url}
        for name, key in keys.items():
            if self.name == "extended":
                found[f"Extended_{name}_T{name}_API_KEY"] = key
                continue
            found[f"Lighter_{name}_T{name}_Account_Index"] = str(account_index(name))
            found[f"Lighter_{name}_T{name}_PRIVATE"] = read_only_token(name, key)
        if generous and self.name == "lighter":
            found |= {"LIGHTER_RATE_LIMIT": PLENTY, "LIGHTER_HANDSHAKE_LIMIT": PLENTY}
        return found


def account_index(name: str) -> int:
    """The index of a test's account at Lighter."""
    return INDEX_FIRST + int(name)


def read_only_token(name: str, key: str) -> str:
    """A read-only token of Lighter's that goes with the test's key."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"ro:{account_index(name)}:single:{TOKEN_EXPIRY}:{digest[:48]}"


EXTENDED = WatchedVenue(
    name="extended",
    market="BTC-USD",
    other_market="ETH-USD",
    rest_path="/api/v1",
    stream_path="/stream.extended.exchange/v1",
    order_id="id",
    order_filled="filledQty",
    fill_id="id",
    fill_size="qty",
    numbered_frames=True,
)
LIGHTER = WatchedVenue(
    name="lighter",
    market="BTC",
    other_market="ETH",
    rest_path="",
    stream_path="/stream",
    order_id="order_index",
    order_filled="filled_base_amount",
    fill_id="trade_id",
    fill_size="size",
    numbered_frames=False,
)
BOTH = (EXTENDED, LIGHTER)
