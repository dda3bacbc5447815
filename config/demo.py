"""The accounts that exist only in the simulated venues, derived from the demo's seed."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

DEMO_ACCOUNTS_MAX: Final = 1000
"""More accounts than any test or demo asks for; a typing error must not start a million."""


class DemoAccount(NamedTuple):
    """One simulated account; `name` is its number as in `Extended_1_…`."""

    name: str
    api_key: str


def demo_accounts(seed: int, count: int) -> tuple[DemoAccount, ...]:
    """The first `count` accounts of the simulator with this seed; equal in every process.

    Keys begin with `simulated-`, so that nobody takes one for a key of a real account.
    """
    if not 0 <= count <= DEMO_ACCOUNTS_MAX:
        raise ValueError(f"count: expected 0 to {DEMO_ACCOUNTS_MAX}, found {count}")
    return tuple(DemoAccount(str(number), _key(seed, number)) for number in range(1, count + 1))


def _key(seed: int, number: int) -> str:
    digest = hashlib.sha256(f"broadcaster demo {seed} account {number}".encode()).hexdigest()
    return f"simulated-{digest[:32]}"
