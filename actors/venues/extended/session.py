"""What all of Extended's streams share: handshake, envelope, refusals, and the sequence rule.

One stream per connection; the path is the subscription, there is nothing to send and nothing is
acknowledged: the first good frame says that the stream is there. Source: Extended API
Documentation, "Websocket API".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from actors.errors import MalformedFrame, SequenceGap, VenueFault, VenueUnavailable
from actors.venues.contract import Event, Subscribed
from actors.venues.decoding import decode
from actors.venues.extended import answers, wire

USER_AGENT: Final = "broadcaster/0.1"
"""Mandatory on every handshake and request, public ones too; any text will do."""

SILENCE_MAX_S: Final = 45.0
"""The venue pings each 15 s: three missed, and the peer is dead."""
PING_INTERVAL_S: Final = 30.0

FrameT = TypeVar("FrameT", bound=wire.Frame)


class Stream:
    """One stream by its URL path; subclasses read the data."""

    def __init__(self, ws_url: str, path: str, api_key: str = "") -> None:
        self.url = ws_url.rstrip("/") + path
        self.headers: Mapping[str, str] = {"User-Agent": USER_AGENT} | (
            {"X-Api-Key": api_key} if api_key else {}
        )
        self.silence_max_s = SILENCE_MAX_S
        self.mute_max_s: float | None = None
        self.ping_interval_s = PING_INTERVAL_S
        self._path = path
        self._api_key = api_key
        self._sequence: int | None = None
        self._subscribed = False

    def connected(self, now_ns: int) -> list[bytes | str]:  # noqa: ARG002 - part of the contract
        """A new connection: its frames are numbered from 1 again."""
        self._sequence = None
        self._subscribed = False
        return []

    def to_send(self, mono_ns: int) -> tuple[()]:  # noqa: ARG002 - part of the contract
        """Nothing, ever: the path is the subscription, and Pings are the protocol's own."""
        return ()

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueFault:
        """What the answer to a handshake means; a 200 is no WebSocket either."""
        if status < 400:
            return VenueUnavailable(f"handshake answered with HTTP {status}")
        return answers.refusal(status, headers, body, 0, secret=self._api_key)

    def _read(self, decoder: msgspec.json.Decoder[FrameT], data: str | bytes) -> tuple[FrameT, int]:
        """The frame and its sequence number; a refusal raises what it means."""
        frame = decode(decoder, data, "frame")
        if frame.error or (frame.status or "").upper() == "ERROR":
            raise answers.fault_of(0, frame.error, f"stream {self._path} refused", self._api_key)
        if frame.seq is None:
            raise MalformedFrame("frame.seq", "a whole number", "nothing")
        return frame, frame.seq

    def _next(self, sequence: int) -> None:
        """Each frame follows the one before it; the first of a connection may have any number."""
        last = self._sequence
        if last is not None and sequence != last + 1:
            raise SequenceGap(last + 1, sequence)
        self._sequence = sequence

    def _announced(self, events: list[Event]) -> list[Event]:
        """The events, after Subscribed where they are the first of a connection."""
        if self._subscribed:
            return events
        self._subscribed = True
        return [Subscribed(self._path), *events]
