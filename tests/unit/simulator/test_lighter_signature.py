"""Lighter's signatures against answers that others computed, and against what must not pass."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from actors.simulator.dialects.lighter_curve import GROUP_ORDER, combined, decode, encode
from actors.simulator.dialects.lighter_poseidon import FIELD, limbs_of
from actors.simulator.dialects.lighter_signature import digest_of, public_key, sign, verify

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS") or ROOT.parent / "shared" / "venues")
MESSAGES = CORPUS / "lighter" / "messages"
SEED = 4711

# A published test key, and what the protocol's description says of it.
PRIVATE = bytes.fromhex(
    "0b8e0f63c24d8baacd9d29ad4e9a4b73c4a8d2bb8b16dc4fa9d7c2e1d3a8b1f0e8d3a4c5b6e7f001"
)
PUBLIC = "2c4fbfa7d45258fb02da89eaaf8a3af8eb62106ddd86cd98886e0fadcd7fcacf6f8fd2af3ca004f5"
MESSAGE = b"1700000000:12345:5"
DIGEST = "44631ff3b4e5b020373f25fcde4f30e792657b481192049e670ea4068c00eefb31c40de65e7738c9"

recorded_only = pytest.mark.skipif(
    not MESSAGES.is_dir(), reason=f"no recorded messages of Lighter at {MESSAGES}"
)


def recorded(name: str) -> Any:
    return json.loads((MESSAGES / name).read_text())


def test_the_published_answers() -> None:
    assert limbs_of(MESSAGE) == [3472328296227682097, 3833745473466413104, 13626]
    assert digest_of(MESSAGE).hex() == DIGEST
    assert public_key(PRIVATE).hex() == PUBLIC


@pytest.mark.corpus
@recorded_only
def test_the_known_answer_with_a_fixed_nonce() -> None:
    known = recorded("signing-known-answer.json")
    hashed = digest_of(known["message"].encode())
    signature = sign(bytes.fromhex(known["private_key_hex"]), hashed, int(known["k_hex_int"], 16))
    assert f"{known['message']}:{signature.hex()}" == known["token"]


@pytest.mark.corpus
@recorded_only
@pytest.mark.parametrize("at", range(6))
def test_tokens_of_the_official_signer(at: int) -> None:
    vectors = recorded("signing-auth-token-vectors-nt.json")["vectors"]
    assert len(vectors) == 6
    one = vectors[at]
    message, _, signature = one["token"].rpartition(":")
    assert message == f"{one['deadline']}:{one['account_index']}:{one['api_key_index']}"
    public = public_key(bytes.fromhex(one["sk"]))
    assert verify(public, digest_of(message.encode()), bytes.fromhex(signature))
    later = f"{one['deadline'] + 1}:{one['account_index']}:{one['api_key_index']}"
    assert not verify(public, digest_of(later.encode()), bytes.fromhex(signature))


@pytest.mark.corpus
@recorded_only
def test_the_vectors_of_keys_and_of_signing() -> None:
    vectors = recorded("signing-schnorr-fixed-k-vectors-nt.json")
    assert vectors["keygen"]
    assert vectors["sign"]
    for one in vectors["keygen"]:
        assert public_key(bytes.fromhex(one["sk"])).hex() == one["pk"]
    for one in vectors["sign"]:
        private, hashed = bytes.fromhex(one["sk"]), bytes.fromhex(one["hashed_msg"])
        signature = sign(private, hashed, int.from_bytes(bytes.fromhex(one["k"]), "little"))
        assert signature.hex() == one["sig"]
        assert verify(public_key(private), hashed, signature)


def test_what_is_signed_verifies_and_nothing_else_does() -> None:
    print("seed", SEED)
    chance = random.Random(SEED)
    private, other = chance.randbytes(40), chance.randbytes(40)
    hashed = digest_of(chance.randbytes(23))
    signature = sign(private, hashed, chance.getrandbits(320))
    assert verify(public_key(private), hashed, signature)
    assert not verify(public_key(other), hashed, signature)
    for at in (0, 39, 40, 79):
        spoiled = bytearray(signature)
        spoiled[at] ^= 1
        assert not verify(public_key(private), hashed, bytes(spoiled))
    assert not verify(public_key(private), digest_of(b"other"), signature)
    assert not verify(public_key(private), hashed, signature[:-1])


def test_numbers_beyond_the_group_are_no_other_spelling_of_a_signature() -> None:
    hashed = digest_of(MESSAGE)
    signature = sign(PRIVATE, hashed, 12_345)
    answer = int.from_bytes(signature[:40], "little") + GROUP_ORDER
    if answer < 2**320:
        assert not verify(
            bytes.fromhex(PUBLIC), hashed, answer.to_bytes(40, "little") + signature[40:]
        )
    challenge = int.from_bytes(signature[40:], "little") + GROUP_ORDER
    assert challenge < 2**320
    assert not verify(
        bytes.fromhex(PUBLIC), hashed, signature[:40] + challenge.to_bytes(40, "little")
    )


@pytest.mark.parametrize(
    "public",
    [b"", bytes(39), b"\xff" * 40, FIELD.to_bytes(8, "little") + bytes(32), b"\x01" + bytes(39)],
    ids=["empty", "short", "all ones", "beyond the field", "no point"],
)
def test_no_signature_is_good_for_what_is_no_key(public: bytes) -> None:
    hashed = digest_of(MESSAGE)
    assert not verify(public, hashed, sign(PRIVATE, hashed, 99))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="40 bytes, found 2"):
        public_key(b"\x01\x02")


def test_the_group_is_as_large_as_it_says() -> None:
    generator = decode((4, 0, 0, 0, 0))
    assert generator is not None
    assert encode(generator) == (4, 0, 0, 0, 0)
    assert combined([(GROUP_ORDER, generator)]) is None
    assert encode(combined([(GROUP_ORDER - 1, generator), (1, generator)])) == (0, 0, 0, 0, 0)
    tripled, added = combined([(3, generator)]), combined([(1, generator), (2, generator)])
    assert tripled == added
    assert tripled is not None
    assert decode(encode(tripled)) == tripled
