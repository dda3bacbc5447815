"""What all of Lighter's streams share: greeting, subscriptions, refusals, pings of its own kind.

Each channel of a stream is in one state; what is due follows from the states alone:

| state | is due | frame | then |
|---|---|---|---|
| wanted | subscribe, once greeted | `subscribed/…` | live |
| asked | an answer, in ANSWER_S_MAX | `subscribed/…` | live |
| asked | | refusal 30003 | unwanted: no snapshot comes with it |
| live | | `update/…` | live |
| unwanted | unsubscribe | `subscribed/…` | live |
| left | an answer, in ANSWER_S_MAX | `unsubscribed`, refusal 30002 | wanted |

Updates in any other state than live are dropped. Source: PROTOCOL, sections 3.1 and 3.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

import msgspec

from actors.errors import MalformedFrame, VenueFault, VenueUnavailable
from actors.venues.contract import Event, Subscribed
from actors.venues.decoding import decode
from actors.venues.lighter import answers, wire

USER_AGENT: Final = "Mozilla/5.0 (compatible; broadcaster/0.1)"
"""The firewall turns away what does not look like a browser."""

PING_INTERVAL_S: Final = 30.0
SILENCE_MAX_S: Final = 45.0 + PING_INTERVAL_S
"""Two of our pings are answered by then, or the peer is dead."""
ANSWER_S_MAX: Final = 15.0
"""For the greeting, and for each subscription to be answered."""
AGAIN_S: Final = 5.0
"""After a refusal that may not last."""
ATTEMPTS_MAX: Final = 4
"""Subscriptions of one channel in a row that came to nothing; then the connection is replaced."""

_PING: Final = '{"type":"ping"}'
_PONG: Final = '{"type":"pong"}'
_NOT_SUBSCRIBED: Final = "30002"
_ALREADY_SUBSCRIBED: Final = "30003"
_LATER: Final = frozenset({"30004", "30009", "30010", "30011", "30012"})
_S: Final = 1_000_000_000
_head = msgspec.json.Decoder(wire.Head)


def browser_headers(address: str) -> dict[str, str]:
    """What the firewall wants to see, of an address of either kind."""
    parts = urlsplit(address)
    scheme = "https" if parts.scheme in ("https", "wss") else "http"
    return {"User-Agent": USER_AGENT, "Origin": f"{scheme}://{parts.netloc}"}


class State(Enum):
    WANTED = "wanted"
    ASKED = "asked"
    LIVE = "live"
    UNWANTED = "unwanted"
    LEFT = "left"


@dataclass(slots=True)
class Channel:
    """`name` as requests spell it (`order_book/0`), `answer` as frames do (`order_book:0`).

    `due_ns` is when to ask, or until when an answer must come, by CLOCK_MONOTONIC.
    """

    name: str
    answer: str
    state: State = State.WANTED
    due_ns: int = 0
    attempts: int = 0


class Stream:
    """One connection and its channels; subclasses name the channels and read their frames."""

    def __init__(self, ws_url: str, channels: Sequence[str], *, secret: str = "") -> None:
        self.url = ws_url
        self.headers: Mapping[str, str] = browser_headers(ws_url)
        self.silence_max_s = SILENCE_MAX_S
        # Markets may be quiet, but the venue is not: it answers each of our pings by a frame.
        self.mute_max_s: float | None = SILENCE_MAX_S
        self.ping_interval_s = PING_INTERVAL_S
        self._name = " ".join(channels)
        self._secret = secret
        self._snapshot_proves = True
        self._channels = {name: Channel(name, name.replace("/", ":")) for name in channels}
        self._begin()

    def connected(self, now_ns: int) -> list[bytes | str]:  # noqa: ARG002 - part of the contract
        """A new connection: the venue speaks first, and knows of no subscription."""
        self._begin()
        return []

    def joined(self) -> None:
        """Takes the channels for live: a recording may begin in the midst of a connection."""
        for channel in self._channels.values():
            channel.state = State.LIVE

    def _begin(self) -> None:
        self._greeted = False
        self._told = False
        self._pong_due = False
        self._greeting_until_ns: int | None = None
        self._ping_due_ns = 0
        for channel in self._channels.values():
            channel.state, channel.due_ns, channel.attempts = State.WANTED, 0, 0

    def to_send(self, mono_ns: int) -> list[bytes | str]:
        """Pongs, pings, subscriptions and their ends, as they are due.

        Raises VenueUnavailable where the venue leaves the greeting or a request unanswered.
        """
        if self._greeting_until_ns is None:
            self._greeting_until_ns = mono_ns + round(ANSWER_S_MAX * _S)
            self._ping_due_ns = mono_ns + round(PING_INTERVAL_S * _S)
        due: list[bytes | str] = []
        if self._pong_due:
            self._pong_due = False
            due.append(_PONG)
        if mono_ns >= self._ping_due_ns:
            self._ping_due_ns = mono_ns + round(PING_INTERVAL_S * _S)
            due.append(_PING)
        if not self._greeted:
            if mono_ns > self._greeting_until_ns:
                raise VenueUnavailable(f"connected, but not greeted within {ANSWER_S_MAX} s")
            return due
        for channel in self._channels.values():
            due += self._request(channel, mono_ns)
        return due

    def _request(self, channel: Channel, mono_ns: int) -> list[str]:
        match channel.state:
            case State.WANTED if mono_ns >= channel.due_ns:
                if channel.attempts >= ATTEMPTS_MAX:
                    told = f"{ATTEMPTS_MAX} subscriptions in a row came to nothing"
                    raise VenueUnavailable(f"{channel.name}: {told}")
                # Told before the state changes: without a token the channel stays wanted.
                told = self._told_of("subscribe", channel, self._credential(channel.name))
                channel.state = State.ASKED
                channel.attempts += 1
            case State.UNWANTED if mono_ns >= channel.due_ns:
                told = self._told_of("unsubscribe", channel, {})
                channel.state = State.LEFT
            case State.ASKED | State.LEFT if mono_ns > channel.due_ns:
                asked = "subscription" if channel.state is State.ASKED else "unsubscription"
                told = f"no answer to the {asked} within {ANSWER_S_MAX} s"
                raise VenueUnavailable(f"{channel.name}: {told}")
            case _:
                return []
        channel.due_ns = mono_ns + round(ANSWER_S_MAX * _S)
        return [told]

    def _told_of(self, kind: str, channel: Channel, more: Mapping[str, str]) -> str:
        return json.dumps({"type": kind, "channel": channel.name, **more}, separators=(",", ":"))

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        head = decode(_head, data, "frame")
        kind, _, of = (head.type or "").partition("/")
        match kind:
            case "connected":
                self._greeted = True
            case "ping":
                self._pong_due = True
            case "shutdown":
                raise VenueUnavailable(f"the venue restarts in {head.close_in_ms} ms")
            case "unsubscribed":
                self._ended(self._channel(head.channel))
            case "subscribed" | "update" if of:
                return self._data(kind, head, data, now_ns)
            case _:
                # Frames of a kind that the venue adds later are passed over; refusals never are.
                if head.error is not None or (head.code is not None and not of):
                    self._refusal(head)
                elif not kind:
                    raise MalformedFrame("frame.type", "a type", "nothing")
        return []

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueFault:
        """What the answer to a handshake means; a 200 is no WebSocket either."""
        if status < 400:
            return VenueUnavailable(f"handshake answered with HTTP {status}")
        return answers.refusal(status, headers, body, 0, secret=self._secret)

    # for subclasses

    def _credential(self, channel: str) -> Mapping[str, str]:  # noqa: ARG002 - for subclasses
        """What a subscription must hold beside its channel (`auth`)."""
        return {}

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        """What a channel's frame says; `whole` for a snapshot. May call `_resubscribe`."""
        raise NotImplementedError(channel)

    def _resubscribe(self, channel: str) -> None:
        """Ends the subscription and begins it anew, for another snapshot or with a new token."""
        self._channels[channel].state = State.UNWANTED
        self._channels[channel].due_ns = 0

    def _proven(self, channel: str) -> None:
        """The subscription is worth having: earlier attempts do not count any more."""
        self._channels[channel].attempts = 0

    def _unsubscribed(self, channel: str) -> None:
        """The venue sends nothing of the channel any more, until it is subscribed again."""

    def _attempts(self, channel: str) -> int:
        """Subscriptions in a row of which none was proven, the present one included."""
        return self._channels[channel].attempts

    # frames

    def _data(self, kind: str, head: wire.Head, data: str | bytes, now_ns: int) -> list[Event]:
        channel = self._channel(head.channel)
        if channel is None:
            return []
        if kind == "update":
            live = channel.state is State.LIVE
            return self._frame(channel.name, data, now_ns, whole=False) if live else []
        if channel.state is State.LEFT:
            return []
        channel.state = State.LIVE
        try:
            events = self._frame(channel.name, data, now_ns, whole=True)
        except MalformedFrame:
            self._resubscribe(channel.name)
            raise
        if self._snapshot_proves:
            self._proven(channel.name)
        return [*self._subscribed(), *events]

    def _subscribed(self) -> list[Event]:
        """Subscribed, once in a connection: when all of its channels have answered."""
        if self._told or any(each.state is not State.LIVE for each in self._channels.values()):
            return []
        self._told = True
        return [Subscribed(self._name)]

    def _channel(self, said: str | None) -> Channel | None:
        """That a frame names; an answer may name more than the request did."""
        if said is None:
            raise MalformedFrame("frame.channel", "a channel", "nothing")
        for channel in self._channels.values():
            if said == channel.answer or said.startswith(channel.answer + ":"):
                return channel
        return None

    def _ended(self, channel: Channel | None) -> None:
        if channel is not None:
            channel.state = State.WANTED
            channel.due_ns = 0
            self._unsubscribed(channel.name)

    # refusals

    def _refusal(self, head: wire.Head) -> None:
        code, message = wire.error_text(head if head.error is None else head.error)
        channel = self._refused_channel(message)
        if code == _NOT_SUBSCRIBED:
            if channel is not None and channel.state is State.LEFT:
                self._ended(channel)
            return
        if code == _ALREADY_SUBSCRIBED:
            if channel is not None and channel.state is State.ASKED:
                self._resubscribe(channel.name)
            return
        if code in _LATER:
            self._later(code, message, channel)
            return
        raise answers.fault_of(code, message or "refused without a reason", secret=self._secret)

    def _refused_channel(self, message: str) -> Channel | None:
        """Refusals name their channel at the end of the text, if at all."""
        said = message.replace("/", ":").rstrip()
        for channel in self._channels.values():
            if said.endswith((":" + channel.answer, " " + channel.answer)):
                return channel
        return None

    def _later(self, code: str, message: str, channel: Channel | None) -> None:
        """What was refused is asked again after a while; unnamed, it may be any open request."""
        refused = [channel] if channel is not None else list(self._channels.values())
        for each in refused:
            if each.state is State.LEFT or each.attempts >= ATTEMPTS_MAX:
                raise answers.fault_of(code, message, secret=self._secret)
            if each.state is State.ASKED:
                each.state = State.WANTED
                each.due_ns += round((AGAIN_S - ANSWER_S_MAX) * _S)
