"""The supervisor as a whole: how it ends, and what it survives."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.chaos.service import ZooService, wait_for

pytestmark = pytest.mark.processes
STAGE_S = 1.0


def test_deaf_and_stopped_children_do_not_hold_up_the_end() -> None:
    children = {
        "stream:deaf": ("deaf", {}),
        "stream:still": ("idle", {}),
        "stream:good": ("idle", {}),
    }
    with ZooService(children, {"shutdown_stage_s": STAGE_S}) as service:
        service.start()
        os.kill(service.child("stream:still")["pid"], signal.SIGSTOP)
        begun = time.monotonic()
        assert service.stop() == 0
        took_s = time.monotonic() - begun
        print(f"ended after {took_s:.2f} s")
        assert took_s <= STAGE_S + 1.0
        ended = [line for line in service.log.read_text().splitlines() if "event='ended'" in line]
        assert len(ended) == len(children)


def test_the_groups_signals_together_ask_once_and_a_later_one_ends_it_at_once() -> None:
    children = {"stream:deaf": ("deaf", {}), "stream:good": ("idle", {})}
    with ZooService(children, {"shutdown_stage_s": 8.0}) as service:
        service.start()
        begun = time.monotonic()
        for _ in range(5):
            os.killpg(service.pid, signal.SIGINT)
            os.kill(service.pid, signal.SIGTERM)
        wait_for(
            "the good child has ended in order",
            lambda: "'code': 0" in service.log.read_text(),
            5.0,
        )
        assert service.child("stream:deaf")["state"] == "stopping"
        wait_for("time for another signal", lambda: time.monotonic() - begun > 0.6, 2.0)
        again = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - again <= 2.0


def test_children_are_known_again_after_the_service_was_started_anew() -> None:
    with ZooService({"stream:one": ("idle", {})}) as service:
        service.start()
        first = service.child("stream:one")
        assert service.stop() == 0
        service.start()
        second = service.child("stream:one")
        assert second["epoch"] == first["epoch"] + 1
        assert service.history("stream:one")[-1]["cause"] == "stopped"
        service.stop()


def test_operators_words_are_carried_out() -> None:
    with ZooService({"stream:one": ("obedient", {}), "stream:two": ("idle", {})}) as service:
        service.start()
        one = service.child("stream:one")
        service.call("reconnect", actor="stream:one", lane="rest")
        wait_for("the child was told", lambda: "'lane': 'rest'" in service.log.read_text(), 5.0)
        assert service.call("stop", actor="stream:two")["actor"] == "stream:two"
        wait_for("stopped", lambda: service.child("stream:two")["state"] == "stopped", 5.0)
        service.call("start", actor="stream:two")
        service.wait_reborn("stream:two", 1, 5.0)
        service.call("restart", actor="stream:one")
        service.wait_reborn("stream:one", one["epoch"], 5.0)
        service.call("reset", actor="stream:one")
        service.wait_reborn("stream:one", one["epoch"] + 1, 5.0)
        assert service.stop() == 0
