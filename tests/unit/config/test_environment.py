"""The reader of environment and `.env`: precedence, case, blanks, lines that cannot be read."""

from pathlib import Path

import pytest

from config.environment import KEPT_NAMES, ROOT, read_environment, scrubbed

CANARY = "canary-" + "5e9d3c1b7a"


def written(folder: Path, text: str) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_process_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "PORT=1\nHOST=localhost\n")
    environment = read_environment({"port": "2"}, path)
    assert environment.get("PORT").text == "2"
    assert environment.get("PORT").origin == "environment"
    assert environment.get("host").text == "localhost"
    assert environment.get("host").origin == ".env:2"


def test_blank_counts_as_not_set_and_does_not_hide_the_file(tmp_path: Path) -> None:
    environment = read_environment({"PORT": "  "}, written(tmp_path, "PORT=7\nHOST=\n"))
    assert environment.get("PORT").text == "7"
    assert environment.get("HOST") is None


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=plain", "plain"),
        ("export KEY=exported", "exported"),
        ("KEY='quoted # kept'", "quoted # kept"),
        ('KEY="two words"', "two words"),
        ("KEY=bare # comment", "bare"),
        ("KEY=a#b", "a#b"),
        ("KEY=${HOME}-not-replaced", "${HOME}-not-replaced"),
        ("KEY=p$ss=w/rd", "p$ss=w/rd"),
        ("\ufeffKEY=after a mark", "after a mark"),
        ("KEY=carriage\r", "carriage"),
    ],
)
def test_spellings_of_the_file(tmp_path: Path, line: str, value: str) -> None:
    assert read_environment({}, written(tmp_path, line + "\n")).get("KEY").text == value


def test_one_name_in_two_cases_must_have_one_value(tmp_path: Path) -> None:
    same = read_environment({"KEY": "a", "key": "a"}, written(tmp_path, ""))
    assert same.faults == ()
    differ = read_environment({"KEY": CANARY, "key": "other"}, written(tmp_path, ""))
    (fault,) = differ.faults
    assert "KEY" in str(fault)
    assert "key" in str(fault)
    assert CANARY not in str(fault)


def test_an_unreadable_line_is_named_but_not_shown(tmp_path: Path) -> None:
    path = written(tmp_path, f"PORT=1\nAPI KEY {CANARY}\nHOST=localhost\n")
    environment = read_environment({}, path)
    (fault,) = environment.faults
    assert f"{path}:2" in str(fault)
    assert CANARY not in str(fault)
    assert environment.get("HOST").text == "localhost"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: path.mkdir(), "a file to read"),
        (lambda path: path.write_bytes(b"KEY=\xff\xfe\n"), "UTF-8"),
        (lambda path: path.write_bytes(b"#" * (1024 * 1024 + 1)), "at most 1048576 bytes"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, make, expected: str) -> None:
    make(tmp_path / "odd")
    (fault,) = read_environment({}, tmp_path / "odd").faults
    assert expected in str(fault)


def test_a_named_file_must_exist_and_the_usual_one_need_not(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_environment({}).faults == ()
    (fault,) = read_environment({"BROADCASTER_ENV_FILE": "missing.env"}).faults
    assert fault.name == "BROADCASTER_ENV_FILE"
    written(tmp_path, "PORT=9\n").rename(tmp_path / "named.env")
    named = read_environment({"BROADCASTER_ENV_FILE": "named.env"})
    assert named.get("PORT").text == "9"


def test_variables_hide_their_text() -> None:
    variable = read_environment({"Extended_1_A_API_KEY": CANARY}).get("EXTENDED_1_A_API_KEY")
    assert CANARY not in repr(variable)


def test_names_with_control_characters_are_nobodys() -> None:
    environment = read_environment({"EXTENDED_\x1b[31m": "1"})
    assert list(environment) == [] or all(v.name.isprintable() for v in environment)


def test_scrubbing_keeps_only_what_is_no_setting() -> None:
    secret = {
        "Extended_1_A_API_KEY": CANARY,
        "API_TOKEN": CANARY,
        "PORT": "1",
        "HTTPS_PROXY": f"http://u:{CANARY}@h:1",
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "BROADCASTER_ENV_FILE": "x.env",
    }
    kept = {"PATH": "/bin", "LC_ALL": "C", "TERM": "xterm", "PYTHONUNBUFFERED": "1"}
    result = scrubbed(secret | kept)
    assert result == kept | {"PYTHONPATH": str(ROOT)}
    assert not KEPT_NAMES & secret.keys()


def test_scrubbing_puts_our_own_place_first() -> None:
    assert scrubbed({"PYTHONPATH": f"/x:{ROOT}:/y"})["PYTHONPATH"] == f"{ROOT}:/x:/y"
