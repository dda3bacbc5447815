"""The generated pages say what the settings say."""

import pytest

from config import reference
from config.environment import read_environment
from config.generated_part import END, begin_mark, with_part
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


def test_a_stale_page_is_found_by_check_and_mended(tmp_path, monkeypatch, capsys) -> None:
    pages = [tmp_path / page.name for page in reference.PAGES]
    for page, copy in zip(reference.PAGES, pages, strict=True):
        copy.write_text(page.read_text().replace("| `POLL_INTERVAL` | `0.5` |", "| gone |"))
    monkeypatch.setattr(reference, "PAGES", tuple(pages))
    monkeypatch.setattr(reference, "ENV_EXAMPLE", tmp_path / ".env.example")
    assert reference.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert [path.name in told for path in (*pages, reference.ENV_EXAMPLE)] == [True] * 3
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0
    assert all("| `POLL_INTERVAL` | `0.5` |" in page.read_text() for page in pages)
    assert reference.main(["--chekc"]) == 2


@pytest.mark.parametrize(
    "page",
    [
        "# no marks",
        f"{begin_mark('x')} no end",
        f"no begin {END}",
        f"{begin_mark('x')} {END} {begin_mark('x')} {END}",
    ],
)
def test_a_page_without_its_marks_is_refused(page) -> None:
    with pytest.raises(ValueError, match="expected"):
        with_part(page, "x", "part")


def test_a_part_takes_its_place_and_leaves_the_rest() -> None:
    page = f"before\n{begin_mark('x')}\n\nold\n{END}\nbetween\n{begin_mark('y')}\n{END}\nafter"
    assert with_part(page, "x", "new\n") == page.replace("old\n", "new\n\n")
    assert "old" in with_part(page, "y", "new\n")
