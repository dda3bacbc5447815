"""Owned directories and sockets: a second service ends with a clear error."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from actors.errors import ConfigFault
from actors.supervision.sockets import Claim, listen_tcp, listen_unix, peer_uid


def test_second_claim_names_the_setting_and_the_holder(tmp_path: Path) -> None:
    first = Claim(tmp_path / "run", tmp_path / "data")
    with pytest.raises(ConfigFault, match=f"RUNTIME_DIR: .*process id {os.getpid()}"):
        Claim(tmp_path / "run", tmp_path / "other")
    with pytest.raises(ConfigFault, match=f"DATA_DIR: .*process id {os.getpid()}"):
        Claim(tmp_path / "another", tmp_path / "data")
    first.release()
    # What a refused claim took before it was refused is free again too.
    Claim(tmp_path / "another", tmp_path / "data").release()


def test_one_directory_for_both_is_claimed_once(tmp_path: Path) -> None:
    claim = Claim(tmp_path / "both", tmp_path / "both")
    with pytest.raises(ConfigFault):
        Claim(tmp_path / "both", tmp_path / "x")
    claim.release()


def test_runtime_directory_is_private(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    claim = Claim(tmp_path / "run", tmp_path / "data")
    assert claim.runtime_dir.stat().st_mode & 0o777 == 0o700
    claim.release()


def test_directory_that_cannot_be_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigFault, match="DATA_DIR"):
        Claim(tmp_path / "run", tmp_path / "file" / "data")


def test_taken_port_and_foreign_address_are_named() -> None:
    with (
        listen_tcp("127.0.0.1", 0) as held,
        pytest.raises(ConfigFault, match=r"HOST, PORT: found 127\.0\.0\.1:\d+ \(Address already"),
    ):
        listen_tcp("127.0.0.1", held.getsockname()[1])
    with pytest.raises(ConfigFault, match="HOST"):
        listen_tcp("no.such.host.invalid", 0)


def test_path_too_long_for_a_unix_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match=r"RUNTIME_DIR: .*at most 107 bytes"):
        listen_unix(tmp_path / ("x" * 120))


def test_the_peers_user_is_known() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.getuid()
