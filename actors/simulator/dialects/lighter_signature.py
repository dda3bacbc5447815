"""Lighter's signatures: Schnorr over ECgFp5 with Poseidon2, signed and verified (PROTOCOL 2.2).

Meant for a simulated venue: nothing here takes equal time for unequal secrets.
"""

from __future__ import annotations

from typing import Final

from actors.simulator.dialects.lighter_curve import (
    GROUP_ORDER,
    Element,
    Point,
    combined,
    decode,
    encode,
)
from actors.simulator.dialects.lighter_poseidon import (
    DIGEST_LIMBS,
    FIELD,
    bytes_of,
    digest,
    limbs_of,
)

KEY_BYTES: Final = 40
SIGNATURE_BYTES: Final = 2 * KEY_BYTES
_GENERATOR: Final = decode((4, 0, 0, 0, 0))


def digest_of(message: bytes) -> bytes:
    """What is signed in place of the message: 40 bytes."""
    return bytes_of(digest(limbs_of(message)))


def public_key(private: bytes) -> bytes:
    """The 40 bytes that anybody may see, of the 40 that only the owner may."""
    return _named(combined([(_scalar(private), _GENERATOR)]))


def sign(private: bytes, hashed: bytes, nonce: int) -> bytes:
    """80 bytes over a digest; `nonce` is the random number that never comes twice."""
    commitment = _named(combined([(nonce % GROUP_ORDER, _GENERATOR)]))
    challenge = _challenge(commitment, hashed)
    answer = (nonce - challenge * _scalar(private)) % GROUP_ORDER
    return answer.to_bytes(KEY_BYTES, "little") + challenge.to_bytes(KEY_BYTES, "little")


def verify(public: bytes, hashed: bytes, signature: bytes) -> bool:
    """Whether the owner of `public` signed this digest."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        point = decode(_element(public))
    except ValueError:
        return False
    answer = int.from_bytes(signature[:KEY_BYTES], "little")
    challenge = int.from_bytes(signature[KEY_BYTES:], "little")
    if answer >= GROUP_ORDER or challenge >= GROUP_ORDER:
        return False
    commitment = _named(combined([(answer, _GENERATOR), (challenge, point)]))
    return _challenge(commitment, hashed) == challenge


def _challenge(commitment: bytes, hashed: bytes) -> int:
    found = bytes_of(digest(limbs_of(commitment + hashed)))
    return int.from_bytes(found, "little") % GROUP_ORDER


def _scalar(private: bytes) -> int:
    if len(private) != KEY_BYTES:
        raise ValueError(f"expected a key of {KEY_BYTES} bytes, found {len(private)}")
    return int.from_bytes(private, "little") % GROUP_ORDER


def _named(point: Point | None) -> bytes:
    return bytes_of(encode(point))


def _element(public: bytes) -> Element:
    if len(public) != KEY_BYTES:
        raise ValueError(f"expected a key of {KEY_BYTES} bytes, found {len(public)}")
    limbs = limbs_of(public)
    if max(limbs) >= FIELD:
        raise ValueError(f"expected {DIGEST_LIMBS} elements below {FIELD}, found {max(limbs)}")
    a, b, c, d, e = limbs
    return (a, b, c, d, e)
