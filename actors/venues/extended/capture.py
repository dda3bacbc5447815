"""Tells of each frame of a recorded capture which of Extended's streams it is of, and reads on.

A stream goes by its URL path, as on the wire. Where a capture names none, the frame tells: only
candles say neither market nor interval. Of v2 (JSON-RPC, many streams on one connection) a data
frame names its `subscription`; its number counts the connection's frames, so each stream is given
its own count here, with a hole in all of them where the connection's has one. Source: Extended API
Documentation, "Websocket API"; the venue's Python SDK 2.6.0 (v2).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from actors.errors import MalformedFrame, UsageFault
from actors.venues.capture_contract import Recorded
from actors.venues.contract import Session
from actors.venues.decoding import decode
from actors.venues.extended import wire
from actors.venues.extended.account_session import AccountSession
from actors.venues.extended.book_session import BookSession
from actors.venues.extended.market_requests import TIMEFRAMES
from actors.venues.extended.market_session import (
    CandlesSession,
    FundingSession,
    MarketStream,
    PriceSession,
    TopSession,
    TradesSession,
)

STREAMS_MAX: Final = 2_000
"""The venue has some hundred markets; a capture that names more streams is none of its."""

ACCOUNT: Final = "recorded"
"""The name of an account whose capture does not tell it."""

FIRST: Final = 1
FIRST_V2: Final = 0
INTERVALS: Final = {spelling: each.name for each in TIMEFRAMES for spelling in each.spellings}
"""Our word for each interval of the venue's candles."""
CANDLE_TYPES: Final = {"last": "trades", "mark": "mark-prices", "index": "index-prices"}
OF_ONE_MARKET: Final = ("orderbooks", "funding", "prices")
"""Where a stream of all markets mixes whole frames; the market is then in the frame."""
_PATH: Final = re.compile(
    r"/(?P<kind>orderbooks(?:/rfq)?|publicTrades|funding|prices/(?:mark|index)|candles|account)"
    r"(?:/(?P<name>[^/?]{1,80}))?(?:/(?P<price>[a-z-]{1,20}))?"
    r"(?:\?(?:depth=(?P<depth>1)|interval=(?P<interval>\w{1,8})))?/?"
)


_NONE: Final = msgspec.Raw()


class _Data(wire.Wire):
    """What tells one kind of `data` from another."""

    m: str | None = None
    d: str | None = None
    b: msgspec.Raw = _NONE
    f: msgspec.Raw = _NONE
    p: msgspec.Raw = _NONE


class _Row(wire.Wire):
    m: str | None = None
    i: msgspec.Raw = _NONE


class _Head(wire.Frame):
    data: msgspec.Raw = wire.NULL
    subscription: str | None = None
    id: msgspec.Raw = _NONE


_head = msgspec.json.Decoder(_Head)
_data = msgspec.json.Decoder(_Data)
_rows = msgspec.json.Decoder(list[_Row])
_frame = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Capture:
    """The sessions of one capture; `symbol` leaves out what is known to be of other markets.

    `stream` (a path or a URL) is what frames are of that nothing else is said of; UsageFault where
    there is no such stream.
    """

    def __init__(self, ws_url: str, symbol: str = "", stream: str = "") -> None:
        self._ws_url = ws_url
        self._symbol = symbol
        self._stream = stream
        self._recorded: dict[str, Recorded] = {}
        self._last: dict[str, int] = {}
        self._last_v2: int | None = None
        if stream:
            self._check(stream)

    def _check(self, stream: str) -> None:
        try:
            self._session(_parsed(_path(stream)))
        except MalformedFrame as fault:
            raise UsageFault(f"expected {fault.expected}, found {fault.found}") from fault

    def read(self, data: bytes, stream: str, now_ns: int) -> tuple[Recorded, bytes] | None:
        """The stream and what its session shall receive; None for no data, or of other markets.

        `stream` is what the capture says, if anything. Raises MalformedFrame.
        """
        head = decode(_head, data, "frame")
        if head.id != _NONE and head.data == wire.NULL and not head.error:
            # The reply to a v2 request.
            return None
        said = _v1_path(head.subscription) if head.subscription else stream or self._stream
        path = _path(said) if said else _recognised(head)
        named = _parsed(path)
        if not named["name"] and named["kind"].startswith(OF_ONE_MARKET):
            path = f"/{named['kind']}/{_market(head)}" + ("?depth=1" if named["depth"] else "")
            named = _parsed(path)
        is_market = named["kind"] != "account"
        if is_market and self._symbol and named["name"] not in (None, self._symbol):
            return None
        recorded = self._named(path, named)
        if head.subscription is not None:
            return recorded, self._renumbered(recorded, data, head.seq, now_ns)
        self._begin_anew(recorded, head.seq, now_ns)
        return recorded, data

    def _named(self, path: str, named: re.Match[str]) -> Recorded:
        found = self._recorded.get(path)
        if found is None:
            if len(self._recorded) >= STREAMS_MAX:
                raise MalformedFrame("stream", f"at most {STREAMS_MAX} streams", path)
            session = self._session(named)
            found = self._recorded[path] = Recorded(
                stream=path,
                session=session,
                book=session if isinstance(session, BookSession) else None,
                holes=(lambda: session.gaps) if isinstance(session, MarketStream) else int,
            )
        return found

    def _session(self, named: re.Match[str]) -> Session:
        kind, name, url = named["kind"], named["name"] or "", self._ws_url
        if kind == "account":
            return AccountSession(url, "", name or ACCOUNT)
        if kind == "publicTrades":
            return TradesSession(url, name)
        if kind == "funding":
            return FundingSession(url, name)
        if kind.startswith("prices/"):
            return PriceSession(url, kind.removeprefix("prices/"), name)
        if kind == "candles":
            interval = named["interval"] or ""
            if not name or interval not in INTERVALS:
                expected = "/candles/<market>/<type>?interval=, one of " + ", ".join(INTERVALS)
                raise MalformedFrame("stream", expected, named[0])
            price_type = named["price"] or "trades"
            return CandlesSession(url, name, INTERVALS[interval], interval, price_type)
        return TopSession(url, name) if named["depth"] else BookSession(url, name)

    def _begin_anew(self, recorded: Recorded, sequence: int | None, now_ns: int) -> None:
        """Nothing but the first number tells that the recorder had to connect again."""
        last = self._last.get(recorded.stream)
        if sequence == FIRST and last is not None and last > FIRST:
            recorded.session.connected(now_ns)
        if sequence is not None:
            self._last[recorded.stream] = sequence

    def _renumbered(
        self, recorded: Recorded, data: bytes, sequence: int | None, now_ns: int
    ) -> bytes:
        if sequence is None:
            raise MalformedFrame("frame.seq", "a whole number", "nothing")
        last, self._last_v2 = self._last_v2, sequence
        if sequence == FIRST_V2 and last is not None and last > FIRST_V2:
            self._last.clear()
            for each in self._recorded.values():
                each.session.connected(now_ns)
        elif last is not None and sequence != last + 1:
            self._last = {stream: count + 1 for stream, count in self._last.items()}
        own = self._last[recorded.stream] = self._last.get(recorded.stream, 0) + 1
        fields = decode(_frame, data, "frame")
        return msgspec.json.encode(fields | {"seq": msgspec.Raw(str(own).encode())})


def _path(stream: str) -> str:
    """The path that subscribes, of a path or a whole URL."""
    if "://" not in stream:
        return stream if stream.startswith("/") else f"/{stream}"
    found = re.search(r"/v\d+(/.*)$", stream)
    return found[1] if found else stream


def _parsed(path: str) -> re.Match[str]:
    found = _PATH.fullmatch(path)
    if found is None:
        known = "a stream's path, such as /orderbooks/<market> or /account"
        raise MalformedFrame("stream", known, path)
    return found


def _v1_path(topic: str) -> str:
    """The v1 path of what a v2 topic names."""
    match [part for part in topic.split(".") if part != "all"]:
        case ["orderbooks", "1", *market]:
            return "/".join(("/orderbooks", *market)) + "?depth=1"
        case ["orderbooks", market, "rfq"]:
            return f"/orderbooks/rfq/{market}"
        case ["orderbooks" | "account" as scope, *rest]:
            return "/".join(("", scope, *rest))
        case ["trades", *rest]:
            return "/".join(("/publicTrades", *rest))
        case ["funding-rates", *rest]:
            return "/".join(("/funding", *rest))
        case ["prices", price_type, *rest]:
            return "/".join(("/prices", price_type, *rest))
        case ["candles", price_type, market, interval]:
            return f"/candles/{market}/{CANDLE_TYPES.get(price_type)}?interval={interval}"
    raise MalformedFrame("frame.subscription", "a topic of the venue", topic)


def _recognised(head: _Head) -> str:
    """The path by what the frame holds."""
    raw = bytes(head.data)
    if raw.startswith(b"["):
        rows = decode(_rows, raw, "frame.data")
        markets = {row.m for row in rows}
        if not rows or rows[0].i == _NONE:
            told = "candles, which do not say of which market" if rows else "an empty array"
            raise MalformedFrame("stream", "one named by the capture or by --stream", told)
        return f"/publicTrades/{rows[0].m}" if len(markets) == 1 else "/publicTrades"
    if not raw.startswith(b"{"):
        if head.error or (head.status or "").upper() == "ERROR":
            raise MalformedFrame("frame", "data", "a refusal of a stream that is not named")
        return "/account"
    data = decode(_data, raw, "frame.data")
    if data.b != _NONE:
        return f"/orderbooks/{data.m}" + ("?depth=1" if data.d == "1" else "")
    if data.f != _NONE:
        return f"/funding/{data.m}"
    if data.p != _NONE and data.m is not None:
        return f"/prices/{'index' if head.type == 'IP' else 'mark'}/{data.m}"
    return "/account"


def _market(head: _Head) -> str:
    """The market that a frame of all markets' stream is of."""
    return decode(_data, head.data, "frame.data").m or ""
