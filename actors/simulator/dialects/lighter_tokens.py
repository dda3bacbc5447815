"""Who a token of Lighter speaks for: signed ones of hours, read-only ones of years (PROTOCOL 2.2).

What the venue says of a token that is wrong was never recorded; every refusal here that is not of
a key or a signature has `auth` in its text, which is what clients look for.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from actors.simulator.accounts import Account
from actors.simulator.dialects.lighter_signature import digest_of, public_key, verify
from actors.simulator.exchange import Exchange
from actors.simulator.refused import Refused

LIFE_S_MAX: Final = 8 * 3_600
KEY_INDEX_MAX: Final = 254
VERIFIED_MAX: Final = 1_024
"""Tokens whose signature is known to be good; checking one takes some 50 ms."""

READ_ONLY_MAX: Final = 10
READ_ONLY_LIFE_S: Final = (24 * 3_600, 10 * 366 * 24 * 3_600)
NAME_LENGTH_MAX: Final = 64
SCOPES: Final = "read.*"
_SIGNED: Final = re.compile(r"(\d{1,12}):(\d{1,16}):(\d{1,3}):([0-9a-f]{160})")
_READ_ONLY: Final = re.compile(r"ro:(\d{1,16}):(single|all):(\d{1,12}):[0-9a-f]{1,128}")


@dataclass(slots=True, kw_only=True)
class ReadOnlyToken:
    """A token that may look and not trade; `whole_wallet` that it may look at all sub-accounts."""

    token_id: int
    text: str
    name: str
    account: int
    expiry: int
    whole_wallet: bool
    revoked: bool = False

    def row(self) -> dict[str, Any]:
        return {
            "token_id": self.token_id,
            "api_token": self.text,
            "name": self.name,
            "account_index": self.account,
            "expiry": self.expiry,
            "sub_account_access": self.whole_wallet,
            "revoked": self.revoked,
            "scopes": SCOPES,
        }


class LighterTokens:
    """All tokens of one exchange; times are seconds of the venue's clock."""

    def __init__(self, exchange: Exchange, seed: int) -> None:
        self._accounts = exchange.accounts
        self._seed = seed
        self._read_only: dict[str, ReadOnlyToken] = {}
        self._made = 0
        self._verified: OrderedDict[str, None] = OrderedDict()
        for account in exchange.accounts.values():
            parts = _READ_ONLY.fullmatch(account.api_key)
            if parts is not None and int(parts[1]) == account.account_id:
                whole_wallet = parts[2] == "all"
                self._keep(account, account.api_key, "demo", int(parts[3]), whole_wallet)

    def account(self, token: str, now_s: int) -> Account:
        """Whose token this is; Refused in the venue's words when it is nobody's."""
        if not token:
            raise Refused(400, "20001", "invalid param : auth field is required")
        return self._reader(token, now_s) if token.startswith("ro:") else self._signer(token, now_s)

    def of(self, account: Account) -> list[ReadOnlyToken]:
        """The read-only tokens that are in force."""
        return [one for one in self._read_only.values() if one.account == account.account_id]

    def create(
        self, account: Account, name: str, expiry: int, now_s: int, *, whole_wallet: bool
    ) -> ReadOnlyToken:
        """A new read-only token; Refused for a bad name or expiry, or where there are too many."""
        least, most = READ_ONLY_LIFE_S
        if not least <= expiry - now_s <= most:
            raise Refused(400, "61001", "invalid api token expiry")
        if not 1 <= len(name) <= NAME_LENGTH_MAX:
            raise Refused(400, "61002", "invalid api token name")
        if len(self.of(account)) >= READ_ONLY_MAX:
            raise Refused(400, "61003", "too many api tokens")
        scope = "all" if whole_wallet else "single"
        digested = f"{self._seed} token {self._made + 1}".encode()
        secret = hashlib.sha256(digested).hexdigest()[:48]
        text = f"ro:{account.account_id}:{scope}:{expiry}:{secret}"
        return self._keep(account, text, name, expiry, whole_wallet)

    def revoke(self, account: Account, token_id: int) -> ReadOnlyToken:
        for one in self.of(account):
            if one.token_id == token_id:
                del self._read_only[one.text]
                one.revoked = True
                return one
        raise Refused(400, "61004", "api token not found")

    def _keep(
        self, account: Account, text: str, name: str, expiry: int, whole_wallet: bool
    ) -> ReadOnlyToken:
        self._made += 1
        token = ReadOnlyToken(
            token_id=self._made,
            text=text,
            name=name,
            account=account.account_id,
            expiry=expiry,
            whole_wallet=whole_wallet,
        )
        self._read_only[text] = token
        return token

    def _reader(self, text: str, now_s: int) -> Account:
        token = self._read_only.get(text)
        if token is None:
            raise _invalid("unknown or revoked read-only token")
        if token.expiry <= now_s:
            raise _invalid("read-only token is expired")
        return self._accounts[token.account]

    def _signer(self, token: str, now_s: int) -> Account:
        parts = _SIGNED.fullmatch(token)
        if parts is None:
            raise _invalid("malformed token")
        deadline, index, key_index = (int(parts[at]) for at in (1, 2, 3))
        if deadline <= now_s:
            raise _invalid("token is expired")
        if deadline > now_s + LIFE_S_MAX:
            raise _invalid("token expires too late")
        account = self._accounts.get(index)
        if account is None:
            raise Refused(400, "21100", "account not found")
        if key_index > KEY_INDEX_MAX:
            raise Refused(400, "21110", "invalid api key index")
        if not account.private_key or key_index != account.api_key_index:
            raise Refused(400, "21109", "api key not found")
        self._check_signature(account, token, bytes.fromhex(parts[4]))
        return account

    def _check_signature(self, account: Account, token: str, signature: bytes) -> None:
        if token in self._verified:
            return
        message = token.rpartition(":")[0].encode()
        if not verify(public_key_of(account.private_key), digest_of(message), signature):
            raise Refused(400, "21120", "invalid signature")
        self._verified[token] = None
        if len(self._verified) > VERIFIED_MAX:
            self._verified.popitem(last=False)


@lru_cache(VERIFIED_MAX)
def public_key_of(private_key: str) -> bytes:
    """The public half of a key in hexadecimal digits."""
    return public_key(bytes.fromhex(private_key))


def _invalid(reason: str) -> Refused:
    return Refused(401, "401", f"invalid auth: {reason}")
