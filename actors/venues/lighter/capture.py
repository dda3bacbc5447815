"""Tells of each frame of a recorded capture which of Lighter's streams it is of, and reads on.

One connection carries many channels, and each frame names its own, but by a market's number: a
capture holds no list of markets, so the number stands for the name. What one session would read
of several channels is one stream here too: `ticker/0` with `market_stats/0`, and all channels of
one account. Source: PROTOCOL, sections 3.2 to 3.4.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from actors.errors import MalformedFrame, UsageFault
from actors.messages.market import Instrument
from actors.venues.capture_contract import Recorded
from actors.venues.decoding import decode
from actors.venues.lighter import wire
from actors.venues.lighter.account_session import AccountSession
from actors.venues.lighter.book_session import BookSession
from actors.venues.lighter.market_requests import TIMEFRAMES
from actors.venues.lighter.market_session import CandlesSession, TickerSession, TradesSession
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.parse import COLLATERAL, LINEAR, SPOT, VENUE
from actors.venues.lighter.session import Stream

STREAMS_MAX: Final = 2_000
"""The venue has some hundred markets; a capture that names more streams is none of its."""
SPOT_FROM: Final = 2_048
"""Spot markets have numbers from here on."""
RESOLUTIONS: Final = tuple(each.name for each in TIMEFRAMES)
_PATH: Final = re.compile(
    r"(?P<kind>order_book|trade|ticker|market_stats|spot_market_stats|candle)"
    r"/(?P<market>[0-9]{1,5})(?:/(?P<resolution>\w{1,4}))?"
    r"|(?P<account_kind>account_[a-z_]{1,40}|user_stats|notification|pool_data|pool_info)"
    r"/(?:[0-9]{1,5}/)?(?P<account>[0-9]{1,15})"
)
_NAMED: Final = re.compile(r"(?P<channel>[a-z_]{1,40}(?:[:/]\w{1,20}){1,2})\s*\Z")
"""A refusal names its channel at the end of its text."""
_DATA: Final = frozenset({"subscribed", "update", "unsubscribed"})

_head = msgspec.json.Decoder(wire.Head)


class NumberedMarkets(Markets):
    """A directory that was not recorded: every market is called by its number."""

    def instrument(self, market_id: int) -> Instrument:
        product = product_of(market_id)
        return Instrument(
            venue=VENUE,
            product=product,
            symbol=str(market_id),
            base=str(market_id),
            quote=COLLATERAL,
            settle=COLLATERAL,
            unified=str(market_id),
            tick_size="0",
            lot_size="0",
            venue_id=str(market_id),
        )

    @property
    def lacking(self) -> bool:
        return False


def product_of(market_id: int) -> str:
    return LINEAR if market_id < SPOT_FROM else SPOT


class Capture:
    """The sessions of one capture; `symbol` (a market's number) leaves out other markets.

    `stream` (a channel) is what a refusal is of that names none. UsageFault where either is none.
    """

    def __init__(self, ws_url: str, symbol: str = "", stream: str = "") -> None:
        if symbol and not (symbol.isascii() and symbol.isdecimal()):
            raise UsageFault(f"expected a market's number, which is all that captures hold of "
                             f"its name, found {symbol[:80]!r}")  # fmt: skip
        self._ws_url = ws_url
        self._symbol = symbol
        self._stream = stream
        self._recorded: dict[str, Recorded] = {}
        if stream:
            try:
                _parsed(stream)
            except MalformedFrame as fault:
                raise UsageFault(f"expected {fault.expected}, found {fault.found}") from fault

    def read(self, data: bytes, stream: str, now_ns: int) -> tuple[Recorded, bytes] | None:
        """The stream and what its session shall receive; None for no data, or of other markets.

        `stream`, what the capture says, is not asked: it names the connection at best. Raises
        MalformedFrame.
        """
        del stream
        head = decode(_head, data, "frame")
        kind = (head.type or "").partition("/")[0]
        if kind == "connected":
            for each in self._recorded.values():
                each.session.connected(now_ns)
            return None
        if kind in _DATA:
            if head.channel is None:
                raise MalformedFrame("frame.channel", "a channel", "nothing")
            said = head.channel
        elif head.error is not None or (head.code is not None and kind in ("", "error")):
            said = self._refused(head)
        else:
            return None
        named = _parsed(said)
        if self._symbol and named["market"] not in (None, self._symbol):
            return None
        return self._named(named), data

    def _refused(self, head: wire.Head) -> str:
        _, message = wire.error_text(head if head.error is None else head.error)
        found = _NAMED.search(message)
        if found is not None:
            return found["channel"]
        if not self._stream:
            raise MalformedFrame("frame", "data", "a refusal of a channel that is not named")
        return self._stream

    def _named(self, named: re.Match[str]) -> Recorded:
        name = _name(named)
        found = self._recorded.get(name)
        if found is None:
            if len(self._recorded) >= STREAMS_MAX:
                raise MalformedFrame("frame.channel", f"at most {STREAMS_MAX} streams", name)
            session = self._session(named)
            book = session if isinstance(session, BookSession) else None
            if book is None:
                # A capture may begin in the midst of a connection.
                session.joined()
            found = Recorded(stream=name, session=session, book=book, holes=int)
            self._recorded[name] = found
        return found

    def _session(self, named: re.Match[str]) -> Stream:
        if named["account"]:
            name = named["account"]
            return AccountSession(self._ws_url, name, int(name), NumberedMarkets())
        market, kind = named["market"], named["kind"]
        number, product = int(market), product_of(int(market))
        match kind:
            case "order_book":
                return BookSession(self._ws_url, product, market, number)
            case "trade":
                return TradesSession(self._ws_url, product, market, number)
            case "candle":
                resolution = named["resolution"]
                return CandlesSession(
                    self._ws_url, product, market, number, resolution, resolution=resolution
                )
            case _:
                return TickerSession(self._ws_url, product, market, number)


def _parsed(channel: str) -> re.Match[str]:
    found = _PATH.fullmatch(channel.replace(":", "/"))
    fits = found is not None and (found["kind"] == "candle") == (found["resolution"] is not None)
    if found is None or not fits or found["resolution"] not in (None, *RESOLUTIONS):
        known = "a channel that is read, such as order_book/0 or candle/0/1m"
        raise MalformedFrame("frame.channel", known, channel)
    return found


def _name(named: re.Match[str]) -> str:
    """Of the stream whose session reads the channel."""
    if named["account"]:
        return f"account/{named['account']}"
    if named["kind"] in ("market_stats", "spot_market_stats"):
        return f"ticker/{named['market']}"
    return named[0]
