"""The talk on a connection to Lighter: subscriptions, refusals, pings (PROTOCOL 3.1, 3.2)."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from typing import Any, Final

import msgspec

from actors.simulator.connection import Connection
from actors.simulator.dialects.contract import Door, SessionTimes
from actors.simulator.dialects.lighter_channels import Channel, LighterChannels
from actors.simulator.dialects.lighter_tokens import LighterTokens
from actors.simulator.exchange import Exchange
from actors.simulator.faults import Fault, FaultKind
from actors.simulator.refused import Refused
from actors.simulator.subscription import names_of

SUBSCRIPTIONS_MAX: Final = 100
ACCOUNTS_MAX: Final = 10
"""Per connection: the narrowest of the published limits (PROTOCOL 2.3)."""

MESSAGES_PER_MINUTE: Final = 200
CLOSE_IN_S: Final = 0.1
NORMAL, GOING_AWAY = 1000, 1001
_PING: Final = b'{"type":"ping"}'
_PONG: Final = b'{"type":"pong"}'


class LighterSession:
    """One client; its streams are `connection.subscriptions`."""

    def __init__(
        self,
        connection: Connection,
        door: Door,
        times: SessionTimes,
        exchange: Exchange,
        tokens: LighterTokens,
    ) -> None:
        self._connection = connection
        self._door = door
        self._times = times
        self._exchange = exchange
        self._channels = LighterChannels(exchange)
        self._tokens = tokens
        self._heard_s: deque[float] = deque(maxlen=MESSAGES_PER_MINUTE)
        self._began_s = self._stirred_s = self._now_s()
        self._unanswered_s: float | None = None

    def began(self) -> None:
        self._door.greet(self._connection)
        self._say({"session_id": str(uuid.uuid4()), "type": "connected"})

    def stirred(self, *, pong: bool) -> None:  # noqa: ARG002 (only a text answers a text)
        self._stirred_s = self._now_s()

    def heard(self, text: str) -> None:
        if self._connection.half_open:
            return
        try:
            self._count()
            self._carry_out(text)
        except Refused as refusal:
            self._refuse(refusal)

    async def live(self) -> None:
        """Pings in text; ends who is silent, does not answer, or has been here for too long."""
        ping_s = self._began_s + self._times.ping_interval_s
        while True:
            due_s = min(
                ping_s,
                self._stirred_s + self._times.silence_s,
                self._began_s + self._times.lifetime_s,
                self._pong_due_s,
            )
            await asyncio.sleep(max(0.0, due_s - self._now_s()))
            now_s = self._now_s()
            if self._connection.half_open:
                # It will never recover, nor notice that it is over.
                return None
            if now_s >= self._began_s + self._times.lifetime_s:
                return await self._connection.close(GOING_AWAY, "connection is too old")
            if now_s >= self._stirred_s + self._times.silence_s:
                return await self._connection.close(NORMAL, "no message from the client")
            if now_s >= self._pong_due_s:
                return await self._connection.close(NORMAL, "no pong")
            if now_s >= ping_s:
                ping_s = now_s + self._times.ping_interval_s
                self._connection.say(_PING)
                if self._unanswered_s is None:
                    self._unanswered_s = now_s

    async def farewell(self) -> None:
        document = {"type": "shutdown", "close_in_ms": round(CLOSE_IN_S * 1000)}
        await self._connection.tell(msgspec.json.encode(document))
        await asyncio.sleep(CLOSE_IN_S)

    def _now_s(self) -> float:
        return self._door.mono_ns() / 1e9

    @property
    def _pong_due_s(self) -> float:
        """When the oldest unanswered ping will have waited for too long."""
        if self._unanswered_s is None:
            return float("inf")
        return self._unanswered_s + self._times.pong_timeout_s

    def _count(self) -> None:
        now_s = self._now_s()
        if len(self._heard_s) == MESSAGES_PER_MINUTE and now_s - self._heard_s[0] < 60:
            raise Refused(429, "30009", "Too Many Websocket Messages!")
        self._heard_s.append(now_s)

    def _carry_out(self, text: str) -> None:
        try:
            document = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise Refused(400, "30000", "Invalid Json") from error
        match document:
            case {"type": "ping"}:
                self._connection.say(_PONG)
            case {"type": "pong"}:
                self._unanswered_s = None
            case {"type": "subscribe", "channel": str(channel)}:
                self._subscribe(self._channels.read(channel), document.get("auth", ""))
            case {"type": "unsubscribe", "channel": str(channel)}:
                self._unsubscribe(self._channels.read(channel))
            case {"type": "subscribe" | "unsubscribe"}:
                raise Refused(400, "30007", "Invalid Data")
            case _:
                raise Refused(400, "30001", "Invalid Type")

    def _subscribe(self, channel: Channel, auth: object) -> None:
        held = self._connection.subscriptions
        if channel.topic in held:
            raise Refused(400, "30003", f"Already Subscribed to : {channel.name}")
        if channel.account is not None:
            self._check(channel, auth)
        if len(held) >= SUBSCRIPTIONS_MAX:
            raise Refused(400, "23001", "Too Many Subscriptions!")
        accounts = {topic.split(":")[1] for topic in [*held, channel.topic] if _is_account(topic)}
        if len(accounts) > ACCOUNTS_MAX:
            raise Refused(400, "23002", "Too Many Different Accounts!")
        for fault in self._door.refusals(names_of(channel.topic), channel.topic):
            refusal = _refusal(fault, channel)
            if refusal is not None:
                raise refusal
        self._door.open(self._connection, channel.topic)

    def _check(self, channel: Channel, auth: object) -> None:
        if not auth or not isinstance(auth, str):
            detail = f"invalid param : auth field is required: {channel.name}"
            raise Refused(400, "20001", detail)
        if self._tokens.account(auth, self._exchange.now_ms // 1000) is not channel.account:
            raise Refused(
                400, "20001", f"invalid param : auth is of another account: {channel.name}"
            )

    def _unsubscribe(self, channel: Channel) -> None:
        subscription = self._connection.subscriptions.get(channel.topic)
        if subscription is None:
            raise Refused(400, "30002", f"Not Subscribed to : {channel.name}")
        self._door.shut(subscription)
        # After all data that is on its way, so that nothing of the channel follows.
        self._connection.put(msgspec.json.encode({"type": "unsubscribed", "channel": channel.name}))

    def _refuse(self, refusal: Refused) -> None:
        error = {"code": int(refusal.code), "message": refusal.detail}
        self._connection.put(msgspec.json.encode({"error": error}))

    def _say(self, document: dict[str, Any]) -> None:
        self._connection.say(msgspec.json.encode(document))


def _is_account(topic: str) -> bool:
    return topic.startswith("account:")


def _refusal(fault: Fault, channel: Channel) -> Refused | None:
    """What a fault of requests is for a subscription; None for those that only delay."""
    match fault.kind:
        case FaultKind.UNAUTHORIZED:
            detail = fault.text or f"invalid auth: {channel.name}"
            return Refused(400, "20001", detail)
        case FaultKind.TOO_MANY | FaultKind.BANNED:
            return Refused(429, "30009", fault.text or "Too Many Websocket Messages!")
        case FaultKind.SERVER | FaultKind.MAINTENANCE:
            return Refused(500, "30012", fault.text or f"Subscribe failed : {channel.name}")
        case _:
            return None
