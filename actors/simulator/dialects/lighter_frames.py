"""Frames of Lighter's WebSocket, and how a book's update is spoiled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from actors.simulator.faults import FaultKind

_SNAPSHOT: Final = b'"type":"subscribed/'
_NAMES: Final = ("type", "channel")


class LighterFrames:
    """Frames go out as they are offered: no frame of this venue is numbered."""

    def finished(self, payload: bytes, _: int) -> bytes:
        return payload

    def skippable(self, frame: bytes) -> bool:
        """A missing snapshot would be a subscription without an answer, not a gap."""
        return _SNAPSHOT not in frame

    def mistyped(self, frame: bytes) -> bytes:
        document = msgspec.json.decode(frame)
        wrong = {name: value if name in _NAMES else "none" for name, value in document.items()}
        return msgspec.json.encode(wrong)

    def bent(self, kind: FaultKind, frame: bytes) -> bytes | None:
        document = msgspec.json.decode(frame)
        if document.get("type") != "update/order_book":
            return None
        book: dict[str, Any] = document["order_book"]
        rows: list[dict[str, Any]] = book["bids"] + book["asks"]
        if not rows:
            return None
        if kind is FaultKind.NO_SIZE:
            for row in rows:
                del row["size"]
        elif kind is FaultKind.MISMATCH:
            # Sizes are absolute: only the nonce before says whether an update fits.
            book["begin_nonce"] += 1
        else:
            price = Decimal(rows[0]["price"]) * 2
            book["bids"].insert(0, {"price": format(price, "f"), "size": rows[0]["size"]})
            if not Decimal(rows[0]["size"]):
                book["bids"][0]["size"] = "1"
        return msgspec.json.encode(document)
