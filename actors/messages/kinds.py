"""Which struct stands behind which kind of envelope, and which kinds are account events."""

from __future__ import annotations

from typing import Final

import msgspec

from actors.messages import account, control, latency, market

KINDS: Final[dict[str, type[msgspec.Struct]]] = {
    "book_snapshot": market.BookSnapshot,
    "book_delta": market.BookDelta,
    "book_status": market.BookStatus,
    "trade": market.Trade,
    "ticker": market.Ticker,
    "candle": market.Candle,
    "mark_price": market.MarkPrice,
    "funding_rate": market.FundingRate,
    "instruments": market.InstrumentList,
    "account_snapshot": account.AccountSnapshot,
    "position": account.Position,
    "order": account.Order,
    "fill": account.Fill,
    "funding": account.Funding,
    "points": account.Points,
    "confirmed": control.Confirmed,
    "connection_state": control.ConnectionState,
    "fault_report": control.FaultReport,
    "faults_cleared": control.FaultsCleared,
    "stream_ended": control.StreamEnded,
    "source_state": control.SourceState,
    "child_status": control.ChildStatus,
    "latency": latency.Latency,
    "hello": control.Hello,
    "welcome": control.Welcome,
    "ack": control.Ack,
    "ready": control.Ready,
    "heartbeat": control.Heartbeat,
    "log": control.LogRecord,
    "alert": control.Alert,
    "lease_request": control.LeaseRequest,
    "lease": control.Lease,
    "stop": control.Stop,
    "drain": control.Drain,
    "reconnect": control.Reconnect,
    "refresh": control.Refresh,
    "resync": control.Resync,
    "pause": control.Pause,
    "resume": control.Resume,
    "question": control.Question,
    "reply": control.Reply,
}

ACCOUNT_EVENTS: Final = frozenset({"account_snapshot", "position", "order", "fill", "funding"})
"""Numbered, journaled before they are acknowledged, kept and re-sent until then."""
