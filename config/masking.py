"""Takes secrets out of anything that is about to be shown: by key name and by value.

Applied where something is serialised (log, error, kept frame, report), not where it is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote

MASK: Final = "***"
TRUNCATED: Final = "[Truncated]"
CIRCULAR: Final = "[Circular]"
DEPTH_MAX: Final = 6
JSON_LENGTH_MAX: Final = 20_000
SECRET_LENGTH_MIN: Final = 6
"""A shorter value would blank out ordinary words; such a secret is masked by its key alone."""
HEAD_LENGTH: Final = 12
"""So much of a secret's beginning gives it away: what was cut off behind is masked as well."""

SECRETS_MAX: Final = 1_000
"""Spellings of secrets that one process holds."""

_KEY_SUFFIXES: Final = (
    "apikey",
    "apikeys",
    "apisign",
    "apisecret",
    "apipass",
    "apipassphrase",
    "accesskey",
    "accesssign",
    "accesspassphrase",
    "privatekey",
    "starknetprivate",
    "secretkey",
    "signature",
    "passphrase",
    "password",
    "secret",
    "authorization",
    "cookie",
    "token",
    "ticket",
)
_KEYS_EXACT: Final = frozenset({"key", "sign", "auth", "wallet", "credentials"})
_POSITIONAL_OPERATIONS: Final = frozenset({"auth", "login", "access"})
_POSITIONAL_FIELDS: Final = frozenset({"args", "params"})
_STRIPPED: Final = str.maketrans("", "", "-_ \t")
_PAIR: Final = re.compile(r'"([^"\\]{1,64})"(\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s",{}\[\]]+)')
_OPENING: Final = re.compile(r'"([^"\\]{1,64})"\s*:\s*([\[{])')
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]')
_QUERY_PAIR: Final = re.compile(r"([?&])([\w.%-]{1,64})=([^&#\s\"'<>]+)")
_SIGNED: Final = re.compile(
    r"\b[0-9]{9,12}:[0-9]{1,19}:[0-9]{1,3}:[0-9a-fA-F]{12,}|[0-9a-fA-F]{120,}"
)
"""A token that a key signed (`deadline:account:slot:signature`, or cut off behind it), or the
signature alone: tokens are made while the process runs, so nobody registers them. Hashes and public
keys are shorter."""
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^\s/@:]*):[^\s/@]*@")


def is_secret_key(name: str) -> bool:
    """Whether a value under this name is a secret, whatever the spelling (`X-Api-Key`)."""
    plain = name.lower().translate(_STRIPPED)
    return plain in _KEYS_EXACT or plain.endswith(_KEY_SUFFIXES)


def _masked_pair(pair: re.Match[str]) -> str:
    name, colon, _ = pair.groups()
    return f'"{name}"{colon}"{MASK}"' if is_secret_key(name) else pair[0]


def _without_secret_groups(text: str) -> str:
    """`text`, which is no whole JSON, without the lists and objects under a secret's name.

    Up to where such a group closes, or the end: what was cut off may have been longer.
    """
    pieces: list[str] = []
    done = 0
    for found in _OPENING.finditer(text):
        if found.start() < done or not is_secret_key(found[1]):
            continue
        pieces += (text[done : found.start(2)], f'"{MASK}"')
        done = _group_end(text, found.start(2))
    return "".join(pieces) + text[done:]


def _group_end(text: str, start: int) -> int:
    """Where the list or object that opens at `start` has closed."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if not depth:
            return token.end()
    return len(text)


def _masked_parameter(pair: re.Match[str]) -> str:
    before, name, _ = pair.groups()
    return f"{before}{name}={MASK}" if is_secret_key(name) else pair[0]


def _end_of_shared(text: str, start: int, value: str) -> int:
    """Where `text` from `start` on ceases to be `value`."""
    pairs = zip(text[start : start + len(value)], value, strict=False)
    return start + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


class Masker:
    """Masks by key name, and by the values that were registered."""

    __slots__ = ("_heads", "_pattern", "_secrets")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._heads: dict[str, list[str]] = {}
        self._pattern: re.Pattern[str] | None = None
        self.register(*secrets)

    def register(self, *secrets: str) -> None:
        """From now on these values are masked wherever they occur in a text."""
        for secret in secrets:
            if len(secret) < SECRET_LENGTH_MIN or len(self._secrets) >= SECRETS_MAX:
                continue
            # As it stands, and as a URL, JSON, and Python in either kind of quotes spell it.
            python = secret.replace("\\", "\\\\")
            self._secrets.update((secret, quote(secret, safe=""), json.dumps(secret)[1:-1]))
            self._secrets.update((python, python.replace("'", "\\'")))
        if self._secrets:
            self._heads = {}
            for spelling in sorted(self._secrets, key=len, reverse=True):
                self._heads.setdefault(spelling[:HEAD_LENGTH], []).append(spelling)
            longest_first = sorted(self._heads, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def text(self, text: str) -> str:
        """`text` without registered values, signatures, passwords and secret parameters of URLs."""
        if self._pattern is not None:
            text = self._without_values(self._pattern, text)
        text = _SIGNED.sub(MASK, text)
        if "=" in text:
            text = _QUERY_PAIR.sub(_masked_parameter, text)
        return _URL_PASSWORD.sub(rf"\1:{MASK}@", text)

    def _without_values(self, heads: re.Pattern[str], text: str) -> str:
        """`text` without registered values, and without as much of one as stands there."""
        pieces: list[str] = []
        done = 0
        while found := heads.search(text, done):
            start = found.start()
            ends = (_end_of_shared(text, start, value) for value in self._heads[found[0]])
            pieces += (text[done:start], MASK)
            done = max(ends)
        return "".join(pieces) + text[done:]

    def mask(self, value: Any) -> Any:
        """A copy of `value` (mappings, sequences, text, errors) that can be shown."""
        return self._mask(value, 0, ())

    def frame(self, data: str | bytes) -> str:
        """A frame of a venue as text that can be shown."""
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        return self._text(text, 0, ())

    def _mask(self, value: Any, depth: int, above: tuple[int, ...]) -> Any:
        if isinstance(value, str):
            return self._text(value, depth, above)
        if isinstance(value, (bytes, bytearray)):
            return self._text(bytes(value).decode("utf-8", "replace"), depth, above)
        if isinstance(value, BaseException):
            return {"name": type(value).__name__, "message": self.text(str(value))}
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return value
        if id(value) in above:
            return CIRCULAR
        if depth >= DEPTH_MAX:
            return TRUNCATED
        above = (*above, id(value))
        if isinstance(value, Mapping):
            return self._mapping(value, depth, above)
        return [self._mask(item, depth + 1, above) for item in value]

    def _mapping(
        self, value: Mapping[Any, Any], depth: int, above: tuple[int, ...]
    ) -> dict[Any, Any]:
        operation = value.get("op", value.get("method", value.get("event")))
        # A login frame lists its secrets by position, so no name gives them away.
        positional = isinstance(operation, str) and operation.lower() in _POSITIONAL_OPERATIONS
        masked = {}
        for name, item in value.items():
            hidden = is_secret_key(str(name)) or (positional and name in _POSITIONAL_FIELDS)
            # Registered values may stand in a key too (a map by API key).
            shown = self.text(name) if isinstance(name, str) else name
            masked[shown] = MASK if hidden else self._mask(item, depth + 1, above)
        return masked

    def _text(self, text: str, depth: int, above: tuple[int, ...]) -> str:
        if not text.lstrip().startswith(("{", "[")):
            return self.text(text)
        try:
            inner = json.loads(text) if len(text) <= JSON_LENGTH_MAX else None
        except (ValueError, RecursionError):
            inner = None
        if inner is None:
            # Too long to parse, or cut off: its names still give its secrets away.
            return self.text(_PAIR.sub(_masked_pair, _without_secret_groups(text)))
        cleaned = self._mask(inner, depth, above)
        # Untouched text keeps its own spelling (large integers, spaces).
        return self.text(text if cleaned == inner else json.dumps(cleaned))


LIVE: Final = Masker()
"""The masker of this process: whoever receives a secret registers it here."""
