"""The generated pages say what the settings say."""

import pytest

from config import reference
from config.environment import read_environment
from config.plan import read_configuration
from config.settings import Settings


def test_the_pages_have_not_drifted() -> None:
    assert reference.drift() == []


def test_the_example_names_every_setting_and_sets_none(tmp_path) -> None:
    text = reference.env_example()
    for name in Settings.model_fields:
        assert f"\n#{name.upper()}=" in text
    path = tmp_path / ".env"
    path.write_text(text)
    assert list(read_environment({}, path)) == []


def test_the_examples_defaults_are_the_defaults(tmp_path) -> None:
    path = tmp_path / ".env"
    lines = [line[1:] for line in reference.env_example().splitlines() if line.startswith("#")]
    wanted = [line for line in lines if "<" not in line and reference_default(line)]
    path.write_text("\n".join(wanted))
    configuration = read_configuration(read_environment({}, path))
    assert configuration.faults == ()
    assert configuration.settings == Settings()


def reference_default(line: str) -> bool:
    name, _, value = line.partition("=")
    known = name.lower() in Settings.model_fields
    return known and value == reference.default_text(name.lower())


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        reference.page("# no marks")
