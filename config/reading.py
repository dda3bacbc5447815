"""Reads the settings out of an environment, and words every mistake that it meets there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from actors.errors import ConfigFault
from config.environment import Environment
from config.settings import Settings

FOUND_LENGTH_MAX: Final = 80


class EnvironmentSource(PydanticBaseSettingsSource):
    """The fields' raw texts, as the environment holds them."""

    def __init__(self, settings_cls: type[BaseSettings], environment: Environment) -> None:
        super().__init__(settings_cls)
        self._environment = environment

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        variable = self._environment.get(field_name)
        return (variable.text if variable else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            text, key, _ = self.get_field_value(field, name)
            if text is not None:
                values[key] = text
        if "render" in values:
            values.setdefault("host", "0.0.0.0")  # noqa: S104 - a token is demanded there
        return values


def read_settings(environment: Environment) -> tuple[Settings, tuple[ConfigFault, ...]]:
    """The settings, and every mistake in them; a mistaken one has its default."""
    values = EnvironmentSource(Settings, environment)()
    try:
        return Settings(**values), ()
    except ValidationError as error:
        wrong = {str(item["loc"][0]): item for item in reversed(error.errors())}
    faults = tuple(
        ConfigFault(name.upper(), _found(name, values.get(name)), expectation(name, item))
        for name, item in sorted(wrong.items())
    )
    return Settings(**{name: text for name, text in values.items() if name not in wrong}), faults


def _found(name: str, text: object) -> str:
    if Settings.model_fields[name].annotation is SecretStr:
        return f"a value of {len(str(text))} characters"
    if "@" in str(text):
        return "a value that may hold a password"
    return repr(text)[:FOUND_LENGTH_MAX]


def kind(name: str) -> str:
    """What a setting holds, in words: `a whole number from 0 to 65535`."""
    field = Settings.model_fields[name]
    schema = Settings.model_json_schema()["properties"][name]
    shapes = [shape for shape in schema.get("anyOf", [schema]) if shape.get("type") != "null"]
    shape = shapes[0]
    if "enum" in shape:
        return "one of " + ", ".join(shape["enum"])
    words = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "1 or 0",
        "array": "a list separated by commas",
    }
    text = words.get(shape["type"], "a path" if field.annotation is Path else "text")
    low, high = shape.get("minimum"), shape.get("maximum")
    return text if low is None else f"{text} from {low:g} to {high:.10g}"


def expectation(name: str, error: Any) -> str:
    """What a mistaken setting should have been, with an example."""
    cause = error.get("ctx", {}).get("error")
    expected = str(cause) if isinstance(cause, ValueError) else kind(name)
    example = (Settings.model_fields[name].examples or [""])[0]
    return f"{expected}, for example {name.upper()}={example}"
