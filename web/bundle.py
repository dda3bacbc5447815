"""A build of the dashboard as it is handed out: each file with its type, codings and tags.

All of it is in memory (a megabyte). Only what was read can be asked for, by its exact name, so no
path leads out of the folder; links, hidden files and what is of no known type are not read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from werkzeug.datastructures import Accept

INDEX: Final = "/index.html"
HASHED: Final = "/assets/"
"""Below it names carry a hash of their content."""

API_BASE: Final = "api-base.txt"
"""Where the build wrote down its `VITE_API_BASE`; empty: the origin that served the page."""

BYTES_MAX: Final = 32 * 1024 * 1024
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
CODINGS: Final[Mapping[str, str]] = {"br": ".br", "gzip": ".gz"}
"""The better one first; each lies beside the file, with this ending more."""

IDENTITY: Final = "identity"
_AUTHORITY: Final = re.compile(r"[A-Za-z0-9.:\[\]-]+")


class Stamp(NamedTuple):
    """Tells one build's index from another's."""

    device: int
    inode: int
    modified_ns: int


class Body(NamedTuple):
    """A file in one coding; each coding is a representation with a tag of its own."""

    data: bytes
    tag: str


@dataclass(frozen=True, slots=True)
class File:
    content_type: str
    bodies: Mapping[str, Body]

    def coding(self, accepted: Accept) -> str:
        """The coding that the client likes best; what it did not speak of stays as it is."""
        said = {name.lower(): quality for name, quality in accepted}
        offered = [
            (quality, name)
            for name in CODINGS
            if name in self.bodies and (quality := said.get(name, said.get("*", 0))) > 0
        ]
        # The first of those that it likes as much is the smaller one.
        quality, name = max(offered, key=lambda pair: pair[0], default=(0, IDENTITY))
        return name if quality >= said.get(IDENTITY, 0) else IDENTITY


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files` by their path in an address; `origins`: what the page talks to besides its own."""

    files: Mapping[str, File]
    origins: tuple[str, ...]


def stamp(folder: Path) -> Stamp | None:
    """None where there is no build."""
    try:
        found = (folder / INDEX[1:]).stat()
    except OSError:
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_mtime_ns)


def read(folder: Path) -> Bundle:
    """The build in `folder`; OSError or ValueError where it cannot be read."""
    files: dict[str, File] = {}
    left = BYTES_MAX
    for path in _files(folder):
        bodies = {IDENTITY: _body(path)}
        for coding, ending in CODINGS.items():
            packed = path.with_name(path.name + ending)
            if packed.is_file() and not packed.is_symlink():
                bodies[coding] = _body(packed)
        left -= sum(len(body.data) for body in bodies.values())
        if left < 0:
            raise ValueError(f"expected at most {BYTES_MAX} bytes in {folder.name}")
        files[f"/{path.relative_to(folder).as_posix()}"] = File(TYPES[path.suffix], bodies)
    if INDEX not in files:
        raise ValueError(f"expected {INDEX[1:]} in {folder.name}")
    base = folder / API_BASE
    return Bundle(files, origins_of(base.read_text("utf-8").strip() if base.is_file() else ""))


def origins_of(api_base: str) -> tuple[str, ...]:
    """What a page that calls `api_base` must be allowed to connect to; ValueError for no address.

    The text becomes part of a policy, so it must not be able to end one.
    """
    if not api_base:
        return ()
    parts = urlsplit(api_base)
    if parts.scheme not in ("http", "https") or not _AUTHORITY.fullmatch(parts.netloc):
        raise ValueError(f"{API_BASE}: expected http(s)://host[:port], found {api_base[:100]!r}")
    return (f"{parts.scheme}://{parts.netloc}", f"ws{parts.scheme[4:]}://{parts.netloc}")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.suffix in TYPES:
            yield path


def _body(path: Path) -> Body:
    data = path.read_bytes()
    return Body(data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
