"""The terminal: one line per change that matters, then what to try next."""

import io

from actors.messages.control import ChildStatus, RestartRecord
from actors.runtime.clock import FakeClock
from actors.supervision.announce import Announcer, Occasion
from actors.supervision.spec import ChildKind, ChildSpec

SPECS = tuple(
    ChildSpec(actor=actor, kind=ChildKind.ACCOUNT, entry="x:run")
    for actor in ("cache", "account:extended:1")
)


def announcer(stream: io.StringIO, **more) -> tuple[Announcer, FakeClock]:
    clock = FakeClock()
    told = {"url": "http://127.0.0.1:5000", "simulated": True}
    told |= {"venues": ("extended", "lighter"), "book": "orderbook:extended:linear:BTC-USD"}
    occasion = Occasion(**(told | {"account": "account:extended:1"} | more))
    return Announcer(SPECS, occasion, clock, stream), clock


def status(state: str, **more) -> ChildStatus:
    return ChildStatus(actor="account:extended:1", kind="account", state=state, **more)


def test_a_life_in_lines_of_a_pipe() -> None:
    stream = io.StringIO()
    voice, clock = announcer(stream)
    now = clock.monotonic_ns()
    died = RestartRecord(
        actor="account:extended:1",
        epoch=1,
        pid=7,
        started_ns=0,
        ended_ns=1,
        uptime_ms=1,
        cause="signal",
        signal=9,
    )
    for child in (
        status("starting", pid=7, epoch=1),
        status("ready", pid=7, epoch=1),
        # A heartbeat's figures alone are no news.
        status("ready", pid=7, epoch=1, rss_bytes=5),
        status("exited", epoch=1, last_exit=died),
        status(
            "backoff",
            epoch=1,
            attempt=2,
            next_restart_mono_ns=now + 60 * 10**9,
            last_exit=died,
        ),
        status("ready", pid=8, epoch=2, restarts=1),
        status("quarantined", epoch=2, reason="KEY [rejected]"),
        status("stopped", epoch=2, last_exit=died),
    ):
        voice.child(child)
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert [line[1:] for line in lines] == [
        ["account:extended:1", "ready", "pid", "7"],
        [
            "account:extended:1",
            "backoff",
            "again",
            "in",
            "60",
            "s",
            "(attempt",
            "2)",
            "signal",
            "9",
        ],
        ["account:extended:1", "ready", "pid", "8", "restart", "1"],
        ["account:extended:1", "quarantined", "KEY", "[rejected]"],
        ["account:extended:1", "stopped"],
    ]
    assert "\x1b" not in stream.getvalue()


def test_what_to_try_next() -> None:
    stream = io.StringIO()
    voice, _ = announcer(stream)
    voice.opening()
    voice.child(status("ready", pid=77, epoch=1))
    voice.all_ready()
    text = stream.getvalue()
    for part in (
        "simulated Extended and Lighter, no keys needed",
        "http://127.0.0.1:5000",
        "curl http://127.0.0.1:5000/health",
        "curl 'http://127.0.0.1:5000/api/orderbook/BTC-USD?venue=extended&depth=5'",
        "curl -N 'http://127.0.0.1:5000/api/stream?topics=orderbook:extended:linear:BTC-USD'",
        "curl http://127.0.0.1:5000/api/supervision",
        "kill -9 77",
        "Ctrl-C",
        "All accounts and markets are simulated.",
    ):
        assert part in text


def test_where_a_token_is_needed_the_commands_send_it_and_show_none() -> None:
    stream = io.StringIO()
    voice, _ = announcer(stream, token_required=True, simulated=False, warnings=("beware [x]",))
    voice.opening()
    voice.all_ready()
    text = stream.getvalue()
    assert 'curl -H "Authorization: Bearer $API_TOKEN" -N' in text
    assert "! beware [x]" in text
    assert "simulated" not in text
    assert "kill -9" not in text


def test_who_is_quarantined_is_named_beside_what_is_ready() -> None:
    stream = io.StringIO()
    voice, _ = announcer(stream)
    voice.child(status("quarantined", epoch=1, reason="API_KEY is missing"))
    voice.all_ready()
    assert "Everything is ready but account:extended:1 (quarantined, see above)." in (
        stream.getvalue().replace("\n", " ")
    )
