"""The cache's configuration, and how it counts its peers' faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cache_links import Context

from actors.cache.actor import chronicle_of
from actors.cache.faults import REPORT_NS, SENDERS_MAX, LinkFaults
from actors.errors import ConfigFault


def configured(**config: Any) -> Any:
    context: Any = Context()
    context.config = config
    return context


def test_the_chronicle_is_made_as_configured(tmp_path: Path) -> None:
    chronicle = chronicle_of(configured(data_dir=str(tmp_path), journal_mb=1, ring_count=10))
    chronicle.recover()
    assert list((tmp_path / "cache").iterdir())
    chronicle.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_dir", None),
        ("data_dir", ""),
        ("journal_mb", 0),
        ("journal_mb", "64"),
        ("ring_count", -1),
        ("ring_bytes", True),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(ConfigFault, match=name):
        chronicle_of(configured(**{"data_dir": str(tmp_path), name: value}))


def test_faults_are_all_counted_and_reported_once_in_a_while() -> None:
    faults = LinkFaults()
    assert [faults.count("a", at) for at in (1, 2, 3)] == [1, 0, 0]
    assert faults.count("b", 3) == 1
    assert faults.count("a", 1 + REPORT_NS) == 3
    assert faults.counts == {"a": 4, "b": 1}


def test_senders_are_bounded() -> None:
    faults = LinkFaults()
    for at in range(SENDERS_MAX + 50):
        faults.count(f"sender {at}", 1)
    assert len(faults.counts) == SENDERS_MAX + 1
    assert faults.counts["others"] == 50
