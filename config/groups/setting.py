"""One setting: its default, limits, documentation and the group it is shown in."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsGroup(BaseSettings):
    """One field per variable; the variable is the field's name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


def setting(default: object, doc: str, example: str, group: str, **limits: Any) -> Any:
    """A field as the reference shows it; `limits` are pydantic's (ge, le, …)."""
    extra = {"group": group}
    return Field(
        default, description=doc, examples=[example], json_schema_extra=dict(extra), **limits
    )
