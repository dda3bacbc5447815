"""The one reader of the environment: process environment over `.env`, without case."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv.parser import parse_stream

from actors.errors import ConfigFault

ENV_FILE: Final = "BROADCASTER_ENV_FILE"
ROOT: Final = Path(__file__).resolve().parent.parent
"""Where our packages and the two root modules lie."""
ENV_FILE_BYTES_MAX: Final = 1024 * 1024
PROCESS: Final = "environment"
_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")

KEPT_NAMES: Final = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM", "COLORTERM",
        "NO_COLOR", "FORCE_COLOR", "COLUMNS", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR",
    }
)  # fmt: skip
KEPT_PREFIXES: Final = ("LC_", "PYTHON")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as somebody wrote it; `origin` is `environment` or `<file>:<line>`."""

    name: str
    text: str = field(repr=False)
    origin: str


class Environment:
    """All variables that are set and not blank, found without regard to case.

    The process environment wins over the file. A name that one place spells in two cases with
    different values is in `faults`, as are lines of the file that cannot be read.
    """

    def __init__(
        self,
        variables: Mapping[str, Variable],
        faults: tuple[ConfigFault, ...] = (),
        file: Path | None = None,
    ) -> None:
        self._variables = dict(variables)
        self.faults = faults
        self.file = file

    def get(self, name: str) -> Variable | None:
        return self._variables.get(name.upper())

    def __iter__(self) -> Iterator[Variable]:
        return iter(sorted(self._variables.values(), key=lambda variable: variable.name.upper()))

    def from_file(self, variable: Variable) -> bool:
        return variable.origin != PROCESS


def read_environment(
    process: Mapping[str, str] | None = None, file: Path | None = None
) -> Environment:
    """The environment as it is now.

    `process` defaults to the process's own. The file is `file`, or what `BROADCASTER_ENV_FILE`
    names, or `.env` in the working directory; only the last may be missing.
    """
    process = os.environ if process is None else process
    named = file or (Path(process[ENV_FILE]) if process.get(ENV_FILE, "").strip() else None)
    path = named or Path(".env")
    faults: list[ConfigFault] = []
    variables: dict[str, Variable] = {}
    found = path.exists()
    if found:
        _merge(variables, _file_variables(path, faults), faults)
    elif named is not None:
        faults.append(ConfigFault(ENV_FILE, f"{path}, which is not there", "a file like .env"))
    own: dict[str, Variable] = {}
    _merge(own, [Variable(name, text, PROCESS) for name, text in process.items()], faults)
    return Environment(variables | own, tuple(faults), path if found else None)


def _merge(variables: dict[str, Variable], new: list[Variable], faults: list[ConfigFault]) -> None:
    for variable in new:
        # Names that cannot be typed cannot be ours, and would disturb a terminal.
        if not variable.text.strip() or not _NAME.fullmatch(variable.name):
            continue
        key = variable.name.upper()
        held = variables.get(key)
        if held is not None and held.text.strip() != variable.text.strip():
            where = f"{held.origin} and {variable.origin}"
            faults.append(
                ConfigFault(
                    variable.name,
                    f"two different values (as {held.name} and {variable.name}; {where})",
                    "one value; upper and lower case are the same",
                )
            )
        variables.setdefault(key, variable)


def _file_variables(path: Path, faults: list[ConfigFault]) -> list[Variable]:
    try:
        size = path.stat().st_size
        if size > ENV_FILE_BYTES_MAX:
            faults.append(
                ConfigFault(str(path), f"{size} bytes", f"at most {ENV_FILE_BYTES_MAX} bytes")
            )
            return []
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        faults.append(ConfigFault(str(path), error.strerror or "an error", "a file to read"))
        return []
    except UnicodeDecodeError as error:
        faults.append(ConfigFault(str(path), f"byte {error.start} is no UTF-8", "UTF-8 text"))
        return []
    variables = []
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.line
        if binding.error:
            # The line itself is not shown: it may be the misspelt line of a secret.
            faults.append(ConfigFault(f"{path}:{line}", "a line that cannot be read", "NAME=value"))
        elif binding.key is not None:
            name = binding.key
            variables.append(Variable(name, binding.value or "", f"{path.name}:{line}"))
    return variables


def inherited(name: str) -> str:
    """A variable of this process that is no setting of ours; empty where it is not set."""
    return os.environ.get(name, "")


def file_is_open(path: Path) -> bool:
    """Whether others than its owner may read the file."""
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def scrubbed(process: Mapping[str, str] | None = None) -> dict[str, str]:
    """What of an environment the service itself needs, which is no setting and no secret.

    Our own place comes first on the path of modules, so that a `supervisor` or `web` elsewhere
    is never taken for ours.
    """
    process = os.environ if process is None else process
    kept = {
        name: text
        for name, text in process.items()
        if name in KEPT_NAMES or name.startswith(KEPT_PREFIXES)
    }
    paths = [path for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path]
    kept["PYTHONPATH"] = os.pathsep.join(dict.fromkeys((str(ROOT), *paths)))
    return kept
