"""The accounts that exist only in the simulated venues, derived from the demo's seed."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

DEMO_ACCOUNTS_MAX: Final = 1000
"""More accounts than any test or demo asks for; a typing error must not start a million."""


LIGHTER_INDEX_FIRST: Final = 7_001
LIGHTER_KEY_INDEX: Final = 4
"""The first slot that is not reserved for the venue's own apps."""

LIGHTER_TOKEN_EXPIRY: Final = 4_102_444_800
"""The first second of the year 2100: a demo's token outlives the demo."""


class DemoAccount(NamedTuple):
    """One simulated account; `name` is its number as in `Extended_1_…`."""

    name: str
    api_key: str


class LighterDemoAccount(NamedTuple):
    """One simulated account of Lighter: either credential reads it.

    `private_key` is 40 bytes in hexadecimal digits, as the venue spells its keys.
    """

    name: str
    account_index: int
    api_key_index: int
    private_key: str
    read_only_token: str


def demo_accounts(seed: int, count: int) -> tuple[DemoAccount, ...]:
    """The first `count` accounts of the simulator with this seed; equal in every process.

    Keys begin with `simulated-`, so that nobody takes one for a key of a real account.
    """
    return tuple(DemoAccount(str(number), _key(seed, number)) for number in _numbers(count))


def demo_lighter_accounts(seed: int, count: int) -> tuple[LighterDemoAccount, ...]:
    """As `demo_accounts`, of the simulated Lighter; numbers of both begin with 1."""
    return tuple(_lighter_account(seed, number) for number in _numbers(count))


def _numbers(count: int) -> range:
    if not 0 <= count <= DEMO_ACCOUNTS_MAX:
        raise ValueError(f"count: expected 0 to {DEMO_ACCOUNTS_MAX}, found {count}")
    return range(1, count + 1)


def _key(seed: int, number: int) -> str:
    digest = hashlib.sha256(f"broadcaster demo {seed} account {number}".encode()).hexdigest()
    return f"simulated-{digest[:32]}"


def _lighter_account(seed: int, number: int) -> LighterDemoAccount:
    digest = hashlib.sha512(f"broadcaster demo {seed} lighter {number}".encode()).hexdigest()
    index = LIGHTER_INDEX_FIRST + number - 1
    return LighterDemoAccount(
        name=str(number),
        account_index=index,
        api_key_index=LIGHTER_KEY_INDEX,
        # The last digits below the group's order, whatever the digest.
        private_key=digest[:78] + "00",
        read_only_token=f"ro:{index}:single:{LIGHTER_TOKEN_EXPIRY}:{digest[80:128]}",
    )
