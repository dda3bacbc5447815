"""The venue's native signer, in processes of its own: tokens, refusals, memory.

The library's Go runtime never comes into the tests' own process, which forks.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from published_signer import exercise
from published_signer.environment import ROOT, signer_folder

from actors.errors import ConfigFault
from actors.simulator.dialects import lighter_signature
from actors.venues.lighter import signing
from actors.venues.lighter.credentials import LIFE_S

GROWTH_BYTES_MAX = 16_384
"""Of a thousand tokens; their texts alone, were they not given back, are twelve times that."""

pytestmark = pytest.mark.processes


def run(folder: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT), str(ROOT / "tests")] + ([] if folder is None else [str(folder)])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, *arguments],
        check=False, capture_output=True, text=True, timeout=60, env=environment, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    ran = run(signer_folder(), "-m", "published_signer.exercise")
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def verified(token: str, key: str = exercise.KEY) -> bool:
    message, _, signature = token.rpartition(":")
    public = lighter_signature.public_key(bytes.fromhex(key))
    hashed = lighter_signature.digest_of(message.encode())
    return lighter_signature.verify(public, hashed, bytes.fromhex(signature))


def test_a_token_names_its_end_account_and_slot(told: dict[str, Any]) -> None:
    first, second = told["tokens"]
    head = f"{exercise.DEADLINE_S}:{exercise.ACCOUNT}:{exercise.SLOT}:"
    for token in (first, second, told["prefixed"]):
        assert token.startswith(head)
        assert re.fullmatch(r"[0-9a-f]{160}", token.removeprefix(head))
    assert first != second, "the signature is randomised"


def test_the_venue_would_verify_it(told: dict[str, Any]) -> None:
    for token in (*told["tokens"], told["prefixed"], told["minted"]):
        assert verified(token)
    changed = told["tokens"][0].replace(str(exercise.DEADLINE_S), str(exercise.DEADLINE_S + 1))
    assert not verified(changed)


def test_a_token_of_another_key_is_told_apart(told: dict[str, Any]) -> None:
    assert verified(told["other"], exercise.OTHER_KEY)
    assert not verified(told["other"])


def test_tokens_live_as_long_as_is_said(told: dict[str, Any]) -> None:
    assert told["minted"].startswith(f"{exercise.DEADLINE_S + LIFE_S}:")


def test_a_key_that_is_none_is_named_and_not_shown(told: dict[str, Any]) -> None:
    for refused, key in zip(told["refused"], ("12ab", "zz" * 40, ""), strict=True):
        assert refused["name"] == "private"
        assert f"text of {len(key)} characters" in refused["text"]
        assert not key or key not in refused["text"]


def test_a_slot_without_a_key_makes_no_token(told: dict[str, Any]) -> None:
    assert "client is not created" in told["unknown_slot"]
    assert exercise.KEY not in told["unknown_slot"]


def test_nothing_of_the_sdk_is_imported(told: dict[str, Any]) -> None:
    assert told["modules"] == []


def test_memory_stays_flat(told: dict[str, Any]) -> None:
    print(f"grown by {told['grown_bytes']} bytes over {exercise.TOKENS} tokens")
    assert told["grown_bytes"] < GROWTH_BYTES_MAX


def test_children_of_one_process_each_load_their_own() -> None:
    script = (
        "import os\n"
        "from actors.venues.lighter.signing import NativeSigner\n"
        "children = []\n"
        "for number in (1, 2, 3):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        f"        signer = NativeSigner('http://127.0.0.1:1', '{exercise.KEY}', number, 4)\n"
        "        made = signer.token(1_790_000_000).startswith(f'1790000000:{number}:4:')\n"
        "        os._exit(0 if made else 1)\n"
        "    children.append(child)\n"
        "print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])\n"
    )
    ran = run(signer_folder(), "-c", script)
    assert ran.stdout.strip() == "[0, 0, 0]", ran.stderr


def test_without_the_library_the_fault_says_how_to_get_it() -> None:
    script = (
        "from actors.errors import ConfigFault\n"
        "from actors.venues.lighter.signing import NativeSigner\n"
        f"try: NativeSigner('http://127.0.0.1:1', '{exercise.KEY}', 1, 4)\n"
        "except ConfigFault as fault: print(fault)\n"
    )
    ran = run(None, "-S", "-c", script)
    assert ran.returncode == 0, ran.stderr
    assert "requirements-lighter.lock" in ran.stdout
    assert "--no-deps" in ran.stdout
    assert "ro:" in ran.stdout
    assert exercise.KEY not in ran.stdout


@pytest.mark.parametrize(
    ("address", "chain"),
    [
        ("https://mainnet.zklighter.elliot.ai", 304),
        ("https://testnet.zklighter.elliot.ai/", 300),
        ("https://api.rh.lighter.xyz", 466324),
        ("https://api.rh-testnet.lighter.xyz", 300),
        ("http://127.0.0.1:8080", 304),
        ("nonsense", 304),
    ],
)
def test_the_chain_of_an_address(address: str, chain: int) -> None:
    assert signing.chain_id(address) == chain


def test_a_machine_without_a_signer_is_told_of_the_other_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signing.platform, "machine", lambda: "riscv64")
    with pytest.raises(ConfigFault, match="read-only token"):
        signing._path()
