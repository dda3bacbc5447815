"""Which store history goes to, what is wrong in its settings, and who gets its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.supervision.loader import with_descriptors
from actors.supervision.tree import Owned, children
from config import history_plan as plans
from config.credentials import read_sealed
from config.environment import read_environment
from config.plan import Configuration, read_configuration

ACCOUNT = {"Extended_1_A_API_KEY": "history-settings-canary"}
DATABASE = "postgresql://fire:database-canary@db.example:5432/broadcaster"
SUPABASE = {
    "Supabase_Url": "https://abc.supabase.co",
    "Supabase_service_role": "supabase-canary-key",
}
OWNED = Owned(listener=10, cache=11)


def read(folder: Path, **variables: str) -> Configuration:
    (folder / ".env").touch()
    named = {"DATA_DIR": str(folder), **ACCOUNT, **variables}
    return read_configuration(read_environment(named, folder / ".env"))


@pytest.mark.parametrize(
    ("variables", "kind", "warned"),
    [
        ({}, "sqlite", ""),
        ({"DATABASE_URL": DATABASE}, "postgres", ""),
        (SUPABASE, "supabase", ""),
        ({"DATABASE_URL": DATABASE, **SUPABASE}, "postgres", "SUPABASE_URL: not used"),
        ({"HISTORY": "off", "DATABASE_URL": DATABASE}, "off", ""),
        ({"DEMO": "1", "DATABASE_URL": DATABASE}, "sqlite", "demo-history.sqlite3 alone"),
    ],
)
def test_the_store(tmp_path: Path, variables: dict[str, str], kind: str, warned: str) -> None:
    configuration = read(tmp_path, **variables)
    assert configuration.faults == ()
    assert configuration.plan.history.kind == kind
    warnings = [text for text in configuration.plan.warnings if "URL" in text]
    assert len(warnings) == bool(warned)
    assert all(warned in text for text in warnings)


def test_what_is_simulated_has_a_file_of_its_own(tmp_path: Path) -> None:
    real, demo = read(tmp_path).plan.history, read(tmp_path, DEMO="1").plan.history
    assert (real.file, real.spool) == ("history.sqlite3", "history.spool")
    assert (demo.file, demo.spool) == ("demo-history.sqlite3", "demo-history.spool")


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"DATABASE_URL": "mysql://u:canary-pw@h/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://h:0/x"}, "DATABASE_URL"),
        ({"Supabase_Url": "https://abc.supabase.co"}, "SUPABASE_SERVICE_ROLE"),
        ({"Supabase_service_role": "supabase-canary-key"}, "SUPABASE_URL"),
        ({**SUPABASE, "Supabase_Url": "https://abc.supabase.co/rest/v1"}, "SUPABASE_URL"),
        ({**SUPABASE, "Supabase_service_role": "two words"}, "SUPABASE_SERVICE_ROLE"),
        ({"HISTORY": "perhaps"}, "HISTORY"),
        ({"HISTORY_DAYS": "snapshots"}, "HISTORY_DAYS"),
        ({"HISTORY_DAYS": "candles=5"}, "HISTORY_DAYS"),
        ({"HISTORY_DAYS": "5,orders=7"}, "HISTORY_DAYS"),
        ({"HISTORY_DAYS": "orders=5,orders=7"}, "HISTORY_DAYS"),
        ({"HISTORY_DAYS": "orders=99999"}, "HISTORY_DAYS"),
        ({"HISTORY_SPOOL_MB": "0"}, "HISTORY_SPOOL_MB"),
        ({"HISTORY_SNAPSHOT_INTERVAL": "61"}, "HISTORY_SNAPSHOT_INTERVAL"),
    ],
)
def test_a_mistake_is_named_and_tells_no_secret(
    tmp_path: Path, variables: dict[str, str], name: str
) -> None:
    (fault,) = read(tmp_path, **variables).faults
    assert fault.name == name
    assert "canary" not in str(fault)
    assert "for example" in str(fault) or "because" in str(fault)


@pytest.mark.parametrize(
    ("variables", "library", "extra"),
    [
        ({"DATABASE_URL": DATABASE}, "asyncpg", "broadcaster[postgres]"),
        (SUPABASE, "postgrest", "broadcaster[supabase]"),
    ],
)
def test_a_store_whose_package_is_missing_names_the_line_that_installs_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    library: str,
    extra: str,
) -> None:
    monkeypatch.setattr(plans, "find_spec", lambda name: None if name == library else object())
    (fault,) = read(tmp_path, **variables).faults
    assert library in str(fault)
    assert f"pip install '{extra}'" in str(fault)
    assert read(tmp_path).faults == ()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("90", dict.fromkeys(plans.KINDS, 90)),
        ("0", {}),
        ("snapshots=30, orders=0,fills=3650", {"snapshots": 30, "fills": 3650}),
    ],
)
def test_days(tmp_path: Path, text: str, days: dict[str, int]) -> None:
    assert read(tmp_path, HISTORY_DAYS=text).plan.history.days == days


@pytest.mark.parametrize("token", ["", "a-token-of-this-test"])
def test_the_secrets_go_to_recorder_and_web_alone(tmp_path: Path, token: str) -> None:
    configuration = read(tmp_path, DATABASE_URL=DATABASE, API_TOKEN=token)
    plan = with_descriptors(configuration, configuration.plan)
    assert "database-canary" not in str(plan)
    specs = {spec.actor: spec for spec in children(plan, OWNED)}
    recorder, web = specs["recorder"], specs["web:1"]
    assert read_sealed(recorder.descriptors["secrets"]) == {"DATABASE_URL": DATABASE}
    held = {"DATABASE_URL": DATABASE, **({"API_TOKEN": token} if token else {})}
    assert read_sealed(web.descriptors["secrets"]) == held
    assert {recorder.descriptors["secrets"], web.descriptors["secrets"]} <= set(plan.descriptors)
    for spec in specs.values():
        assert "database-canary" not in str(spec)
    others = [spec for name, spec in specs.items() if name not in ("recorder", "web:1")]
    known = {recorder.descriptors["secrets"], web.descriptors["secrets"]}
    assert not any(known & set(spec.descriptors.values()) for spec in others)


def test_with_sqlite_there_is_no_secret(tmp_path: Path) -> None:
    configuration = read(tmp_path)
    plan = with_descriptors(configuration, configuration.plan)
    specs = {spec.actor: spec for spec in children(plan, OWNED)}
    assert specs["recorder"].descriptors == {}
    assert specs["recorder"].config["history"]["path"] == f"{tmp_path}/history.sqlite3"
    assert "recorder" not in {
        spec.actor for spec in children(read(tmp_path, HISTORY="off").plan, OWNED)
    }
