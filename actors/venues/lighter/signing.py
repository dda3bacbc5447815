"""The venue's own signer, a native library: it makes the tokens that private reads ask for.

The library holds a Go runtime, whose threads do not survive a fork: it is loaded in the process
that signs, never in one that forks. It is found without an import of the SDK, which would load much
else. It keeps its keys for the whole process, one per account and slot. Source: PROTOCOL, section
2.2; lighter-sdk 1.1.8, `signers/*.h`.
"""

from __future__ import annotations

import ctypes
import platform
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from actors.errors import ConfigFault, KeyRejected
from actors.venues.http_answer import masked

PACKAGE: Final = "lighter-sdk"
INSTALL: Final = (
    "the venue's signer: make lighter, or pip install --no-deps --require-hashes -r "
    "requirements-lighter.lock"
)

CHAIN_ID: Final = 304
"""Of mainnet; taken for any other address too (a simulator): no token depends on it."""
_CHAIN_IDS: Final = {
    "testnet.zklighter.elliot.ai": 300,
    "api.rh.lighter.xyz": 466324,
    "api.rh-testnet.lighter.xyz": 300,
}
_FILES: Final = {
    ("Linux", "x86_64"): "lighter-signer-linux-amd64.so",
    ("Linux", "aarch64"): "lighter-signer-linux-arm64.so",
    ("Darwin", "x86_64"): "lighter-signer-darwin-amd64.dylib",
    ("Darwin", "arm64"): "lighter-signer-darwin-arm64.dylib",
    ("Windows", "AMD64"): "lighter-signer-windows-amd64.dll",
}
_PRIVATE_KEY: Final = re.compile(r"(?:0x)?[0-9a-fA-F]{80}")
_TOKEN: Final = re.compile(r"[0-9]{1,12}:[0-9]{1,19}:[0-9]{1,3}:[0-9a-f]{160}")


class _Signed(ctypes.Structure):
    """Either text or an error; each is the library's and must be given back to it."""

    _fields_ = [("text", ctypes.c_void_p), ("error", ctypes.c_void_p)]


class NativeSigner:
    """Signs for one slot of one account. No network, about a millisecond a token.

    ConfigFault where the library is missing, or refuses the key; no text of it shows the key.
    """

    def __init__(
        self, base_url: str, private_key: str, account_index: int, api_key_index: int
    ) -> None:
        if not _PRIVATE_KEY.fullmatch(private_key):
            found = f"text of {len(private_key)} characters"
            raise ConfigFault("private", found, "80 hex digits, or a read-only token (ro:…)")
        self._account_index = account_index
        self._api_key_index = api_key_index
        self._secret = private_key.removeprefix("0x")
        self._library = _loaded()
        chain = chain_id(base_url)
        refusal = self._taken(
            self._library.CreateClient(
                base_url.encode(), self._secret.encode(), chain, api_key_index, account_index
            )
        )
        if refusal:
            found = f"a key that the venue's signer refuses ({self._shown(refusal)})"
            raise ConfigFault("private", found, "the private key of the slot")

    def token(self, deadline_s: int) -> str:
        """Valid until `deadline_s` (unix seconds); the library takes any, the venue 8 h at most.

        Two calls give two texts: the signature is randomised.
        """
        signed = self._library.CreateAuthToken(deadline_s, self._api_key_index, self._account_index)
        # Both are taken, whatever they say: what is not given back is never freed.
        error, text = self._taken(signed.error), self._taken(signed.text)
        if error or not _TOKEN.fullmatch(text):
            why = self._shown(error) or "what it gave is none"
            raise KeyRejected(f"the venue's signer makes no token: {why}")
        return text

    def _taken(self, pointer: int | None) -> str:
        if not pointer:
            return ""
        try:
            return ctypes.string_at(pointer).decode(errors="replace")
        finally:
            self._library.Free(pointer)

    def _shown(self, text: str) -> str:
        return masked(text, self._secret)


def chain_id(base_url: str) -> int:
    """Of the venue's chain behind an address."""
    return _CHAIN_IDS.get(urlsplit(base_url).hostname or "", CHAIN_ID)


@cache
def _loaded() -> ctypes.CDLL:
    library = ctypes.CDLL(str(_path()))
    library.CreateClient.argtypes = (
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_longlong,
    )
    library.CreateClient.restype = ctypes.c_void_p
    library.CreateAuthToken.argtypes = (ctypes.c_longlong, ctypes.c_int, ctypes.c_longlong)
    library.CreateAuthToken.restype = _Signed
    library.Free.argtypes = (ctypes.c_void_p,)
    library.Free.restype = None
    return library


def _path() -> Path:
    """Where the library lies, by the record of what was installed."""
    machine = (platform.system(), platform.machine())
    name = _FILES.get(machine)
    if name is None:
        found = f"a private key on {' '.join(machine)}"
        raise ConfigFault("private", found, "a read-only token (ro:…): there is no signer for it")
    try:
        path = Path(str(distribution(PACKAGE).locate_file(f"lighter/signers/{name}")))
    except PackageNotFoundError as error:
        raise ConfigFault(
            "private", "a private key without the venue's signer", f"{INSTALL}, or a ro: token"
        ) from error
    if not path.is_file():
        raise ConfigFault("private", f"{PACKAGE} without {name}", INSTALL)
    return path
