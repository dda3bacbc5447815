"""Frames: what goes over the wire, read back by those who know the protocols."""

from __future__ import annotations

import json

import h11
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Ping, TextMessage

from web.frames import KEEP_ALIVE, LAST_CHUNK, Door, Message, ping_frame, text_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_text_frame_is_what_wsproto_reads(length: int) -> None:
    payload = b"x" * length
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(text_frame(payload))
    text = ""
    for event in client.events():
        assert isinstance(event, TextMessage)
        text += event.data
        finished = event.message_finished
    assert text == payload.decode()
    assert finished


def test_the_ping_frame_is_what_wsproto_reads() -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(ping_frame(b"payload") + ping_frame(b""))
    pings = [event for event in client.events() if isinstance(event, Ping)]
    assert [bytes(ping.payload) for ping in pings] == [b"payload", b""]


def read_chunks(data: bytes) -> bytes:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + data)
    body = b""
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    return body


def test_chunks_are_what_h11_reads() -> None:
    message = Message("update", "fills:extended:1", "s-7", {"id": "s-7", "data": {"a": "é"}}, 7)
    body = read_chunks(message.form(Door.SSE) + KEEP_ALIVE[Door.SSE] + LAST_CHUNK)
    assert body == message.form(Door.SSE_PLAIN) + b": still here\n\n"


def test_an_sse_event_has_id_kind_and_json() -> None:
    message = Message("update", "t", "s-7", {"id": "s-7", "data": [1]}, 7)
    marked = message.form(Door.SSE_PLAIN).decode()
    identity, kind, data, *_ = marked.split("\n")
    assert (identity, kind) == ("id: s-7", "event: update")
    assert json.loads(data.removeprefix("data: ")) == {"type": "update", "id": "s-7", "data": [1]}
    assert marked.endswith("\n\n")
    unmarked = message.form(Door.SSE_PLAIN, marks=False).decode()
    assert unmarked == marked.partition("\n")[2]


def test_each_form_is_made_once() -> None:
    message = Message("update", "t", "s-7", {"id": "s-7"}, 7)
    for door in Door:
        assert message.form(door) is message.form(door)
    assert message.form(Door.WEBSOCKET_PLAIN) == message.payload
