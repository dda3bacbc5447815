"""Finds secrets, in any spelling in which they could have left, in what a service showed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

from pydantic import SecretStr

from actors.errors import ConfigFault
from config.environment import Environment, read_environment
from config.masking import SECRET_LENGTH_MIN, is_secret_key
from config.proxy_address import parse_proxy
from config.settings import Settings

FRAGMENT_LENGTH = 12
"""So much of a secret, from anywhere within it, is a leak."""

PIECE_LENGTH = 9
"""Of random letters, so many do not come together by chance."""

FILE_BYTES_MAX = 64 * 2**20
"""Of one file, its newest part."""


def spellings(secret: str) -> dict[str, bytes]:
    """How the whole of it could be written, by a name for each; equal ones once."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "upper case": secret.upper().encode(),
        "lower case": secret.lower().encode(),
        "swapped case": secret.swapcase().encode(),
        "backwards": raw[::-1],
        "URL": quote(secret, safe="").encode(),
        "URL path": quote(secret).encode(),
        "form": quote_plus(secret).encode(),
        "JSON": json.dumps(secret)[1:-1].encode(),
        "JSON in JSON": json.dumps(json.dumps(secret)[1:-1])[1:-1].encode(),
        "Python": repr(secret)[1:-1].encode(),
        "hex": raw.hex().encode(),
        "upper hex": raw.hex().upper().encode(),
    }
    for shift in range(3):
        found[f"base64 +{shift}"] = _within_base64(raw, shift)
        found[f"URL base64 +{shift}"] = _within_base64(raw, shift).translate(_URL_SAFE)
    distinct: dict[bytes, str] = {}
    for name, spelt in found.items():
        distinct.setdefault(spelt, name)
    return {name: spelt for spelt, name in distinct.items()}


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _within_base64(raw: bytes, shift: int) -> bytes:
    """The letters that only `raw` decides, where `shift` other bytes stand before it."""
    encoded = base64.b64encode(b"\0" * shift + raw)
    first = (0, 2, 3)[shift]
    rest = (shift + len(raw)) % 3
    return encoded[first : len(encoded) - (0, 3, 2)[rest]]


def fragments(secret: str) -> dict[str, bytes]:
    """Pieces of which any FRAGMENT_LENGTH letters in a row of the secret hold one whole.

    Shorter ones at a distance: to look for each of all such parts would take four times as long.
    """
    raw = secret.encode()
    places = range(0, len(raw) - PIECE_LENGTH + 1, FRAGMENT_LENGTH - PIECE_LENGTH + 1)
    return {f"from letter {at} on": raw[at : at + PIECE_LENGTH] for at in places}


class Needles:
    """What must be nowhere: each secret by its name, whole, or with `parts` in pieces too."""

    def __init__(self, secrets: Mapping[str, str], *, parts: bool = False) -> None:
        self.wanted = {
            name: spellings(secret) | (fragments(secret) if parts else {})
            for name, secret in secrets.items()
        }

    def found_in(self, data: bytes) -> list[str]:
        """`name (spelling)` of each secret that stands there: never the secret itself."""
        found = []
        for name, spelt in self.wanted.items():
            how = next((how for how, needle in spelt.items() if needle in data), None)
            if how is not None:
                found.append(f"{name} ({how})")
        return found

    def found_below(self, folders: Iterable[Path], but: Iterable[Path] = ()) -> list[str]:
        """The same of every file below `folders`, each with the file's path."""
        left_out = {path.resolve() for path in but}
        return [
            f"{path}: {found}"
            for path in _files(folders)
            if path.resolve() not in left_out
            for found in self.found_in(_newest(path))
        ]


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_file():
            yield folder
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path


def _newest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - FILE_BYTES_MAX))
            return file.read(FILE_BYTES_MAX)
    except FileNotFoundError:
        # Ours are replaced and rotated while we look.
        return b""


def given_secrets(process: Mapping[str, str], file: Path) -> dict[str, str]:
    """What a service was given in confidence, by the product's own reading of it.

    Values too short for the product to mask by value are left out.
    """
    environment = read_environment(process, file)
    found = dict(_secrets_of(environment))
    return {name: text for name, text in found.items() if len(text) >= SECRET_LENGTH_MIN}


def _secrets_of(environment: Environment) -> Iterator[tuple[str, str]]:
    for variable in environment:
        name, text = variable.name, variable.text.strip()
        field = Settings.model_fields.get(name.lower())
        if "PROXY" in name.upper() and field is None:
            try:
                yield name, parse_proxy(text).password
            except ConfigFault:
                yield name, text
        elif field is not None and field.annotation is SecretStr:
            # Of an address, what gives a right: its password, or a user name alone.
            parts = urlsplit(text)
            yield name, parts.password or parts.username or text if "://" in text else text
        elif field is None and is_secret_key(name):
            yield name, text
