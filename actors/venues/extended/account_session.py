"""The private stream of one account: balance, positions, orders and fills as they change.

Frames are read by the sections they hold, not by their `type`: one frame may hold several, and
types that the venue adds later change nothing. Source: Extended API Documentation, "Account
updates stream".
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.venues.contract import Event
from actors.venues.decoding import decode
from actors.venues.extended import parse, wire
from actors.venues.extended.session import Stream

VIA: Final = "websocket"
_KNOWN_TYPES: Final = frozenset({"ORDER", "TRADE", "BALANCE", "POSITION", "SPOT_BALANCE"})

_frame = msgspec.json.Decoder(wire.AccountFrame)
_data = msgspec.json.Decoder(wire.AccountData)


class AccountSession(Stream):
    """Raises SequenceGap where frames are missing; REST then tells what they said.

    A frame that is numbered well but cannot be read raises MalformedFrame and has been counted:
    the frames after it are welcome, and REST tells what it said.
    """

    def __init__(self, ws_url: str, api_key: str, account: str) -> None:
        super().__init__(ws_url, "/account", api_key)
        self._account = account

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        frame, sequence = self._read(_frame, data)
        self._next(sequence)
        return self._announced(self._events(self._sections(frame), now_ns))

    def _sections(self, frame: wire.AccountFrame) -> wire.AccountData:
        raw = bytes(frame.data)
        if raw == b"null" or (frame.type not in _KNOWN_TYPES and not raw.startswith(b"{")):
            return wire.AccountData()
        return decode(_data, raw, "frame.data")

    def _events(self, data: wire.AccountData, now_ns: int) -> list[Event]:
        account = self._account
        events: list[Event] = []
        if data.balance is not None:
            events.append(parse.account_snapshot(data.balance, account, now_ns, VIA))
        if data.spotBalances is not None:
            events.append(parse.asset_balances(data.spotBalances, account, now_ns))
        events += [parse.position(row, account, now_ns, VIA) for row in data.positions or ()]
        events += [parse.order(row, account, now_ns, VIA) for row in data.orders or ()]
        events += [parse.fill(row, account, now_ns, VIA) for row in data.trades or ()]
        return events
