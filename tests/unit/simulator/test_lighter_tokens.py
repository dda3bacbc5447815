"""Tokens of the simulated Lighter: whose they are, and each way in which one can be wrong."""

from __future__ import annotations

from typing import Any

import pytest
from lighter_desk import SEED, Desk, lighter_world, signed_token

from actors.simulator.accounts import Account
from actors.simulator.dialects import lighter_tokens
from actors.simulator.dialects.lighter_tokens import LIFE_S_MAX, READ_ONLY_MAX, LighterTokens
from actors.simulator.refused import Refused

HOUR_S = 3_600
YEAR_S = 365 * 24 * HOUR_S


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(lighter_world(2, warm_up_s=1))


@pytest.fixture
def owner(desk: Desk) -> Account:
    return desk.exchange.accounts[7_001]


@pytest.fixture
def other(desk: Desk) -> Account:
    return desk.exchange.accounts[7_002]


def refusal(desk: Desk, token: str) -> tuple[int, str, str]:
    with pytest.raises(Refused) as caught:
        desk.tokens.account(token, desk.now_s)
    return caught.value.status, caught.value.code, caught.value.detail


def test_a_signed_token_is_its_accounts(desk: Desk, owner: Account, other: Account) -> None:
    for account in (owner, other):
        for life_s in (1, 600, LIFE_S_MAX):
            token = signed_token(account, desk.now_s + life_s)
            assert desk.tokens.account(token, desk.now_s) is account


def test_without_a_token(desk: Desk) -> None:
    assert refusal(desk, "") == (400, "20001", "invalid param : auth field is required")


@pytest.mark.parametrize(
    ("life_s", "said"),
    [(0, "expired"), (-1, "expired"), (LIFE_S_MAX + 1, "too late"), (10**9, "too late")],
)
def test_a_token_lives_for_eight_hours_at_most(
    desk: Desk, owner: Account, life_s: int, said: str
) -> None:
    status, _, detail = refusal(desk, signed_token(owner, desk.now_s + life_s))
    assert status == 401
    assert "auth" in detail
    assert said in detail


def test_a_token_expires_although_it_was_good(desk: Desk, owner: Account) -> None:
    token = signed_token(owner, desk.now_s + 60)
    assert desk.tokens.account(token, desk.now_s) is owner
    with pytest.raises(Refused, match="expired"):
        desk.tokens.account(token, desk.now_s + 60)


def test_a_changed_part_is_an_invalid_signature(desk: Desk, owner: Account, other: Account) -> None:
    good = signed_token(owner, desk.now_s + 600)
    deadline, index, slot, signature = good.split(":")
    flipped = f"{int(signature[0], 16) ^ 1:x}{signature[1:]}"
    for wrong in (
        f"{int(deadline) + 1}:{index}:{slot}:{signature}",
        f"{deadline}:{other.account_id}:{slot}:{signature}",
        f"{deadline}:{index}:{slot}:{flipped}",
    ):
        assert refusal(desk, wrong) == (400, "21120", "invalid signature")


def test_unknown_accounts_and_keys(desk: Desk, owner: Account) -> None:
    deadline = desk.now_s + 600
    assert refusal(desk, signed_token(owner, deadline, key_index=5))[1] == "21109"
    assert refusal(desk, signed_token(owner, deadline, key_index=255))[1] == "21110"
    assert refusal(desk, f"{deadline}:9:4:{'0' * 160}")[1] == "21100"


@pytest.mark.parametrize(
    "token", ["x", "1:2:3", "1:2:3:zz", "Bearer 1:2:3:4", f"1:7001:4:{'A' * 160}", "ro:", "ro:1:2"]
)
def test_what_is_no_token(desk: Desk, token: str) -> None:
    status, _, detail = refusal(desk, token)
    assert status == 401
    assert "invalid auth" in detail


def test_an_account_without_a_key_has_no_signed_tokens(owner: Account) -> None:
    desk = Desk(lighter_world(1, warm_up_s=1))
    token = signed_token(owner, desk.now_s + 600)
    assert desk.tokens.account(token, desk.now_s).account_id == owner.account_id
    desk.exchange.accounts[7_001].private_key = ""
    assert refusal(desk, token)[1] == "21109"


def test_a_signature_is_computed_once(
    desk: Desk, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    genuine = lighter_tokens.verify

    def counting(public: bytes, hashed: bytes, signature: bytes) -> bool:
        seen.append(signature)
        return genuine(public, hashed, signature)

    monkeypatch.setattr(lighter_tokens, "verify", counting)
    monkeypatch.setattr(lighter_tokens, "VERIFIED_MAX", 2)
    tokens = LighterTokens(desk.exchange, SEED)
    first, *others = [signed_token(owner, desk.now_s + life) for life in (100, 200, 300)]
    for _ in range(3):
        tokens.account(first, desk.now_s)
    assert len(seen) == 1
    for token in others:
        tokens.account(token, desk.now_s)
    tokens.account(first, desk.now_s)
    assert len(seen) == 4, "the oldest one had made room"


def test_the_demos_read_only_token_is_its_accounts(desk: Desk, owner: Account) -> None:
    assert owner.api_key.startswith("ro:7001:single:")
    assert desk.tokens.account(owner.api_key, desk.now_s) is owner
    expiry = int(owner.api_key.split(":")[3])
    with pytest.raises(Refused, match=r"auth.*expired"):
        desk.tokens.account(owner.api_key, expiry)
    assert refusal(desk, owner.api_key[:-1] + "_")[0] == 401


def test_read_only_tokens_are_made_listed_and_revoked(owner: Account) -> None:
    desk = Desk(lighter_world(2, warm_up_s=1))
    signed = signed_token(desk.exchange.accounts[7_001], desk.now_s + 600)
    asked: dict[str, Any] = {
        "name": "watcher",
        "account_index": 7_001,
        "expiry": desk.now_s + YEAR_S,
        "sub_account_access": "true",
        "scopes": "read.*",
    }
    made = desk.post("tokens/create", signed, **asked)
    assert made["code"] == 200
    assert made["api_token"].startswith(f"ro:7001:all:{asked['expiry']}:")
    assert desk.tokens.account(made["api_token"], desk.now_s).account_id == 7_001
    listed = desk.get("tokens", made["api_token"], account_index=7_001)["api_tokens"]
    assert [row["api_token"] for row in listed] == [owner.api_key, made["api_token"]]
    gone = desk.post("tokens/revoke", signed, account_index=7_001, token_id=made["token_id"])
    assert gone == {"code": 200, "token_id": made["token_id"], "revoked": True}
    assert refusal(desk, made["api_token"])[0] == 401
    with pytest.raises(Refused, match="api token not found"):
        desk.post("tokens/revoke", signed, account_index=7_001, token_id=999)


def test_what_read_only_tokens_may_not_be(owner: Account) -> None:
    desk = Desk(lighter_world(2, warm_up_s=1))
    account = desk.exchange.accounts[7_001]
    signed = signed_token(account, desk.now_s + 600)
    asked: dict[str, Any] = {"name": "n", "account_index": 7_001, "expiry": desk.now_s + YEAR_S}
    for change, code in (
        ({"expiry": desk.now_s + HOUR_S}, "61001"),
        ({"expiry": desk.now_s + 11 * YEAR_S}, "61001"),
        ({"name": "n" * 65}, "61002"),
        ({"name": ""}, "20001"),
        ({"account_index": 7_002}, "20001"),
        ({"sub_account_access": "maybe"}, "20001"),
    ):
        with pytest.raises(Refused) as caught:
            desk.post("tokens/create", signed, **{**asked, **change})
        assert caught.value.code == code, change
    with pytest.raises(Refused, match="read-only auth token"):
        desk.post("tokens/create", account.api_key, **asked)
    for _ in range(READ_ONLY_MAX - 1):
        desk.post("tokens/create", signed, **asked)
    with pytest.raises(Refused) as caught:
        desk.post("tokens/create", signed, **asked)
    assert caught.value.code == "61003"
