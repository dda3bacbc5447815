"""A child that grows is replaced as planned: dumped, told to stop, started again at once."""

from __future__ import annotations

from tests.chaos.conftest import StartZoo
from tests.chaos.service import ZooService

MEGABYTE = 1 << 20
LIMIT_BYTES = 48 * MEGABYTE
AGAIN_S = 1.5


def test_a_growing_child_is_replaced_in_order_and_its_neighbour_goes_on(
    start_zoo: StartZoo,
) -> None:
    children = {
        "stream:fat": ("grower", {"bytes": 2 * LIMIT_BYTES}),
        "account:zoo:1": ("idle", {}),
    }
    limits = {
        "memory_soft_bytes": 1024 * MEGABYTE,
        "memory_by_kind": {"stream": LIMIT_BYTES},
        "phase1_delay_s": AGAIN_S,
        "jitter_fraction": 0.0,
        "restart_first_delay_s": AGAIN_S,
    }
    service = start_zoo(children, limits)
    quiet = service.child("account:zoo:1")["pid"]

    service.wait_reborn("stream:fat", 1, 20.0)
    (first,) = service.history("stream:fat")
    assert first["cause"] == "memory"
    assert first["exit_code"] == 0, "told to stop, and it did"
    assert "in grower" in first["dump"], first["dump"]
    assert first["rss_bytes"] > LIMIT_BYTES
    child = service.child("stream:fat")
    assert (child.get("attempt", 0), child["restarts"]) == (0, 1)
    assert born_after_s(service, 2) < AGAIN_S / 2, "at once, whatever the schedule"

    # It grows again at once: now the schedule holds, so that nothing turns in circles.
    service.wait_reborn("stream:fat", 2, 20.0)
    assert born_after_s(service, 3) >= AGAIN_S
    assert [each["cause"] for each in service.history("stream:fat")] == ["memory"] * 2
    assert service.child("account:zoo:1")["pid"] == quiet
    log = service.log.read_text()
    assert "over memory" in log
    assert f"limit {LIMIT_BYTES // MEGABYTE} MiB" in log


def born_after_s(service: ZooService, epoch: int) -> float:
    """From the end of the incarnation before to the start of this one."""
    before = next(e for e in service.history("stream:fat") if e["epoch"] == epoch - 1)
    return (service.child("stream:fat")["started_ns"] - before["ended_ns"]) / 1e9
