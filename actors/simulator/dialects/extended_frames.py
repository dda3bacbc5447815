"""Frames of Extended's v1 streams: their numbering, and how a book's delta is spoiled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from actors.simulator.faults import FaultKind

_encoder: Final = msgspec.json.Encoder()


def payload(document: dict[str, Any]) -> bytes:
    """A JSON object without its closing brace: the stream's number goes there."""
    return _encoder.encode(document)[:-1]


class ExtendedFrames:
    """Each stream numbers its frames from 1 (PROTOCOL 3.1); they are offered as `payload`s."""

    def finished(self, payload: bytes, seq: int) -> bytes:
        return b'%b,"seq":%d}' % (payload, seq)

    def skippable(self, _: bytes) -> bool:
        return True

    def mistyped(self, _: bytes) -> bytes:
        return b'{"type":"SNAPSHOT","data":"none","ts":"now","seq":"one"}'

    def bent(self, kind: FaultKind, frame: bytes) -> bytes | None:
        document = msgspec.json.decode(frame)
        data = document.get("data")
        if document.get("type") != "DELTA" or not isinstance(data, dict):
            return None
        rows: list[dict[str, Any]] = data["b"] + data["a"]
        if not rows:
            return None
        if kind is FaultKind.NO_SIZE:
            for row in rows:
                del row["c"]
        elif kind is FaultKind.MISMATCH:
            for row in rows:
                row["c"] = str(Decimal(row["c"]) + Decimal(row["q"]).copy_abs() + 1)
        else:
            # A bid far above every ask; its signed change and its size agree.
            price = Decimal(rows[0]["p"]) * 2
            data["b"].insert(0, {"q": "1", "p": format(price, "f"), "c": "1"})
        return msgspec.json.encode(document)
