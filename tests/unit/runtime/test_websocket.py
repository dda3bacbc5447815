"""One WebSocket and the loop that keeps it: real sockets on loopback, time on a fake clock."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from actor_context import until
from connect_proxy import ConnectProxy
from instant_timer import InstantTimer
from websockets.asyncio.server import Server, ServerConnection, serve

from actors.errors import (
    ConfigFault,
    ConnectTimeout,
    Disconnected,
    Fault,
    KeyRejected,
    MalformedFrame,
    Mute,
    ProxyFailed,
    SequenceGap,
    VenueFault,
    VenueRejected,
)
from actors.messages.control import ConnectionState
from actors.runtime import websocket
from actors.runtime.clock import SystemClock
from actors.runtime.connection import ACKNOWLEDGED_AFTER_S, OPENING_TICK_S, Connection, Vigil
from actors.runtime.connection_policy import (
    HEALTHY_AFTER_S,
    PHASED,
    SHORT_LIVES_MAX,
    SHORT_LIVES_WINDOW_S,
)
from actors.runtime.frames import Complaints, KeptFrame, complaint
from actors.runtime.lane import Lane, LaneName
from actors.runtime.websocket import Socket, open_socket
from actors.venues.contract import AssetBalances, Event, Subscribed
from config.proxy_address import ProxyAddress

Handler = Callable[[ServerConnection], Any]


def refused(status: int, headers: Mapping[str, str], body: bytes) -> VenueFault:
    if status == 401:
        return KeyRejected(body.decode())
    return VenueRejected(status, headers.get("x-code", ""), body.decode())


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[str]:
    async with serve(handler, "127.0.0.1", 0, **options) as server:
        yield address(server)


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def opened(url: str, **options: Any) -> Socket:
    settings: dict[str, Any] = {
        "clock": SystemClock(),
        "proxy": None,
        "ping_interval_s": None,
        "refused": refused,
    }
    return await open_socket(url, options.pop("headers", {}), **(settings | options))


async def test_headers_go_out_and_frames_come_in() -> None:
    seen: dict[str, str] = {}

    async def handler(peer: ServerConnection) -> None:
        assert peer.request is not None
        seen.update(peer.request.headers.raw_items())
        await peer.send("text")
        await peer.send(b"bytes")
        await peer.recv()
        await peer.close(1001, "going away")

    async with serving(handler) as url:
        socket = await opened(url, headers={"User-Agent": "ours/1", "X-Api-Key": "k"})
        assert await socket.receive() == "text"
        assert await socket.receive() == b"bytes"
        await socket.send("bye")
        with pytest.raises(Disconnected, match="closed by peer: code 1001 going away"):
            await socket.receive()
        with pytest.raises(Disconnected):
            await socket.send("more")
        await socket.close()
    assert seen["User-Agent"] == "ours/1"
    assert seen["X-Api-Key"] == "k"
    assert list(seen).count("User-Agent") == 1


async def test_pings_of_the_peer_count_as_life_and_ours_measure_latency() -> None:
    pinged = asyncio.Event()

    async def handler(peer: ServerConnection) -> None:
        await pinged.wait()
        await (await peer.ping())
        await peer.wait_closed()

    async with serving(handler, ping_interval=None) as url:
        socket = await opened(url, ping_interval_s=0.01)
        before_ns = socket.last_life_mono_ns
        pinged.set()
        await until(lambda: socket.last_life_mono_ns > before_ns and socket.latency_ms)
        await socket.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [(HTTPStatus.UNAUTHORIZED, KeyRejected), (HTTPStatus.NOT_FOUND, VenueRejected)],
)
async def test_a_refused_handshake_means_what_the_venue_says(
    status: HTTPStatus, expected: type[VenueFault]
) -> None:
    def process(peer: ServerConnection, _: object) -> object:
        return peer.respond(status, "no such key")

    async with serving(_idle, process_request=process) as url:
        with pytest.raises(expected, match="no such key"):
            await opened(url)


async def test_a_redirect_is_not_followed() -> None:
    reached = False

    async def elsewhere(peer: ServerConnection) -> None:
        nonlocal reached
        reached = True

    async with serving(elsewhere) as target:

        def process(peer: ServerConnection, _: object) -> object:
            response = peer.respond(HTTPStatus.FOUND, "over there")
            response.headers["Location"] = target
            return response

        async with serving(_idle, process_request=process) as url:
            with pytest.raises(VenueRejected):
                await opened(url, headers={"X-Api-Key": "k"})
    assert not reached


async def test_nobody_there_is_a_link_fault() -> None:
    async with serving(_idle) as url:
        pass
    with pytest.raises(Disconnected, match="connect"):
        await opened(url)


async def test_a_peer_that_is_no_websocket_is_a_link_fault() -> None:
    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Disconnected, match="handshake"):
            await opened(f"ws://127.0.0.1:{port}")


async def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "OPEN_TIMEOUT_S", 0.05)
    hold = asyncio.Event()

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectTimeout, match="no handshake"):
            await opened(f"ws://127.0.0.1:{port}")
        hold.set()


async def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigFault):
        await opened("http://127.0.0.1:1")


async def test_through_a_proxy_with_a_password() -> None:
    async def handler(peer: ServerConnection) -> None:
        await peer.send("through")
        await peer.wait_closed()

    async with serving(handler) as url, ConnectProxy("user", "pa:ss w/rd") as proxy:
        way = ProxyAddress(
            scheme="http", host="127.0.0.1", port=proxy.port, username="user", password="pa:ss w/rd"
        )
        socket = await opened(url, proxy=way)
        assert await socket.receive() == "through"
        await socket.close()
        assert (proxy.tunnels, proxy.refused) == (1, 0)
        wrong = ProxyAddress(
            scheme="http", host="127.0.0.1", port=proxy.port, username="user", password="wrong-one"
        )
        with pytest.raises(ProxyFailed) as raised:
            await opened(url, proxy=wrong)
        assert "wrong-one" not in str(raised.value)
        assert wrong.exit_address in str(raised.value)


async def test_a_proxy_that_is_not_there() -> None:
    gone = ProxyAddress(scheme="http", host="127.0.0.1", port=1)
    with pytest.raises(ProxyFailed, match=r"127\.0\.0\.1:1"):
        await opened("ws://127.0.0.1:9", proxy=gone)
    socks = ProxyAddress(scheme="socks5", host="127.0.0.1", port=1)
    with pytest.raises(ProxyFailed, match=r"127\.0\.0\.1:1"):
        await opened("ws://127.0.0.1:9", proxy=socks)


async def test_proxies_of_the_environment_are_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "ws_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")
    monkeypatch.setitem(os.environ, "no_proxy", "")
    async with serving(_idle) as url:
        await (await opened(url)).close()


async def test_a_frame_above_the_limit_ends_the_connection() -> None:
    async def handler(peer: ServerConnection) -> None:
        await peer.send(b"x" * (websocket.FRAME_BYTES_MAX + 1))
        await peer.wait_closed()

    async with serving(handler) as url:
        socket = await opened(url)
        with pytest.raises(Disconnected, match="code 1009"):
            await socket.receive()
        await socket.close()


async def _idle(peer: ServerConnection) -> None:
    await peer.wait_closed()


# the loop around it, on a fake clock


class TestSession:
    """A session of a made-up venue: `bad` is malformed, `gap` breaks the sequence."""

    __test__ = False

    def __init__(self, *, mute_max_s: float | None = 90.0) -> None:
        self.url = "ws://venue"
        self.headers: Mapping[str, str] = {}
        self.silence_max_s = 45.0
        self.mute_max_s = mute_max_s
        self.ping_interval_s = 30.0
        self.asks_at_ns: int | None = None
        """When it knows what it waited for, and asks."""
        self._first = True

    def connected(self, now_ns: int) -> list[bytes | str]:
        self._first = True
        return ["subscribe"]

    def to_send(self, mono_ns: int) -> list[bytes | str]:
        if self.asks_at_ns is None or mono_ns < self.asks_at_ns:
            return []
        self.asks_at_ns = None
        return [f"asked at {mono_ns}"]

    def receive(self, data: str | bytes, now_ns: int) -> list[Event]:
        if data == "bad":
            raise MalformedFrame("frame", "JSON", data)
        if data == "gap":
            raise SequenceGap(2, 5)
        if data == "greeting":
            return []
        first, self._first = self._first, False
        said: list[Event] = [Subscribed("all")] if first else []
        if data == "state":
            said.append(AssetBalances(account="1", items=(), received_ns=now_ns))
        return said

    def refused(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueFault:
        return refused(status, headers, body)


class ScriptedSocket:
    """Says what the script holds, then nothing, until it is closed."""

    def __init__(self, timer: InstantTimer, script: list[str], *, pings: bool = True) -> None:
        self._clock = timer.clock
        self._script = list(script)
        self._pings = pings
        self._opened_ns = timer.clock.monotonic_ns()
        self._closed = asyncio.Event()
        self.sent: list[str | bytes] = []

    async def receive(self) -> str | bytes:
        if self._script:
            said = self._script.pop(0)
            if said == "close":
                raise Disconnected("closed by peer")
            return said
        await self._closed.wait()
        raise Disconnected("closed")

    async def send(self, data: str | bytes) -> None:
        self.sent.append(data)

    async def close(self) -> None:
        self._closed.set()

    @property
    def last_life_mono_ns(self) -> int:
        return self._clock.monotonic_ns() if self._pings else self._opened_ns

    @property
    def latency_ms(self) -> float | None:
        return 1.5


class Rig:
    """One Connection with a scripted venue; each connection takes the next script."""

    def __init__(self, *scripts: list[str] | Fault, mute_max_s: float | None = 90.0) -> None:
        self.timer = InstantTimer()
        self.states: list[ConnectionState] = []
        self.told: list[str] = []
        self.opened_at_s: list[float] = []
        self.sockets: list[ScriptedSocket] = []
        self.pings = True
        self._began_ns = self.timer.clock.monotonic_ns()
        self._scripts = list(scripts)
        self._over = asyncio.Event()
        name = LaneName(actor="a", venue="v", lane="websocket")
        self.lane = Lane(name, PHASED, self.timer, self.states.append)
        self.session = session = TestSession(mute_max_s=mute_max_s)
        self.connection = Connection(session, self.lane, self, self.timer, self._open)

    async def _open(self, _: object) -> Socket:
        self.opened_at_s.append((self.timer.clock.monotonic_ns() - self._began_ns) / 1e9)
        if not self._scripts:
            self._over.set()
            await asyncio.Event().wait()
        script = self._scripts.pop(0)
        if isinstance(script, Fault):
            raise script
        self.sockets.append(ScriptedSocket(self.timer, script, pings=self.pings))
        return self.sockets[-1]

    def opened(self) -> None:
        self.told.append("opened")

    def events(self, events: list[Event]) -> None:
        self.told.append(f"events {len(events)}")

    def malformed(self, fault: MalformedFrame, frame: KeptFrame) -> None:
        self.told.append(f"malformed {frame.text}")

    def lost(self, fault: Fault) -> None:
        self.told.append(f"lost {type(fault).__name__}")
        if isinstance(fault, KeyRejected):
            raise fault

    async def room(self) -> None: ...

    async def play(self) -> None:
        """Until all scripts are used up."""
        run = asyncio.ensure_future(self.connection.run())
        over = asyncio.ensure_future(self._over.wait())
        try:
            async with asyncio.timeout(20):
                await asyncio.wait({run, over}, return_when=asyncio.FIRST_COMPLETED)
            if run.done():
                run.result()
        finally:
            run.cancel()
            over.cancel()
            await asyncio.gather(run, over, return_exceptions=True)


async def test_a_venue_that_refuses_is_tried_by_the_schedule() -> None:
    rig = Rig(*[Disconnected("refused")] * 8)
    await rig.play()
    waits = [b - a for a, b in zip(rig.opened_at_s, rig.opened_at_s[1:], strict=False)]
    assert [round(wait // 60 * 60) for wait in waits] == [60] * 5 + [300] * 3
    assert rig.told == ["lost Disconnected"] * 8
    backoffs = [state for state in rig.states if state.state == "backoff"]
    assert [(state.phase, state.attempt) for state in backoffs] == [
        (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (2, 6), (2, 7), (2, 8),
    ]  # fmt: skip


async def test_after_a_healthy_connection_it_goes_at_once() -> None:
    # Ends by silence: it lived long enough, and had a good frame.
    rig = Rig(["good"], Disconnected("refused"))
    rig.pings = False
    await rig.play()
    lived_s = rig.opened_at_s[1]
    assert 45 < lived_s < 48
    assert rig.opened_at_s[2] - lived_s >= 60


async def test_a_connection_that_dies_right_away_is_no_healthy_one() -> None:
    rig = Rig(["good", "close"], ["good", "close"], ["good", "close"])
    await rig.play()
    waits = [b - a for a, b in zip(rig.opened_at_s, rig.opened_at_s[1:], strict=False)]
    # Jitter, and the ticks that the connection lived.
    assert all(60 <= wait <= 70 for wait in waits)
    assert rig.told.count("opened") == 3


def waits_of(rig: Rig) -> list[float]:
    return [b - a for a, b in zip(rig.opened_at_s, rig.opened_at_s[1:], strict=False)]


async def test_an_early_gap_of_a_stream_that_delivered_costs_no_minute() -> None:
    rig = Rig(["state", "gap"], ["state", "gap"], ["good", "gap"])
    await rig.play()
    waits = waits_of(rig)
    assert all(wait < HEALTHY_AFTER_S for wait in waits[:2])
    # The third was acknowledged, but delivered nothing.
    assert waits[2] >= 60


async def test_streams_that_deliver_and_die_at_once_are_no_hot_loop() -> None:
    rig = Rig(*[["state", "gap"]] * 40)
    await rig.play()
    opened_at_s = rig.opened_at_s
    within = [
        sum(1 for at_s in opened_at_s if start_s <= at_s < start_s + SHORT_LIVES_WINDOW_S)
        for start_s in opened_at_s
    ]
    # The first attempt, those at once, and the one that the schedule adds.
    assert max(within) <= SHORT_LIVES_MAX + 2


async def test_while_nobody_reads_pings_prove_nothing() -> None:
    rig = Rig(["state"])
    reading = asyncio.Event()
    rig.room = reading.wait  # type: ignore[method-assign,assignment]
    run = asyncio.ensure_future(rig.connection.run())
    opened_ns = rig.timer.clock.monotonic_ns()
    await until(lambda: rig.timer.clock.monotonic_ns() - opened_ns > 30e9)
    assert rig.lane.last_message_mono_ns == 0
    reading.set()
    await until(lambda: rig.lane.last_message_mono_ns > opened_ns + 30e9)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


def test_a_flood_of_malformed_frames_is_reported_by_the_second_with_its_count() -> None:
    complaints = Complaints()
    told = [complaints.due(now_ns) for now_ns in range(0, 3_000_000_000, 10_000_000)]
    assert [count for count in told if count] == [1, 100, 100]
    fault = MalformedFrame("frame", "JSON", "text")
    frame = KeptFrame(0, "{", "")
    assert str(complaint(fault, frame, 1)).endswith(' in {"')
    assert "(one of 100)" in str(complaint(fault, frame, 100))


async def test_frames_are_read_malformed_ones_skipped_gaps_end_it() -> None:
    rig = Rig(["good", "bad", "good", "gap", "never read"])
    await rig.play()
    assert rig.told == [
        "opened", "events 1", "malformed bad", "events 0", "lost SequenceGap",
    ]  # fmt: skip
    assert rig.sockets[0].sent == ["subscribe"]
    last = rig.states[-1]
    assert (last.messages, last.malformed, last.connects) == (4, 1, 1)
    assert rig.lane.snapshot().last_error.startswith("SequenceGap: sequence: expected 2, found 5")
    assert [frame.text for frame in rig.connection.frames.malformed] == ["bad"]


async def test_connected_only_after_the_first_good_frame() -> None:
    rig = Rig(["bad", "good", "close"])
    await rig.play()
    order = [state.state for state in rig.states]
    assert order[:3] == ["connecting", "connected", "backoff"]


async def test_a_session_that_waits_for_something_asks_as_soon_as_it_is_there() -> None:
    rig = Rig([])
    known_ns = rig.timer.clock.monotonic_ns() + 250_000_000
    rig.session.asks_at_ns = known_ns
    await rig.play()
    _, asked = rig.sockets[0].sent
    late_s = (int(str(asked).split()[-1]) - known_ns) / 1e9
    assert 0 <= late_s <= OPENING_TICK_S


async def test_where_silence_is_legal_staying_open_is_the_acknowledgement() -> None:
    rig = Rig([], mute_max_s=None)
    run = asyncio.ensure_future(rig.connection.run())
    await until(lambda: any(state.state == "connected" for state in rig.states), 0)
    assert rig.timer.clock.monotonic_ns() - rig._began_ns >= ACKNOWLEDGED_AFTER_S * 1e9
    assert rig.lane.snapshot().latency_ms == 1.5
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def test_mute_reconnects_first_and_ends_the_process_only_when_it_repeats() -> None:
    rig = Rig(["good"], [], ["never"])
    with pytest.raises(Mute):
        await rig.play()
    assert len(rig.sockets) == 2
    assert rig.told == ["opened", "events 1", "lost Mute", "opened", "lost Mute"]


async def test_a_greeting_is_not_what_a_stream_is_there_for() -> None:
    """Nor a sign that this process reads what it is told."""
    rig = Rig(["good"], ["greeting"], ["never"])
    with pytest.raises(Mute):
        await rig.play()
    assert len(rig.sockets) == 2


async def test_mute_with_good_frames_between_goes_on_for_ever() -> None:
    rig = Rig(*[["good"]] * 5)
    await rig.play()
    assert rig.told.count("lost Mute") == 5


async def test_a_dead_peer_is_a_link_that_is_down_and_never_ends_the_process() -> None:
    rig = Rig(*[[]] * 4)
    rig.pings = False
    await rig.play()
    assert rig.told.count("lost Disconnected") == 4


async def test_a_refused_key_ends_what_the_handler_says() -> None:
    rig = Rig(KeyRejected("401"))
    with pytest.raises(KeyRejected):
        await rig.play()
    assert rig.states[-1].state == "rejected"


async def test_reconnect_and_pause_close_what_is_open() -> None:
    rig = Rig(["good"], ["good"], mute_max_s=None)
    run = asyncio.ensure_future(rig.connection.run())
    await until(lambda: rig.told.count("events 1") == 1, 0)
    rig.lane.reconnect()
    await until(lambda: rig.told.count("events 1") == 2, 0)
    rig.lane.pause()
    await until(lambda: rig.states[-1].state == "paused", 0)
    assert rig.sockets[1]._closed.is_set()
    assert rig.told.count("lost Disconnected") == 2
    assert rig.lane.snapshot().attempt == 0
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


def test_a_peer_that_we_do_not_read_is_not_silent() -> None:
    vigil = Vigil(TestSession(), 0)
    vigil.blocked = True
    vigil.check(100 * 10**9, 0)
    vigil.blocked = False
    vigil.check(140 * 10**9, 0)
    with pytest.raises(Disconnected):
        vigil.check(150 * 10**9, 0)


def test_health_needs_time_and_a_good_frame() -> None:
    later_ns = round(HEALTHY_AFTER_S * 1e9)
    vigil = Vigil(TestSession(), 0)
    assert not vigil.healthy(later_ns)
    vigil.good_frame(1)
    assert not vigil.healthy(later_ns - 1)
    assert vigil.healthy(later_ns)
    assert Vigil(TestSession(mute_max_s=None), 0).healthy(later_ns)
