"""A folder as the dashboard's build leaves it, small enough to know every byte of."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

SCRIPT = b"console.log('broadcaster');\n" * 40
ICON = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


def page(name: str) -> bytes:
    """The index of the build `name`, which loads the script of that name."""
    script = f'<script type="module" crossorigin src="/assets/{name}.js"></script>'
    return f'<!doctype html><html lang="en"><head>{script}</head></html>'.encode()


def brotli_of(data: bytes) -> bytes:
    """Stands for the compressed file: whoever hands it out does not look into it."""
    return b"brotli of " + data[:20]


def build(target: Path, name: str = "one", api_base: str = "") -> Path:
    """Takes the place of what was in `target`, as `npm run build` does."""
    made = target.with_name(f"{target.name}.next")
    (made / "assets").mkdir(parents=True)
    _write(made / "index.html", page(name))
    _write(made / f"assets/{name}.js", SCRIPT + name.encode())
    (made / "assets/style.css").write_bytes(b"body{}")
    (made / "icon.svg").write_bytes(ICON)
    (made / "manifest.json").write_bytes(b"{}")
    (made / "api-base.txt").write_text(api_base)
    shutil.rmtree(target, ignore_errors=True)
    return made.rename(target)


def with_traps(dist: Path) -> Path:
    """What must not be handed out although it lies there."""
    secret = dist.with_name("secret.js")
    secret.write_bytes(b"secret")
    outside = dist.with_name("outside")
    outside.mkdir()
    (outside / "deep.js").write_bytes(b"secret")
    (dist / "link.js").symlink_to(secret)
    (dist / "folder").symlink_to(outside)
    (dist / ".hidden.js").write_bytes(b"secret")
    (dist / ".git").mkdir()
    (dist / ".git/config.js").write_bytes(b"secret")
    (dist / "notes.md").write_bytes(b"secret")
    (dist / "icon.svg.gz").symlink_to(secret)
    return dist


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data, mtime=0))
    path.with_name(f"{path.name}.br").write_bytes(brotli_of(data))
