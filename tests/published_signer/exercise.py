"""Has the native signer make tokens, and tells as JSON what came; run in a process of its own."""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

from actors.errors import ConfigFault, KeyRejected
from actors.venues.lighter.credentials import credentials
from actors.venues.lighter.signing import NativeSigner

ACCOUNT, SLOT = 12_345, 5
DEADLINE_S = 1_790_000_000
KEY = "0b8e0f63c24d8baacd9d29ad4e9a4b73c4a8d2bb8b16dc4fa9d7c2e1d3a8b1f0e8d3a4c5b6e7f001"
OTHER_KEY = "1c" * 38 + "0000"
WARM_UP = 200
TOKENS = 1_000
BASE = "http://127.0.0.1:1"


class Heap(ctypes.Structure):
    """What the C library says of its heap (`mallinfo2`)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def held_bytes() -> int:
    """By the C library's heap, out of which the signer's texts come; Go's own heap is another."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = Heap
    return int(library.mallinfo2().uordblks)


def refused(key: str) -> dict[str, str]:
    try:
        NativeSigner(BASE, key, ACCOUNT, SLOT)
    except ConfigFault as fault:
        return {"name": fault.name, "text": str(fault)}
    return {}


def unknown_slot(signer: NativeSigner) -> str:
    signer._api_key_index = 9
    try:
        return signer.token(DEADLINE_S)
    except KeyRejected as fault:
        return str(fault)
    finally:
        signer._api_key_index = SLOT


def main() -> None:
    signer = NativeSigner(BASE, KEY, ACCOUNT, SLOT)
    told: dict[str, Any] = {
        "tokens": [signer.token(DEADLINE_S), signer.token(DEADLINE_S)],
        "prefixed": NativeSigner(BASE, "0x" + KEY, ACCOUNT, SLOT).token(DEADLINE_S),
        "other": NativeSigner(BASE, OTHER_KEY, ACCOUNT, SLOT + 1).token(DEADLINE_S),
        "refused": [refused(key) for key in ("12ab", "zz" * 40, "")],
        "unknown_slot": unknown_slot(signer),
        "modules": sorted(name for name in sys.modules if name.split(".")[0] == "lighter"),
    }
    secrets = {"account_index": str(ACCOUNT), "api_key_index": str(SLOT), "private": KEY}
    now_ns = DEADLINE_S * 1_000_000_000
    told["minted"] = credentials(secrets, BASE, lambda: now_ns).token()
    for _ in range(WARM_UP):
        signer.token(DEADLINE_S)
    before = held_bytes()
    for _ in range(TOKENS):
        signer.token(DEADLINE_S)
    told["grown_bytes"] = held_bytes() - before
    print(json.dumps(told))


if __name__ == "__main__":
    main()
