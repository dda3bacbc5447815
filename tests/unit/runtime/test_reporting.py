"""Exceptions as envelopes: what is in them, what is not, and how many there may be."""

from __future__ import annotations

import json
import logging
from typing import Any

import msgspec
import pytest
from actor_context import KeptContext
from envelope_sink import parsed

from actors.messages.control import ALERT_ENVELOPE_BYTES_MAX, Alert
from actors.runtime import reporting
from actors.runtime.clock import FakeClock
from actors.runtime.framing import encode_body
from actors.runtime.masking import Masker
from actors.runtime.reporting import CAPTURES_MAX, Reporter
from web.server import Reports

SECRET = "canary-of-a-live-key-42"
TOLD = {
    "actor": "account:zoo:1",
    "kind": "account",
    "venue": "zoo",
    "account": "MAIN",
    "epoch": "3",
    "release": "1.2.3",
    "environment": "test",
}


class Link:
    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.takes = True

    def send(self, kind: str, body: msgspec.Struct) -> bool:
        assert kind == "alert"
        if self.takes:
            # As the other end reads it: with its limits.
            self.alerts.append(msgspec.msgpack.decode(encode_body(body), type=Alert))
        return self.takes

    def event(self, number: int = -1) -> dict[str, Any]:
        return parsed(self.alerts[number].envelope).event


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture(autouse=True)
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "LIVE", Masker([SECRET]))


def raised(error: Exception, depth: int = 0) -> Exception:
    try:
        _raise(error, depth)
    except Exception as caught:  # noqa: BLE001 - whatever the test raises
        return caught
    raise AssertionError("it was raised")


def _raise(error: Exception, depth: int) -> None:
    held = SECRET
    if depth:
        _raise(error, depth - 1)
    assert held
    raise error


def test_an_event_has_its_tags_and_nothing_private(link: Link) -> None:
    Reporter(TOLD, link.send, FakeClock()).capture(raised(ValueError("odd")), fatal=True)
    (alert,) = link.alerts
    assert (alert.title, alert.fatal, alert.skipped) == ("ValueError: odd", True, 0)
    assert alert.fingerprint[0] == "account"
    assert alert.fingerprint[1].startswith(f"ValueError {__name__}:_raise:")
    event = link.event()
    assert event["tags"] == {k: v for k, v in TOLD.items() if k not in ("release", "environment")}
    assert (event["release"], event["environment"], event["level"]) == ("1.2.3", "test", "fatal")
    assert event["fingerprint"] == list(alert.fingerprint)
    assert not {"server_name", "modules", "contexts", "breadcrumbs", "extra"} & event.keys()
    text = json.dumps(event)
    assert "vars" not in text
    assert "abs_path" not in text
    assert __file__ not in text


def test_secrets_are_masked_before_anything_is_cut(link: Link) -> None:
    reporter = Reporter(TOLD, link.send, FakeClock())
    for place in (8_180, 99_995, 0):
        reporter.capture(raised(ValueError("x" * place + SECRET)))
    cause = raised(KeyError(f"https://h/?k={SECRET}"))
    try:
        raise RuntimeError({"apiKey": SECRET, SECRET: 1}) from cause
    except RuntimeError as error:
        error.add_note(f"note {SECRET}")
        reporter.capture(error)
    assert len(link.alerts) == 4
    for alert in link.alerts:
        data = alert.envelope.decode() + alert.title + "".join(alert.fingerprint)
        assert SECRET not in data
        # Nor its beginning, where a text was cut.
        assert SECRET[:12] not in data


def test_two_bugs_have_two_fingerprints_and_one_bug_has_one(link: Link) -> None:
    reporter = Reporter(TOLD, link.send, FakeClock())
    for error in (ValueError("1"), ValueError("2"), KeyError("1")):
        reporter.capture(raised(error))
    first, second, third = (alert.fingerprint for alert in link.alerts)
    assert first == second != third


def test_exceptions_in_a_loop_are_counted_and_not_sent(link: Link) -> None:
    clock = FakeClock()
    reporter = Reporter(TOLD, link.send, clock)
    for _ in range(100):
        reporter.capture(raised(ValueError("again")))
    assert len(link.alerts) == CAPTURES_MAX
    reporter.capture(raised(ValueError("the end")), fatal=True)
    assert link.alerts[-1].skipped == 100 - CAPTURES_MAX
    clock.advance(1)
    reporter.capture(raised(ValueError("later")))
    assert link.alerts[-1].skipped == 0


def test_what_the_link_does_not_take_is_counted_again(link: Link) -> None:
    clock = FakeClock()
    reporter = Reporter(TOLD, link.send, clock)
    for _ in range(CAPTURES_MAX + 2):
        reporter.capture(raised(ValueError("x")))
    clock.advance(1)
    link.takes = False
    reporter.capture(raised(ValueError("lost")))
    link.takes = True
    reporter.capture(raised(ValueError("y")))
    assert link.alerts[-1].skipped == 3


def test_an_enormous_exception_still_fits(link: Link) -> None:
    group = ExceptionGroup("many", [raised(ValueError("é" * 9_000), 200) for _ in range(30)])
    Reporter(TOLD, link.send, FakeClock()).capture(raised(group, 500))
    (alert,) = link.alerts
    assert len(alert.envelope) <= ALERT_ENVELOPE_BYTES_MAX
    assert link.event()["exception"]["values"]


def test_the_sdk_is_kept_from_doing_anything_by_itself(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTRY_DSN", "http://other@127.0.0.1:1/1")
    monkeypatch.setenv("SENTRY_SPOTLIGHT", "1")
    transport = reporting.LinkTransport(link.send)
    client = reporting.make_client(transport, TOLD)
    assert client.integrations == {}
    assert client.transport is transport
    assert client.spotlight is None
    assert client.options["dsn"] == ""
    assert client.options["server_name"] == ""
    assert client.options["include_local_variables"] is False
    assert client.options["auto_enabling_integrations"] is False
    assert client.should_send_default_pii() is False
    assert client.options["traces_sample_rate"] is None
    logging.getLogger("anything").error("no breadcrumb, no event")
    assert link.alerts == []


def test_exceptions_of_web_handlers_are_captured_with_their_frames() -> None:
    context = KeptContext("web:1", {}, clock=FakeClock())
    error = raised(LookupError("handler"))
    Reports(context)(error)
    assert context.captured == [error]
    assert len(context.faults) == 1
