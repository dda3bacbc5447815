"""Read-only tokens and signed ones: what is taken, how long they last, what a refusal means."""

from __future__ import annotations

from typing import Any

import pytest
from lighter_account_frames import INDEX, SECONDS, Signer
from lighter_frames import BASE, NOW_NS

from actors.errors import ConfigFault, KeyRejected, VenueUnavailable
from actors.venues.lighter.answers import TokenRefused
from actors.venues.lighter.credentials import (
    LIFE_S,
    RENEW_BEFORE_S,
    ReadOnlyToken,
    SignedTokens,
    credentials,
    public_key,
)
from config.families import LIGHTER

PRIVATE = "ab" * 40
READ_ONLY = f"ro:{INDEX}:single:{SECONDS + 86_400}:0123456789abcdef"
SECRETS = {"account_index": str(INDEX), "api_key_index": "4", "private": PRIVATE}
REFUSED = TokenRefused("HTTP 401")


class SignerOfTests:
    made: tuple[Any, ...]

    def __init__(self, *made: Any) -> None:
        SignerOfTests.made = made

    def token(self, deadline_s: int) -> str:
        return f"{deadline_s}:signed"


def test_a_private_key_signs() -> None:
    found = credentials(SECRETS, BASE, lambda: NOW_NS, SignerOfTests)  # type: ignore[arg-type]
    assert SignerOfTests.made == (BASE, PRIVATE, INDEX, 4)
    assert found.account_index == INDEX
    assert found.token() == f"{SECONDS + LIFE_S}:signed"


def test_a_read_only_token_needs_neither_slot_nor_signer() -> None:
    secrets = {"account_index": str(INDEX), "private": READ_ONLY}
    found = credentials(secrets, BASE, lambda: NOW_NS, None)  # type: ignore[arg-type]
    assert found.token() == READ_ONLY
    assert READ_ONLY not in repr(found)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account_index": ""}, "account_index"),
        ({"account_index": "-1"}, "account_index"),
        ({"account_index": "1e3"}, "account_index"),
        ({"account_index": str(2**48 + 1)}, "account_index"),
        ({"api_key_index": ""}, "api_key_index"),
        ({"api_key_index": "255"}, "api_key_index"),
        ({"private": ""}, "private"),
        ({"private": "ro:4321"}, "private"),
        ({"private": READ_ONLY.replace("single", "none")}, "private"),
        ({"private": READ_ONLY.replace(str(INDEX), "4322")}, "private"),
    ],
)
def test_what_cannot_be_used_is_named_and_not_shown(changes: dict[str, str], field: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        credentials(SECRETS | changes, BASE, lambda: NOW_NS, SignerOfTests)  # type: ignore[arg-type]
    assert caught.value.name == field
    assert "0123456789abcdef" not in str(caught.value)
    assert PRIVATE not in str(caught.value)


def test_a_token_for_all_accounts_of_an_owner_reads_each() -> None:
    token = READ_ONLY.replace("single", "all").replace(str(INDEX), "12")
    secrets = SECRETS | {"private": token}
    assert credentials(secrets, BASE, lambda: NOW_NS).token() == token


def test_an_ended_token_tells_its_end_as_people_write_times() -> None:
    found = ReadOnlyToken(INDEX, READ_ONLY, 1_790_000_000, lambda: 1_790_000_000 * 10**9)
    with pytest.raises(KeyRejected, match="ended at 2026-09-21T14:13:20Z"):
        found.token()


def test_what_the_settings_take_for_a_read_only_token_is_one() -> None:
    longest = f"ro:{10**18}:all:{SECONDS + 86_400}:{'aZ' * 256}"
    assert LIGHTER.fields["PRIVATE"].pattern.fullmatch(longest)
    secrets = {"account_index": str(INDEX), "private": longest}
    assert credentials(secrets, BASE, lambda: NOW_NS).token() == longest


def test_a_read_only_token_ends_by_the_venues_clock() -> None:
    now_ns = NOW_NS
    token = ReadOnlyToken(INDEX, READ_ONLY, SECONDS + 10, lambda: now_ns)
    assert token.token() == READ_ONLY
    now_ns += 10_000_000_000
    with pytest.raises(KeyRejected, match="ended at"):
        token.token()


def test_a_refused_read_only_token_is_the_end() -> None:
    token = ReadOnlyToken(INDEX, READ_ONLY, SECONDS + 10, lambda: NOW_NS)
    assert isinstance(token.refused(READ_ONLY, REFUSED), KeyRejected)


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def tokens(signer: Signer) -> SignedTokens:
    return signer.tokens()


def test_one_token_serves_until_it_is_about_to_end(signer: Signer, tokens: SignedTokens) -> None:
    first = tokens.token()
    assert first.startswith(f"{SECONDS + LIFE_S}:")
    signer.now_ns += (LIFE_S - RENEW_BEFORE_S - 1) * 1_000_000_000
    assert tokens.token() == first
    signer.now_ns += 1_000_000_000
    assert tokens.token() != first
    assert signer.count == 2


def test_a_token_of_a_clock_that_was_set_back_is_replaced(
    signer: Signer, tokens: SignedTokens
) -> None:
    first = tokens.token()
    signer.now_ns -= 3600 * 1_000_000_000
    assert tokens.token() == first
    signer.now_ns -= 1_000_000_000
    assert tokens.token() != first, "the venue takes none that lives longer than eight hours"


def test_one_refusal_has_a_token_made_anew_and_a_second_one_rejects_the_key(
    tokens: SignedTokens,
) -> None:
    first = tokens.token()
    assert isinstance(tokens.refused(first, REFUSED), VenueUnavailable)
    second = tokens.token()
    assert second != first
    assert isinstance(tokens.refused(second, REFUSED), KeyRejected)


def test_all_that_bore_one_token_are_one_refusal(tokens: SignedTokens) -> None:
    first = tokens.token()
    assert isinstance(tokens.refused(first, REFUSED), VenueUnavailable)
    assert isinstance(tokens.refused(first, REFUSED), VenueUnavailable)
    second = tokens.token()
    assert isinstance(tokens.refused(first, REFUSED), VenueUnavailable)
    assert tokens.token() == second


def test_an_accepted_token_ends_the_row_of_refusals(tokens: SignedTokens) -> None:
    first = tokens.token()
    tokens.refused(first, REFUSED)
    tokens.accepted(first)
    second = tokens.token()
    tokens.accepted(second)
    assert isinstance(tokens.refused(second, REFUSED), VenueUnavailable)


def test_public_keys_are_compared_in_one_spelling() -> None:
    assert public_key(SECRETS) is None
    assert public_key(SECRETS | {"public": "0x" + "AB" * 40}) == (4, "ab" * 40)
    with pytest.raises(ConfigFault, match="public"):
        public_key(SECRETS | {"public": "ab"})
    with pytest.raises(ConfigFault, match="api_key_index"):
        public_key({"public": "ab" * 40})
