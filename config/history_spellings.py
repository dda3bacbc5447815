"""How the settings of history are spelt: addresses and keys of stores, days by kind."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from config.history import KINDS
from config.spellings import Items

ADDRESS_LENGTH_MAX: Final = 2_000
DAYS_MAX: Final = 36_500
_DAYS: Final = re.compile(r"(?:([a-z]+)=)?([0-9]{1,5})")
_SERVICE_ROLE: Final = re.compile(r"[\x21-\x7e]{8,4096}")


def _days(items: tuple[str, ...]) -> tuple[str, ...]:
    kinds = []
    for item in items:
        match = _DAYS.fullmatch(item)
        if match is None or (match[1] is None and len(items) > 1) or int(match[2]) > DAYS_MAX:
            raise ValueError(
                f"a number of days up to {DAYS_MAX}, or kinds with a number each ({item[:40]!r})"
            )
        if match[1] is not None and match[1] not in KINDS:
            raise ValueError(f"kinds of {', '.join(KINDS)} ({match[1]!r:.40} is none)")
        kinds.append(match[1])
    if len(set(kinds)) < len(kinds):
        raise ValueError("each kind once")
    return items


def _address(schemes: tuple[str, ...], path: bool) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        try:
            parts = urlsplit(text)
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if text and (not good or len(text) > ADDRESS_LENGTH_MAX):
            raise ValueError(f"an address that begins with {schemes[0]}://")
        if text and not path and (parts.path.strip("/") or parts.query):
            raise ValueError("the project's address, without a path")
        return secret

    return AfterValidator(check)


def _key(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text and not _SERVICE_ROLE.fullmatch(text):
        raise ValueError("the key as Supabase shows it: visible ASCII characters without blanks")
    return secret


Days = Annotated[Items, AfterValidator(_days)]
PostgresAddress = Annotated[SecretStr, _address(("postgresql", "postgres"), path=True)]
SupabaseAddress = Annotated[SecretStr, _address(("https", "http"), path=False)]
ServiceRole = Annotated[SecretStr, AfterValidator(_key)]
