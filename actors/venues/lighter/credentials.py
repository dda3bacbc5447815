"""What lets an account read its private data: a read-only token, or tokens made with its key.

The venue's time is an argument (`now_ns`): a token ends by the venue's clock, not by ours.
Source: PROTOCOL, sections 1 (identifiers) and 2.2 (auth token).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from actors.errors import ConfigFault, KeyRejected, VenueFault, VenueUnavailable
from actors.venues.lighter.signing import NativeSigner

LIFE_S: Final = 7 * 3600
"""Of a token made here; the venue takes none that has more than eight hours to live."""
LIFE_S_MAX: Final = 8 * 3600
RENEW_BEFORE_S: Final = 15 * 60
"""So long before its end a token is replaced, on streams too."""
REFUSALS_MAX: Final = 2
"""Tokens in a row that the venue refuses before the key itself is what is wrong."""
ACCOUNT_INDEX_MAX: Final = 2**48
API_KEY_INDEX_MAX: Final = 254
"""255 is no slot: it means all keys, and the signer would take any."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_READ_ONLY: Final = re.compile(
    r"ro:(?P<account>[0-9]{1,19}):(?P<scope>single|all):(?P<expiry>[0-9]{1,12}):[0-9A-Za-z]{8,512}"
)
_PUBLIC_KEY: Final = re.compile(r"(?:0x)?[0-9a-fA-F]{80}")
_WHOLE: Final = re.compile(r"[0-9]{1,15}")


class Credentials(Protocol):
    """Of one account. A token goes into the header `authorization`, or `auth` of a frame."""

    account_index: int

    def token(self) -> str:
        """One that is valid now, for some time; KeyRejected where there is none any more."""
        ...

    def accepted(self, token: str) -> None:
        """The venue answered a private question that bore it."""
        ...

    def refused(self, token: str, fault: VenueFault) -> VenueFault:
        """What follows from the venue's refusal of this token, `fault`."""
        ...


@dataclass(slots=True)
class ReadOnlyToken:
    """A token that the owner made at the venue: it cannot be made anew here."""

    account_index: int
    text: str = field(repr=False)
    expiry_s: int
    now_ns: Callable[[], int]

    def token(self) -> str:
        if self.now_ns() >= self.expiry_s * 1_000_000_000:
            ended = _EPOCH + timedelta(seconds=self.expiry_s)
            raise KeyRejected(f"the read-only token ended at {ended:%Y-%m-%dT%H:%M:%SZ}")
        return self.text

    def accepted(self, token: str) -> None:
        """Nothing follows."""

    def refused(self, token: str, fault: VenueFault) -> VenueFault:  # noqa: ARG002 - the contract
        return KeyRejected(f"the read-only token is refused: {fault}")


class SignedTokens:
    """Tokens made with the private key, one at a time for all that the account asks.

    Each is replaced before its end, and once where the venue refuses it; where the one made
    instead is refused as well, the key is what is wrong.
    """

    def __init__(
        self, account_index: int, sign: Callable[[int], str], now_ns: Callable[[], int]
    ) -> None:
        self.account_index = account_index
        self._sign = sign
        self._now_ns = now_ns
        self._token = ""
        self._end_s = 0
        self._refusals = 0

    def token(self) -> str:
        now_s = self._now_ns() // 1_000_000_000
        # One that lives too long was made before the venue's clock was set back.
        if not self._token or not RENEW_BEFORE_S < self._end_s - now_s <= LIFE_S_MAX:
            self._end_s = now_s + LIFE_S
            self._token = self._sign(self._end_s)
        return self._token

    def accepted(self, token: str) -> None:
        if token == self._token:
            self._refusals = 0

    def refused(self, token: str, fault: VenueFault) -> VenueFault:
        """Of several questions that bore one token, the first refusal counts."""
        if token == self._token:
            self._token = ""
            self._refusals += 1
        if self._refusals >= REFUSALS_MAX:
            return KeyRejected(f"{self._refusals} tokens in a row are refused: {fault}")
        return VenueUnavailable(f"a token is refused, another one is made: {fault}")


def credentials(
    secrets: Mapping[str, str],
    base_url: str,
    now_ns: Callable[[], int],
    signer: Callable[[str, str, int, int], NativeSigner] = NativeSigner,
) -> Credentials:
    """Of `account_index`, `api_key_index` and `private`: the key of that slot, or a `ro:` token.

    Raises ConfigFault, which names the field and shows no secret.
    """
    account_index = _whole(secrets, "account_index", ACCOUNT_INDEX_MAX)
    private = secrets.get("private", "").strip()
    if not private:
        raise ConfigFault("private", "nothing", "a read-only token (ro:…), or the private key")
    if private.startswith("ro:"):
        return _read_only(private, account_index, now_ns)
    api_key_index = _whole(secrets, "api_key_index", API_KEY_INDEX_MAX)
    made = signer(base_url, private, account_index, api_key_index)
    return SignedTokens(account_index, made.token, now_ns)


def public_key(secrets: Mapping[str, str]) -> tuple[int, str] | None:
    """The slot and its public key (80 small hex digits), where they are told to be compared."""
    told = secrets.get("public", "").strip()
    if not told:
        return None
    if not _PUBLIC_KEY.fullmatch(told):
        raise ConfigFault("public", f"text of {len(told)} characters", "80 hex digits")
    slot = _whole(secrets, "api_key_index", API_KEY_INDEX_MAX)
    return slot, plain_hex(told)


def plain_hex(key: str) -> str:
    """A key in the one spelling in which keys are compared."""
    return key.lower().removeprefix("0x")


def _read_only(text: str, account_index: int, now_ns: Callable[[], int]) -> ReadOnlyToken:
    found = _READ_ONLY.fullmatch(text)
    if found is None:
        expected = "ro:<account index>:<single or all>:<expiry, unix seconds>:<the rest>"
        raise ConfigFault("private", "a read-only token of another shape", expected)
    # One for all goes by the master account's index, whichever of its accounts is read.
    if found["scope"] == "single" and int(found["account"]) != account_index:
        what = f"a read-only token of account {found['account']}"
        raise ConfigFault("private", what, f"one of account {account_index}")
    return ReadOnlyToken(account_index, text, int(found["expiry"]), now_ns)


def _whole(secrets: Mapping[str, str], name: str, most: int) -> int:
    text = secrets.get(name, "").strip()
    if not _WHOLE.fullmatch(text) or int(text) > most:
        found = "nothing" if not text else f"{len(text)} characters that are none"
        raise ConfigFault(name, found, f"a whole number up to {most}")
    return int(text)
