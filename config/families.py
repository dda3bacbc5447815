"""The families of account variables: which fields each venue's accounts have, and their forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

RO_PREFIX: Final = "ro:"
"""How a read-only token of Lighter begins."""
SIGNER_PACKAGE: Final = "lighter-sdk"
"""What holds the signer that makes tokens of a private key."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a family: its form as a pattern and in words, and what it is for."""

    pattern: re.Pattern[str]
    expected: str
    doc: str
    secret: bool = True


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with the fields of one account together; `found` shows no secret."""

    field: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The variables of one venue's accounts; `name` as users write it, `venue` as we do.

    Two accounts may not share the value of `identity`; what `alias` holds is another name of the
    account. `check` looks at fields (in capitals) that are well spelt one by one.
    """

    name: str
    venue: str
    fields: Mapping[str, Field]
    required: tuple[str, ...]
    identity: str
    alias: str = ""
    check: Callable[[Mapping[str, str]], list[Complaint]] = lambda _: []

    @property
    def pattern(self) -> re.Pattern[str]:
        """`{NAME}_{N}_` and a rest: a proxy, or a code and a field."""
        return re.compile(
            rf"{self.name}_(?P<number>[0-9]+)_(?:"
            rf"(?P<plain_proxy>PROXY(?:_(?P<proxy_number>[0-9]+)_URL)?)"
            rf"|(?P<code>[A-Z0-9][A-Z0-9_.-]*?)_(?P<field>{'|'.join(self.fields)}|PROXY)"
            rf"|(?P<unknown>.*))",
            re.IGNORECASE,
        )


_PRINTABLE = re.compile(r"[\x21-\x7e]{1,512}")
_HEXADECIMAL = re.compile(r"(0[xX])?[0-9a-fA-F]{1,64}")
_KEY_OF_40_BYTES = r"(?:0[xX])?[0-9a-fA-F]{80}"
_READ_ONLY = r"ro:[0-9]{1,19}:(?:single|all):[0-9]{1,12}:[0-9a-zA-Z]{16,512}"


def has_signer() -> bool:
    """Whether what a private key of Lighter needs is installed."""
    try:
        distribution(SIGNER_PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def _check_key(fields: Mapping[str, str]) -> list[Complaint]:
    """Told before the account's process would: a quarantine for what only its process finds
    outlasts the installation of the signer."""
    if "API_KEY_INDEX" not in fields:
        expected = "the number of the key's slot, or a read-only token (ro:…) as PRIVATE"
        return [Complaint("API_KEY_INDEX", "nothing beside a private key", expected)]
    if not has_signer():
        expected = "the signer installed (make lighter), or a read-only token (ro:…)"
        return [Complaint("PRIVATE", "a private key without the venue's signer", expected)]
    return []


def _check_lighter(fields: Mapping[str, str]) -> list[Complaint]:
    """A key needs its slot and a signer; a read-only token names the account that it is of."""
    private = fields.get("PRIVATE", "")
    if not private:
        return []
    if not private.startswith(RO_PREFIX):
        return _check_key(fields)
    account, scope = private.split(":")[1:3]
    wanted = fields.get("ACCOUNT_INDEX", account)
    if scope == "single" and int(account) != int(wanted):
        return [Complaint("PRIVATE", f"a token of account {account}", f"one of account {wanted}")]
    return []


EXTENDED: Final = Family(
    name="Extended",
    venue="extended",
    fields={
        "API_KEY": Field(
            _PRINTABLE,
            "an API key: visible ASCII characters without blanks",
            "The only required one: reads the account.",
        ),
        "CLIENT_ID": Field(
            _PRINTABLE,
            "a client id: visible ASCII characters",
            "The account's client id at the venue.",
            secret=False,
        ),
        "STARKNET_PRIVATE": Field(
            _HEXADECIMAL,
            "a hexadecimal key of at most 64 digits",
            "Private Stark key; not needed for watching.",
        ),
        "STARKNET_PUBLIC": Field(
            _HEXADECIMAL,
            "a hexadecimal key of at most 64 digits",
            "Public Stark key; not needed for watching.",
            secret=False,
        ),
        "VAULT_NUMBER": Field(
            re.compile(r"[0-9]{1,20}"),
            "a whole number",
            "Number of the account's vault; not needed for watching.",
            secret=False,
        ),
    },
    required=("API_KEY",),
    identity="API_KEY",
)
LIGHTER: Final = Family(
    name="Lighter",
    venue="lighter",
    fields={
        "ACCOUNT_INDEX": Field(
            re.compile(r"[0-9]{1,15}"),
            "a whole number, such as 7001",
            "The account's index at the venue; answers go by it as by {N}.",
            secret=False,
        ),
        "API_KEY_INDEX": Field(
            re.compile(r"[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-4]"),
            "a whole number from 0 to 254",
            "The slot of the API key; not needed with a read-only token.",
            secret=False,
        ),
        "PRIVATE": Field(
            re.compile(f"{_KEY_OF_40_BYTES}|{_READ_ONLY}"),
            "a read-only token (ro:…) or the API key's private part of 80 hexadecimal digits",
            "Best a read-only token (`ro:…`), which can do nothing but read and needs no signer; "
            "or the private part of the API key.",
        ),
        "PUBLIC": Field(
            re.compile(_KEY_OF_40_BYTES),
            "a public key of 80 hexadecimal digits",
            "The public part of the API key; where it is given, it is compared with the venue's.",
            secret=False,
        ),
    },
    required=("ACCOUNT_INDEX", "PRIVATE"),
    identity="ACCOUNT_INDEX",
    alias="ACCOUNT_INDEX",
    check=_check_lighter,
)
FAMILIES: Final = (EXTENDED, LIGHTER)
