"""The files for operations name only what there is: paths, settings, metrics; and no secret."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.supervision.schedule import Limits
from actors.supervision.tree import PRELOAD
from config.accounts import is_account_variable
from config.settings import Settings
from web.dashboard import BUILT
from web.guard import FREE_PATHS
from web.metrics import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "broadcaster.service"
HEALTH = "/health"
METRICS = {entry.name: entry for entry in CATALOGUE}
OF_HISTOGRAMS = ("_bucket", "_count", "_sum")
OTHERS_VARIABLES = {"PYTHON_VERSION", "BROADCASTER_ENV_FILE"}
"""Read by the host's own tools, or before there are settings."""

SELECTOR = re.compile(r"\b(broadcaster_[a-z0-9_]+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# metrics


def expressions() -> Iterator[str]:
    """Every query of the rules and of the dashboard."""
    yield from re.findall(r"^ +expr: '(.*)'$", text("deploy/alerts.yml"), re.MULTILINE)
    board = json.loads(text("deploy/grafana.json"))
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


EXPRESSIONS = tuple(expressions())


def entry_of(name: str) -> Any:
    for ending in OF_HISTOGRAMS:
        base = METRICS.get(name.removesuffix(ending)) if name.endswith(ending) else None
        if base is not None and base.type == "histogram":
            return base
    return METRICS.get(name)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_of_rules_and_dashboard_exists_with_its_labels(expression: str) -> None:
    found = SELECTOR.findall(expression)
    assert found or expression.startswith("up{")
    labels: set[str] = {"le"}
    for name, matchers in found:
        entry = entry_of(name)
        assert entry is not None, f"{name} is no metric of /metrics"
        asked = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", matchers))
        assert asked <= set(entry.labels), f"{name} has the labels {entry.labels}"
        labels |= set(entry.labels)
    for group in GROUPED.findall(expression):
        assert {each.strip() for each in group.split(",")} <= labels
    counters = [name for name, _ in found if (e := entry_of(name)) and e.type == "counter"]
    for name in counters:
        assert re.search(rf"\b(?:rate|increase)\({name}", expression), f"{name} only ever rises"


def test_the_dashboard_is_whole() -> None:
    board = json.loads(text("deploy/grafana.json"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len(panels) >= 20
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    used = {name for expression in EXPRESSIONS for name, _ in SELECTOR.findall(expression)}
    assert len(used) >= 25


def test_every_rule_says_what_to_do() -> None:
    rules = text("deploy/alerts.yml").split("      - alert: ")[1:]
    assert len(rules) >= 15
    names = [rule.splitlines()[0] for rule in rules]
    assert len(set(names)) == len(names)
    for rule in rules:
        assert re.search(r"^        expr: '.+'$", rule, re.MULTILINE)
        assert re.search(r"^          severity: (critical|warning|info)$", rule, re.MULTILINE)
        assert re.search(r"^          summary: '.+'$", rule, re.MULTILINE)
        assert re.search(r"^          description: '.+'$", rule, re.MULTILINE)


def test_the_scrape_asks_for_what_web_serves_and_the_rules_that_lie_beside() -> None:
    scrape = text("deploy/prometheus.yml")
    assert "metrics_path: /metrics" in scrape
    (rules,) = re.findall(r"rule_files:\n  - (\S+)", scrape)
    assert (DEPLOY / rules).is_file()
    (job,) = re.findall(r"job_name: (\S+)", scrape)
    assert f'up{{job="{job}"}} == 0' in EXPRESSIONS
    assert "credentials_file:" in scrape, "the token stands in a file of its own"
    assert "credentials:" not in scrape


# the unit


@pytest.fixture(scope="module")
def unit() -> dict[str, dict[str, list[str]]]:
    """Sections, names, values: a name may stand more than once."""
    sections: dict[str, dict[str, list[str]]] = {}
    name = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            name = line.strip("[]")
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        sections.setdefault(name, {}).setdefault(key, []).append(value)
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    assert set(parser.sections()) == set(sections) == {"Unit", "Service", "Install"}
    return sections


def seconds(unit: dict[str, dict[str, list[str]]], name: str) -> float:
    (value,) = unit["Service"][name]
    return float(value)


def test_the_unit_notifies_restarts_and_ends_in_order(
    unit: dict[str, dict[str, list[str]]],
) -> None:
    service = unit["Service"]
    wanted = {
        "Type": "notify",
        "NotifyAccess": "main",
        "Restart": "always",
        "RestartPreventExitStatus": "78",
        "KillMode": "mixed",
        "OOMPolicy": "continue",
    }
    assert {name: service[name] for name in wanted} == {k: [v] for k, v in wanted.items()}
    assert seconds(unit, "WatchdogSec") >= 10
    assert seconds(unit, "TimeoutStopSec") > Limits().shutdown_bound_s + 1
    (command,) = service["ExecStart"]
    assert command.split()[-2:] == ["/opt/broadcaster/main.py", "run"]
    assert unit["Install"] == {"WantedBy": ["multi-user.target"]}


def test_the_unit_is_nobody_special_and_writes_to_its_own_places(
    unit: dict[str, dict[str, list[str]]],
) -> None:
    service = unit["Service"]
    assert service["User"] == ["broadcaster"]
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID"):
        assert service[name] == ["yes"], name
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]
    variables = dict(pair.split("=", 1) for line in service["Environment"] for pair in line.split())
    assert variables["DATA_DIR"] == f"%S/{service['StateDirectory'][0]}"
    assert variables["RUNTIME_DIR"] == f"%t/{service['RuntimeDirectory'][0]}"
    assert_settings(variables)
    families = set(service["RestrictAddressFamilies"][0].split())
    assert {"AF_UNIX", "AF_INET", "AF_INET6"} <= families
    # Either would break what the service does to itself; see the unit.
    assert not {"ProtectProc", "MemoryDenyWriteExecute", "PrivateUsers"} & service.keys()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    installed = "/opt/broadcaster/.venv/bin/python"
    copy.write_text(UNIT.read_text(encoding="utf-8").replace(installed, sys.executable))
    ran = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


# images

LEFT_OUT = ("__pycache__", "node_modules", "dist*", "tests")
"""Made anew in the image, or of no use there."""


def copied() -> list[str]:
    """What the image takes from this folder."""
    sources: list[str] = []
    for line in text("Dockerfile").splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            sources += line.split()[1:-1]
    return sources


def test_the_image_takes_what_the_service_needs_and_no_more(tmp_path: Path) -> None:
    for source in copied():
        assert (ROOT / source).exists(), source
        assert not source.startswith((".", "tests", "data", "run"))
        target = tmp_path / source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy(ROOT / source, target)
    imports = "; ".join(f"import {module}" for module in (*PRELOAD, "main", "supervisor"))
    code = f"{imports}; from config.plan import release; print(release(), main.__file__)"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert str(tmp_path) in ran.stdout
    ignored = text(".dockerignore").splitlines()
    for name in LEFT_OUT:
        assert f"**/{name}" in ignored or f"mFrontend/{name}" in ignored, name
    allowed = [line[1:].rstrip("/") for line in ignored if line.startswith("!")]
    assert ignored[1] == "*", "all is left out that is not named"
    assert sorted(allowed) == sorted(source.rstrip("/") for source in copied())


def test_the_image_checks_hashes_and_runs_as_nobody_special() -> None:
    dockerfile = text("Dockerfile")
    assert len(re.findall(r"^FROM ", dockerfile, re.MULTILINE)) == 3
    assert "npm ci " in dockerfile, "what the lock file names, by its hashes"
    assert "--require-hashes" in dockerfile
    lines = dockerfile.splitlines()
    user = next(number for number, line in enumerate(lines) if line.startswith("USER "))
    assert re.fullmatch(r"USER [1-9]\d+:[1-9]\d+", lines[user])
    assert not any(line.startswith(("RUN", "COPY")) for line in lines[user:])
    for name in ("ENTRYPOINT", "CMD"):
        (form,) = [line for line in lines if line.startswith(f"{name} ")]
        assert isinstance(json.loads(form.removeprefix(name)), list), "exec form"
    assert_health(dockerfile)
    pairs = re.findall(r"^(?:ENV| {4}) ?([A-Z_]+)=(\S+)", dockerfile, re.MULTILINE)
    ours = {name: value for name, value in pairs if not name.startswith(("PATH", "PYTHON"))}
    assert ours["HOST"] == "0.0.0.0"
    assert_settings(ours)


def test_the_image_has_the_dashboard_where_the_service_looks_for_it() -> None:
    (line,) = re.findall(r"^COPY --from=dashboard (.+)$", text("Dockerfile"), re.MULTILINE)
    assert line == "/build/dist/ mFrontend/dist/"
    assert BUILT == ROOT / "mFrontend/dist"
    (node,) = re.findall(r"^ARG NODE=(\d+)-", text("Dockerfile"), re.MULTILINE)
    needed = json.loads(text("mFrontend/package.json"))["engines"]["node"]
    assert int(node) > int(needed.rpartition(">=")[2].partition(".")[0])


def test_compose_is_closed_to_the_outside_and_keeps_its_data() -> None:
    compose = text("compose.yaml")
    for line in (
        '      - "127.0.0.1:5000:5000"',
        "    read_only: true",
        '    user: "10001:10001"',
        "      - no-new-privileges:true",
        "      - data:/var/lib/broadcaster",
        "      - path: .env",
    ):
        assert f"{line}\n" in compose, line
    assert_health(compose)
    (grace,) = re.findall(r"stop_grace_period: (\d+)s", compose)
    assert int(grace) > Limits().shutdown_bound_s + 1
    block = re.search(r"    environment:\n((?:      .*\n)+)", compose)
    assert block is not None
    variables = dict(re.findall(r"^      ([A-Z_]+): \"?([^\"\n]+)", block[1], re.MULTILINE))
    assert variables["DATA_DIR"] == "/var/lib/broadcaster"
    assert_settings(variables)
    (own,) = re.findall(r"- (/run/broadcaster):uid=10001", compose)
    assert variables["RUNTIME_DIR"] == own


def test_render_has_a_disk_a_health_check_and_no_secret() -> None:
    render = text("render.yaml")
    assert f"healthCheckPath: {HEALTH}\n" in render
    (command,) = re.findall(r"startCommand: (.+)", render)
    assert command == "exec python main.py run"
    (lock,) = re.findall(r"buildCommand: pip install --require-hashes -r (\S+) && ", render)
    (build,) = re.findall(r"buildCommand: .* && \(sh (\S+) \|\| true\)$", render, re.MULTILINE)
    assert (ROOT / build).is_file()
    assert (ROOT / lock).is_file()
    variables = re.findall(r"- key: (\S+)\n +(value|sync|generateValue): (\S+)", render)
    assert len(variables) == render.count("- key:")
    plain = {name: value for name, how, value in variables if how == "value"}
    (disk,) = re.findall(r"mountPath: (\S+)", render)
    assert plain["DATA_DIR"].startswith(f"{disk}/")
    assert_settings(plain)
    told = {name: (how, value) for name, how, value in variables if how != "value"}
    assert told.pop("API_TOKEN") == ("generateValue", "true")
    assert set(told.values()) == {("sync", "false")}
    assert all(is_account_variable(name) or known(name) for name in told)


def known(name: str) -> bool:
    return name.lower() in Settings.model_fields or name in OTHERS_VARIABLES


def assert_settings(variables: dict[str, str]) -> None:
    """All are settings of ours, and none of them is a secret's."""
    for name in variables:
        assert known(name), f"{name} is no setting"
        assert name not in {"API_TOKEN", "SENTRY_DSN"}
        assert not is_account_variable(name)


def assert_health(described: str) -> None:
    assert HEALTH in FREE_PATHS
    assert f"{HEALTH}'" in described
    assert "urllib.request" in described, "what every image of Python has"
