"""Writes `.env.example` and the settings' tables of the pages from the settings themselves.

`python -m config.reference` rewrites them; `--check` only says whether they still agree. What is
known of metrics is web's: `python -m web.metrics_reference` writes that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from config.environment import ROOT
from config.families import FAMILIES, Family
from config.generated_part import has_drifted, rewrite
from config.reading import kind
from config.settings import Settings

ENV_EXAMPLE: Final = ROOT / ".env.example"
PAGES: Final = (ROOT / "docs" / "configuration.md", ROOT / "docs" / "operations.md")
COMMAND: Final = "python -m config.reference"
_WIDTH: Final = 96


def default_text(name: str) -> str:
    """A default as one would write it into `.env`."""
    value = Settings.model_fields[name].default
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def groups() -> Iterator[tuple[str, list[str]]]:
    """Each group's name and its settings, in the order in which they are declared."""
    found: dict[str, list[str]] = {}
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        found.setdefault(str(extra["group"]), []).append(name)
    yield from found.items()


def env_example() -> str:
    lines = [
        "# Settings of Broadcaster. Copy this file to .env and change what you need; what stays a",
        "# comment has its default. Upper and lower case are the same. docs/configuration.md says",
        "# more. Without an account the demo runs: simulated venues, no keys.",
        "",
    ]
    for family in FAMILIES:
        lines += _family_example(family)
    for group, names in groups():
        lines += ["", f"# --- {group} ---"]
        for name in names:
            field = Settings.model_fields[name]
            default = default_text(name)
            lines += [""] + [f"# {line}" for line in _wrapped(str(field.description))]
            value = default or str((field.examples or [""])[0])
            lines.append(f"#{name.upper()}={value}")
    return "\n".join(lines) + "\n"


def _family_example(family: Family) -> list[str]:
    lines = [
        f"# --- Accounts at {family.name} ---",
        "# {N} is a number, {CODE} your own name for the account; repeat with 2, 3, …",
        "",
    ]
    for name, field in family.fields.items():
        lines += [f"# {line}" for line in _wrapped(field.doc)]
        lines.append(f"#{family.name}_1_MAIN_{name}=<{name.lower().replace('_', ' ')}>")
    lines += [
        "# The account's own proxy, one of http://user:password@host:port/,",
        "# socks5://user:password@host:port and HOST:PORT:User:Password.",
        f"#{family.name}_1_PROXY_1_URL=<proxy>",
    ]
    return lines


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def tables() -> str:
    parts = []
    for family in FAMILIES:
        parts += [
            f"### Accounts at {family.name}",
            "",
            "| variable | meaning | form |",
            "|---|---|---|",
        ]
        for name, field in family.fields.items():
            variable = f"{family.name}_{{N}}_{{CODE}}_{name}"
            parts.append(f"| `{variable}` | {field.doc} | {field.expected} |")
        spellings = ("{N}_PROXY_{N}_URL", "{N}_PROXY", "{N}_{CODE}_Proxy")
        variable = ", ".join(f"`{family.name}_{spelling}`" for spelling in spellings)
        forms = (
            "`http://user:password@host:port/`, `socks5://…`, `socks5h://…`, "
            "`HOST:PORT:User:Password`, `HOST:PORT`"
        )
        parts += [
            f"| {variable} | The account's own way out, one of these spellings. | {forms} |",
            "",
        ]
    for group, names in groups():
        parts += [
            f"### {group}",
            "",
            "| variable | default | meaning | form |",
            "|---|---|---|---|",
        ]
        for name in names:
            default = default_text(name)
            shown = f"`{default}`" if default else ""
            doc = Settings.model_fields[name].description
            parts.append(f"| `{name.upper()}` | {shown} | {doc} | {kind(name)} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def drift() -> list[Path]:
    """The files that do not say what the settings say."""
    stale = []
    if not ENV_EXAMPLE.exists() or ENV_EXAMPLE.read_text(encoding="utf-8") != env_example():
        stale.append(ENV_EXAMPLE)
    part = tables()
    return stale + [page for page in PAGES if has_drifted(page, COMMAND, part)]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        stale = drift()
        for path in stale:
            sys.stderr.write(f"{path} has drifted from config/; run {COMMAND}\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write(f"usage: {COMMAND} [--check]\n")
        return 2
    ENV_EXAMPLE.write_text(env_example(), encoding="utf-8")
    for page in PAGES:
        rewrite(page, COMMAND, tables())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
