"""The private stream of one account: figures, positions, orders and fills as they change.

Nothing is told before all channels are acknowledged, then Subscribed is, as late: what passed until
then REST tells. A token that is about to end is replaced by another one: each channel is left and
subscribed again, after which Subscribed is told again. Source: PROTOCOL, sections 3.2 and 3.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from actors.errors import KeyRejected, MalformedFrame
from actors.venues.contract import Event, Subscribed
from actors.venues.decoding import decode
from actors.venues.lighter import parse_account, wire
from actors.venues.lighter import wire_account as private
from actors.venues.lighter.answers import TokenRefused
from actors.venues.lighter.credentials import Credentials
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.parse import nanoseconds
from actors.venues.lighter.session import Channel, State, Stream

VIA: Final = "websocket"
PUBLIC: Final = "user_stats"
"""The venue tells it without a token: that it answers says nothing of ours."""
CHANNELS: Final = (
    "account_all_orders",
    "account_all_trades",
    "account_all_positions",
    "account_all_assets",
    PUBLIC,
)

FrameT = TypeVar("FrameT")
_orders = msgspec.json.Decoder(private.OrdersFrame)
_trades = msgspec.json.Decoder(private.TradesFrame)
_positions = msgspec.json.Decoder(private.PositionsFrame)
_assets = msgspec.json.Decoder(private.AssetsFrame)
_stats = msgspec.json.Decoder(private.StatsFrame)


class AccountSession(Stream):
    """`account` is our name of it, `account_index` the venue's.

    It subscribes once the markets are known, which REST learns: frames name them by number.
    Without credentials it reads what was recorded, and tells all of it.
    """

    def __init__(
        self,
        ws_url: str,
        account: str,
        account_index: int,
        markets: Markets,
        credentials: Credentials | None = None,
        *,
        figures: AccountFigures | None = None,
    ) -> None:
        self._account = account
        self._account_index = account_index
        self._markets = markets
        self._credentials = credentials
        self._figures = AccountFigures(account) if figures is None else figures
        self._tokens: dict[str, str] = {}
        self._renewing = False
        super().__init__(ws_url, [f"{name}/{account_index}" for name in CHANNELS])

    def connected(self, now_ns: int) -> list[bytes | str]:
        self._tokens.clear()
        self._renewing = False
        return super().connected(now_ns)

    def to_send(self, mono_ns: int) -> list[bytes | str]:
        """As any stream; raises KeyRejected where no token can be had any more."""
        self._renew()
        return super().to_send(mono_ns)

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        events = super().receive(data, now_ns)
        return events if self._told or self._credentials is None else []

    # subscriptions

    def _request(self, channel: Channel, mono_ns: int) -> list[str]:
        if channel.state is State.WANTED and not self._markets.known:
            return []
        return super()._request(channel, mono_ns)

    def _credential(self, channel: str) -> Mapping[str, str]:
        if self._credentials is None:
            return {}
        token = self._tokens[channel] = self._secret = self._credentials.token()
        return {"auth": token}

    def _renew(self) -> None:
        """Begins each subscription anew, once the token that it was made with is replaced."""
        if self._credentials is None or not self._all_live():
            return
        token = self._credentials.token()
        for channel, used in self._tokens.items():
            if used != token:
                self._renewing = True
                self._resubscribe(channel)

    def _subscribed(self) -> list[Event]:
        if not self._all_live() or (self._told and not self._renewing):
            return []
        self._told = True
        self._renewing = False
        return [Subscribed(self._name, late=True)]

    def _all_live(self) -> bool:
        return all(each.state is State.LIVE for each in self._channels.values())

    def _refusal(self, head: wire.Head) -> None:
        try:
            super()._refusal(head)
        except TokenRefused as fault:
            channel = self._asked(head)
            if self._credentials is None or channel is None:
                raise
            verdict = self._credentials.refused(self._tokens.get(channel.name, ""), fault)
            if isinstance(verdict, KeyRejected):
                raise verdict from fault
            # Asked again on this connection, with the token that is made instead.
            channel.state, channel.due_ns = State.WANTED, 0

    def _asked(self, head: wire.Head) -> Channel | None:
        """The subscription that a refusal is of; one that is not named is the oldest."""
        _, message = wire.error_text(head if head.error is None else head.error)
        named = self._refused_channel(message)
        if named is not None:
            return named
        asked = [each for each in self._channels.values() if each.state is State.ASKED]
        return min(asked, key=lambda each: each.due_ns, default=None)

    # frames

    def _frame(self, channel: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        kind = channel.partition("/")[0]
        if whole and kind != PUBLIC and self._credentials is not None:
            self._credentials.accepted(self._tokens.get(channel, ""))
        return self._read(kind, data, now_ns, whole=whole)

    def _read(self, kind: str, data: str | bytes, now_ns: int, *, whole: bool) -> list[Event]:
        match kind:
            case "account_all_orders":
                return self._orders(decode(_orders, data, "frame"), now_ns)
            case "account_all_trades":
                # The first frame is history, however it is shaped.
                return [] if whole else self._trades(decode(_trades, data, "frame"), now_ns)
            case "account_all_positions":
                return self._positions(decode(_positions, data, "frame"), now_ns)
            case "account_all_assets":
                return self._assets(decode(_assets, data, "frame"), now_ns)
            case _:
                return self._stats(decode(_stats, data, "frame"), now_ns)

    def _orders(self, frame: private.OrdersFrame, now_ns: int) -> list[Event]:
        events: list[Event] = []
        for row in private.rows(frame.orders):
            check_owner(row, self._account_index)
            if parse_account.is_watched(row.market_index, row.market_kind):
                events.append(parse_account.order(row, self._account, self._markets, now_ns, VIA))
        return events

    def _trades(self, frame: private.TradesFrame, now_ns: int) -> list[Event]:
        return [
            fill
            for row in private.rows(frame.trades)
            if parse_account.is_watched(row.market_id, row.market_kind)
            for fill in parse_account.fills(
                row,
                self._account,
                self._account_index,
                self._markets,
                received_ns=now_ns,
                via=VIA,
            )
        ]

    def _positions(self, frame: private.PositionsFrame, now_ns: int) -> list[Event]:
        rows = [
            row
            for row in private.rows(frame.positions)
            if parse_account.is_watched(int(row.market_id), None)
        ]
        events: list[Event] = [
            parse_account.position(row, self._account, self._markets, now_ns, VIA) for row in rows
        ]
        self._figures.heard_positions(rows)
        return events

    def _assets(self, frame: private.AssetsFrame, now_ns: int) -> list[Event]:
        rows = list(private.rows(frame.assets))
        told = self._figures.heard_assets(rows, nanoseconds(frame.timestamp), now_ns, VIA)
        return [] if told is None else [told]

    def _stats(self, frame: private.StatsFrame, now_ns: int) -> list[Event]:
        told = self._figures.heard_money(frame.stats, nanoseconds(frame.timestamp), now_ns, VIA)
        return [] if told is None else [told]


def check_owner(row: private.Order, account_index: int) -> None:
    """MalformedFrame for an order of somebody else: it must never show as ours."""
    if row.owner_account_index not in (None, account_index):
        raise MalformedFrame("owner_account_index", str(account_index), row.owner_account_index)
