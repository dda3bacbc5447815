"""Where Extended's SDK is: it needs an older `websockets` than we do."""

from __future__ import annotations

from pathlib import Path

from own_environment import python_with

FOLDER = Path(__file__).parent


def sdk_python() -> Path:
    """The interpreter that has the SDK."""
    return python_with(FOLDER / "requirements.txt", "sdk")
