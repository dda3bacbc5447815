"""Errors of real processes at a local sink that speaks Sentry's protocol, well or badly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from envelope_sink import KEY, EnvelopeSink, Received
from full_service import Service, Simulator, account_settings, plain_environment

from tests.chaos.service import ZooService, wait_for
from tests.chaos.test_k_canaries import everyone, memory_holds

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes
CANARY = "canary-in-the-message-4711"
ONCE = {"restart_first_delay_s": 60.0}
QUICK = {"heartbeat_deadline_s": 2.5}
MEGABYTE = 2**20
ARRIVAL_S = 20.0

Children = Mapping[str, tuple[str, Mapping[str, Any]]]


@pytest.fixture
def stage() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def zoo(
    stage: ExitStack, dsn: str, children: Children, limits: Mapping[str, Any], ready: bool = True
) -> ZooService:
    sentry = {"dsn": dsn, "environment": "test", "release": "0.0.1"}
    service: ZooService = stage.enter_context(ZooService(children, limits, sentry=sentry))
    service.launch()
    if ready:
        service.wait_ready(20.0)
    return service


def arrived(sink: EnvelopeSink, what: str, count: int = 1, **tags: str) -> list[Received]:
    wait_for(what, lambda: len(sink.of(**tags)) >= count, ARRIVAL_S)
    found = sink.of(**tags)
    assert len(found) == count, found
    return found


def test_an_uncaught_exception_arrives_once_with_its_tags(stage: ExitStack) -> None:
    sink = stage.enter_context(EnvelopeSink())
    children = {"stream:zoo:crasher": ("crasher", {"venue": "zoo", "after_s": 0.1})}
    service = zoo(stage, sink.dsn, children, ONCE, ready=False)
    (found,) = arrived(sink, "the exception")
    assert found.tags == {
        "actor": "stream:zoo:crasher",
        "kind": "stream",
        "venue": "zoo",
        "epoch": "1",
    }
    assert (found.event["release"], found.event["environment"]) == ("0.0.1", "test")
    assert found.types == ["RuntimeError"]
    (value,) = found.event["exception"]["values"]
    assert value["value"] == "the zoo's crasher"
    frames = value["stacktrace"]["frames"]
    assert frames[-1]["function"] == "crasher"
    assert all("vars" not in frame and "abs_path" not in frame for frame in frames)
    assert KEY in found.key
    forbidden = {"server_name", "modules", "breadcrumbs", "user", "request", "contexts"}
    assert not forbidden & found.event.keys()
    for private in (socket.gethostname(), str(ROOT), str(service.home), "sys.argv"):
        assert private.encode() not in found.body, private
    service.stop()
    assert len(sink.received) == 1, "the end of the process was not told a second time"


def test_what_no_process_can_tell_itself_the_supervisor_does(stage: ExitStack) -> None:
    sink = stage.enter_context(EnvelopeSink())
    limits = ONCE | QUICK | {"memory_soft_bytes": 160 * MEGABYTE}
    children: Children = {
        "stream:killed": ("idle", {}),
        "stream:hung": ("sleeper", {"good_s": 0.5}),
        "stream:fat": ("memory_eater", {"bytes": 160 * MEGABYTE}),
        "stream:left": ("exiter", {}),
        "stream:unwanted": ("key_rejected", {}),
        "stream:stumbler": ("stumbler", {}),
    }
    service = zoo(stage, sink.dsn, children, limits, ready=False)
    service.wait_ready(20.0, ["stream:killed"])
    os.kill(service.pids()["stream:killed"], signal.SIGKILL)
    (killed,) = arrived(sink, "SIGKILL", cause="signal")
    assert killed.tags["actor"] == "stream:killed"
    assert "SIGKILL" in killed.title
    (hung,) = arrived(sink, "a hang", cause="hung")
    assert hung.tags["actor"] == "stream:hung"
    assert "in sleeper" in hung.attachments["stacks.txt"]
    (fat,) = arrived(sink, "too much memory", cause="memory")
    assert fat.tags["actor"] == "stream:fat"
    assert fat.event["extra"]["rss_bytes"] > 160 * MEGABYTE
    (left,) = arrived(sink, "an exit without an exception", cause="exit")
    assert "exit code 3" in left.title
    (unwanted,) = arrived(sink, "a quarantine", cause="quarantined")
    assert "key rejected" in unwanted.title
    (stumbler,) = arrived(sink, "a callback's exception", actor="stream:stumbler")
    assert stumbler.types == ["LookupError"]
    assert stumbler.event["level"] == "error", "it lived on"
    os.kill(service.tree()["zygote_pid"], signal.SIGKILL)
    arrived(sink, "a lost zygote", cause="ZygoteLost")
    service.stop()
    assert {each.event["environment"] for each in sink.received} == {"test"}
    # Replaced at once, the fat one grows again: that is told as a count when the service ends.
    first = [each for each in sink.received if "repeated" not in each.tags]
    assert len(first) == 7, [each.event for each in sink.received]


def test_ten_crashes_of_one_bug_are_one_event_and_a_count(stage: ExitStack) -> None:
    sink = stage.enter_context(EnvelopeSink())
    limits = {"phase1_delay_s": 0.05, "phase1_attempts": 8, "phase2_delay_s": 60.0}
    service = zoo(stage, sink.dsn, {"stream:bug": ("crasher", {})}, limits, ready=False)

    # The tenth crash is attempt 9, with which phase 2 begins.
    (loop,) = arrived(sink, "the crash loop", cause="crash loop")
    assert service.child("stream:bug")["attempt"] == 9
    assert len(service.history("stream:bug")) == 10
    assert loop.tags["actor"] == "stream:bug"
    service.stop()
    assert len([each for each in sink.received if each.types == ["RuntimeError"]]) == 1
    (counted,) = sink.of(repeated="yes")
    assert counted.event["extra"] == {"held_back": 9, "actors": ["stream:bug"]}
    first = next(each for each in sink.received if each.types)
    assert counted.event["fingerprint"] == first.event["fingerprint"], "one issue at Sentry"


@pytest.mark.parametrize("mode", ["hang", "refuse", "closed"])
def test_a_bad_sink_delays_neither_restart_nor_end(stage: ExitStack, mode: str) -> None:
    sink = stage.enter_context(EnvelopeSink(mode))
    dsn = sink.dsn
    if mode == "closed":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            dsn = f"http://{KEY}@127.0.0.1:{free.getsockname()[1]}/1"
    children: Children = {
        "stream:idle": ("idle", {}),
        "stream:bug": ("crasher", {"after_s": 0.05}),
        "stream:stumbler": ("stumbler", {}),
    }
    limits = {"phase1_delay_s": 0.2, "reset_after_stream_s": 0.01}
    service = zoo(stage, dsn, children, limits, ready=False)
    service.wait_ready(20.0, ["stream:idle"])
    if mode != "closed":
        wait_for("a request", lambda: sink.requests, ARRIVAL_S)
    slowest = 0.0
    for _ in range(5):
        before = service.child("stream:idle")
        begun = time.monotonic()
        os.kill(before["pid"], signal.SIGKILL)
        service.wait_reborn("stream:idle", before["epoch"], 5.0)
        slowest = max(slowest, time.monotonic() - begun)
    begun = time.monotonic()
    assert service.stop() == 0
    ended = time.monotonic() - begun
    print(f"{mode}: slowest restart {slowest:.3f} s, end {ended:.3f} s")
    if mode != "hang":
        assert "Sentry does not take events" in service.log.read_text()
    assert slowest < 1.0
    assert ended < 2.0


def test_no_secret_is_in_any_envelope(stage: ExitStack) -> None:
    sink = stage.enter_context(EnvelopeSink())
    children: Children = {"stream:betrayer": ("betrayer", {"api_key": CANARY, "venue": "zoo"})}
    service = zoo(stage, sink.dsn, children, ONCE, ready=False)
    (found,) = arrived(sink, "the exception")
    service.stop()
    assert found.types == ["KeyError", "RuntimeError"]
    assert found.event["exception"]["values"][1]["value"].startswith("refused: ")
    for body in sink.bodies:
        assert CANARY.encode() not in body
        assert KEY.encode() not in body


@pytest.mark.skipif(os.geteuid() != 0, reason="reading other processes' memory needs root")
async def test_the_whole_service_tells_of_its_accounts_and_keeps_its_dsn(tmp_path: Path) -> None:
    key, token = "canary-key-0815-of-the-account", "canary-token-0815"
    with EnvelopeSink() as sink:
        venue = Simulator(tmp_path, {"1": key})
        try:
            await venue.serving()
            settings = account_settings(
                venue,
                {"1": key},
                EXTENDED_MARKETS="BTC-USD",
                API_TOKEN=token,
                SENTRY_DSN=sink.dsn,
                SENTRY_ENVIRONMENT="staging",
            )
            await tell_and_look(tmp_path, settings, sink)
        finally:
            venue.end()
        for body in sink.bodies:
            for secret in (key, token, KEY):
                assert secret.encode() not in body


async def tell_and_look(folder: Path, settings: dict[str, str], sink: EnvelopeSink) -> None:
    service = Service(folder, settings)
    try:
        await service.ready()
        holders = set()
        for name, pid in (await everyone(service)).items():
            process = psutil.Process(pid)
            process.suspend()
            try:
                if memory_holds(pid, {"dsn": KEY.encode()}):
                    holders.add(name if pid != service.pid else "supervisor")
            finally:
                process.resume()
        assert holders == {"supervisor"}
        await service.kill("account:extended:1")
        (found,) = arrived(sink, "the killed account", cause="signal")
        assert found.tags["account"] == "T1"
        assert (found.tags["venue"], found.tags["kind"]) == ("extended", "account")
        assert found.event["environment"] == "staging"
        shown = checked(folder)
        assert KEY not in shown
        assert "SENTRY_DSN=***" in shown
    finally:
        service.end()
    assert KEY not in service.output.read_text()


def checked(folder: Path) -> str:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "check-config"],
        cwd=folder,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=True,
    )
    return ran.stdout
