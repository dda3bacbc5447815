"""Whether an account's secrets changed since the last run, told by a keyed digest of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

SALT: Final = "configuration.salt"
SALT_BYTES: Final = 32
_DIGEST_BYTES: Final = 16
_PURPOSE: Final = b"account secrets"


def read_salt(data_dir: Path) -> bytes:
    """The random key of this directory's digests, made at the first call, readable by us alone.

    Raises OSError. A damaged one is replaced: then every account counts as changed, once.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / SALT
    with contextlib.suppress(FileNotFoundError):
        held = _read(path)
        if len(held) == SALT_BYTES:
            return held
    salt = secrets.token_bytes(SALT_BYTES)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{SALT}.", dir=data_dir)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(salt)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise
    return salt


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        os.fchmod(descriptor, 0o600)
        return file.read(SALT_BYTES + 1)


def digest_of_secrets(fields: Mapping[str, str], salt: bytes) -> str:
    """The same for the same fields and salt alone; nobody reads a secret back out of it."""
    packed = msgspec.msgpack.encode(sorted(fields.items()))
    return hashlib.blake2b(packed, digest_size=_DIGEST_BYTES, key=salt, person=_PURPOSE).hexdigest()
