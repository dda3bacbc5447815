"""Reads a venue's JSON into structs; what does not fit is named by its place, never by content."""

from __future__ import annotations

import re
from typing import Final, TypeVar

import msgspec

from actors.errors import MalformedFrame

DataT = TypeVar("DataT")

_COMPLAINT: Final = re.compile(
    r"^(?:Expected (?P<expected>.*?)(?:, got `?(?P<found>.*?)`?)?"
    r"|Object missing required field `(?P<missing>.*?)`|(?P<other>.*?))"
    r"(?: - at `\$?\.?(?P<at>.*)`)?$",
    re.DOTALL,
)
"""What msgspec says of a value that does not fit."""


def decode(
    decoder: msgspec.json.Decoder[DataT], data: bytes | str | msgspec.Raw, what: str
) -> DataT:
    """The struct that `decoder` reads, or MalformedFrame; `what` names the whole (`frame`).

    The fault tells shapes, never content: what came broken may hold a key.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        said = _COMPLAINT.match(str(error))
        assert said is not None, "the pattern matches any text"
        parts = (what, said["at"], said["missing"])
        field = ".".join(part for part in parts if part).replace(".[", "[")
        if said["missing"]:
            raise MalformedFrame(field, "a value", "nothing") from error
        expected = said["expected"] or "a value that fits"
        found = said["found"] or said["other"] or "another value"
        raise MalformedFrame(field, expected, found) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedFrame(what, "JSON", f"{len(data)} bytes, {error}") from error
