"""Which actors an operator has paused, and since when; kept on disk, so that it outlives us."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

PAUSES_FILE: Final = "pauses.json"
PAUSES_MAX: Final = 1_000
FILE_BYTES_MAX: Final = 256 * 1024

_decoder = msgspec.json.Decoder(dict[str, int])


class Pauses:
    """By actor id, since when (wall clock, microseconds, for display).

    `failure` says why the file could not be read or written; empty where all is well. Nothing here
    raises for the disk's sake: what is not on disk is still in memory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._since_us: dict[str, int] = {}
        self.failure = ""
        self._load()

    def __contains__(self, actor: str) -> bool:
        return actor in self._since_us

    @property
    def full(self) -> bool:
        return len(self._since_us) >= PAUSES_MAX

    def since_us(self) -> dict[str, int]:
        return dict(sorted(self._since_us.items()))

    def add(self, actor: str, now_us: int) -> None:
        """A second pause of the same actor changes nothing."""
        self._since_us.setdefault(actor, now_us)

    def remove(self, actor: str) -> None:
        self._since_us.pop(actor, None)

    def forget_all_but(self, actors: frozenset[str]) -> None:
        """Actors that are not configured any more need no pause."""
        self._since_us = {it: us for it, us in self._since_us.items() if it in actors}

    def save(self) -> None:
        """Into a new file that takes the old one's place in one move; blocks for the disk."""
        data = msgspec.json.format(msgspec.json.encode(self.since_us()))
        beside = self._path.with_name(self._path.name + ".new")
        try:
            beside.write_bytes(data)
            beside.replace(self._path)
        except OSError as error:
            self.failure = f"{self._path.name}: {error.strerror or error}"
            return
        self.failure = ""

    def _load(self) -> None:
        try:
            with self._path.open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
            found = _decoder.decode(data)
        except FileNotFoundError:
            return
        except OSError as error:
            self.failure = f"{self._path.name}: {error.strerror or error}"
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.failure = f"{self._path.name}: expected pauses by actor, found: {error}"
        else:
            self._since_us = dict(list(found.items())[:PAUSES_MAX])
