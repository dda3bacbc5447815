"""The keyed digest of an account's secrets: tells a change, keeps no secret, needs no luck."""

import stat
from pathlib import Path

import pytest

from config.secret_digest import SALT, SALT_BYTES, digest_of_secrets, read_salt

CANARY = "canary-" + "5a17ed5a17"
SALT_A = bytes(range(32))


def test_the_salt_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data"
    salt = read_salt(folder)
    assert len(salt) == SALT_BYTES
    assert read_salt(folder) == salt
    assert [path.name for path in folder.iterdir()] == [SALT]
    assert stat.S_IMODE((folder / SALT).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert read_salt(tmp_path / "other") != salt


def test_a_salt_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    salt = read_salt(tmp_path)
    (tmp_path / SALT).chmod(0o644)
    assert read_salt(tmp_path) == salt
    assert stat.S_IMODE((tmp_path / SALT).stat().st_mode) == 0o600


@pytest.mark.parametrize("found", [b"", b"short", b"x" * 33])
def test_a_damaged_salt_is_replaced(tmp_path: Path, found: bytes) -> None:
    (tmp_path / SALT).write_bytes(found)
    salt = read_salt(tmp_path)
    assert len(salt) == SALT_BYTES
    assert read_salt(tmp_path) == salt


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"x" * SALT_BYTES)
    (tmp_path / SALT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        read_salt(tmp_path)


def test_a_place_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        read_salt(tmp_path / "file")


def test_the_digest_changes_with_every_field_and_with_nothing_else() -> None:
    secrets = {"api_key": CANARY, "proxy": "http://u:p@h:1"}
    digest = digest_of_secrets(secrets, SALT_A)
    assert digest == digest_of_secrets(dict(reversed(secrets.items())), SALT_A)
    others = [
        secrets | {"api_key": f"{CANARY}1"},
        secrets | {"proxy": "http://u:q@h:1"},
        secrets | {"client_id": "1"},
        {"api_key": CANARY},
        {},
        # What belongs to which field is part of it.
        {"api_key": CANARY, "proxyhttp": "://u:p@h:1"},
    ]
    digests = {digest_of_secrets(other, SALT_A) for other in others}
    assert len(digests | {digest}) == len(others) + 1
    assert digest_of_secrets(secrets, SALT_A[::-1]) != digest
    assert CANARY not in digest
