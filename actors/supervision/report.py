"""What `check-config` and `status` print: tables on a terminal, lines in a pipe, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from actors.errors import EXIT_CONFIG, EXIT_OK, Fault
from actors.runtime.clock import SystemClock
from actors.runtime.control_client import call_blocking
from actors.supervision.spec import ChildKind
from actors.supervision.tree import CONTROL_SOCKET, Owned, SimulatorSocket, children
from config.environment import read_environment
from config.masking import MASK
from config.plan import Configuration, read_configuration
from config.reading import read_settings

EXIT_UNREACHABLE: Final = 1
STATUS_TIMEOUT_S: Final = 2.0
_MEGABYTE: Final = 1024 * 1024
_SECRET_SETTINGS: Final = frozenset({"api_token", "remote_api_token", "sentry_dsn"})


def check_config(*, as_json: bool, demo: bool) -> int:
    """Print what would run, without a secret; EXIT_CONFIG where something is wrong."""
    configuration = read_configuration(read_environment(), force_demo=demo)
    if as_json:
        _write_json(describe(configuration))
    else:
        _show_configuration(configuration)
    return EXIT_CONFIG if configuration.all_faults else EXIT_OK


def describe(configuration: Configuration) -> dict[str, Any]:
    """The configuration as plain data that can be shown."""
    plan = configuration.plan
    simulators = {venue.name: SimulatorSocket(-1, 0) for venue in plan.venues if plan.simulated}
    nothing = Owned(listener=-1, cache=-1, simulators=simulators)
    return {
        "ok": not configuration.all_faults,
        "version": plan.version,
        "mode": plan.mode,
        "remote": plan.front_end.base if plan.front_end is not None else None,
        "simulated": plan.simulated,
        "address": f"{plan.host}:{plan.port}",
        "env_file": plan.env_file or None,
        "markets": {venue.name: list(venue.markets) for venue in plan.venues},
        "accounts": [
            {
                "account": f"{account.venue}:{account.name}",
                "label": account.label,
                "exit_address": account.exit_address or "direct",
                "secrets": dict.fromkeys(sorted(account.secrets), MASK),
                "mistakes": [_fault(fault) for fault in account.faults],
            }
            for account in configuration.accounts
        ],
        "actors": [
            {"actor": spec.actor, "starts": not spec.quarantined}
            for spec in children(plan, nothing)
        ],
        "settings": {
            name.upper(): _shown(name, value)
            for name, value in configuration.settings.model_dump(mode="json").items()
        },
        "warnings": list(plan.warnings),
        "mistakes": [_fault(fault) for fault in configuration.all_faults],
    }


def _fault(fault: Any) -> dict[str, str]:
    return {"name": fault.name, "found": fault.found, "expected": fault.expected}


def _shown(name: str, value: object) -> object:
    return (MASK if value else "") if name in _SECRET_SETTINGS else value


def _show_configuration(configuration: Configuration) -> None:
    told = describe(configuration)
    names = " and ".join(venue.capitalize() for venue in told["markets"])
    venues = f"simulated {names} (demo)" if told["simulated"] else names
    if told["remote"] is not None:
        venues = f"front end of {told['remote']}"
    lines = [f"Broadcaster {told['version']}, {venues}, on {told['address']}"]
    lines.append(f"read       environment{' and ' + told['env_file'] if told['env_file'] else ''}")
    for account in told["accounts"]:
        fields = " ".join(f"{name}={shown}" for name, shown in account["secrets"].items())
        state = "quarantined" if account["mistakes"] else f"via {account['exit_address']}"
        lines.append(
            f"account    {account['account']} {account['label']} {state} {fields}".rstrip()
        )
    for venue, markets in told["markets"].items():
        lines.append(f"markets    {venue}: {', '.join(markets)}")
    runs = [actor["actor"] for actor in told["actors"] if actor["starts"]]
    lines.append(f"processes  {len(runs)}: {', '.join(runs)}")
    changed = configuration.settings.model_fields_set
    lines += [
        f"setting    {name}={_plain(value)}"
        for name, value in told["settings"].items()
        if name.lower() in changed
    ]
    lines += [f"warning    {warning}" for warning in told["warnings"]]
    lines += [f"mistake    {fault}" for fault in configuration.all_faults]
    lines.append("This configuration is good." if told["ok"] else "Something is wrong, see above.")
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        color = {"mistake": "red", "warning": "yellow"}.get(line.split(" ", 1)[0])
        console.print(f"[{color}]{escape(line)}[/]" if color else escape(line))


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def show_status(*, as_json: bool) -> int:
    """`status`: the supervision tree of the service that runs on this RUNTIME_DIR."""
    settings, faults = read_settings(read_environment())
    if faults:
        sys.stderr.write("".join(f"{fault}\n" for fault in faults))
        return EXIT_CONFIG
    path = settings.runtime_dir / CONTROL_SOCKET
    try:
        answer = call_blocking(path, "tree", STATUS_TIMEOUT_S)
    except Fault as fault:
        message = f"no service answers: {fault}; is it running, with this RUNTIME_DIR?"
        sys.stderr.write(message + "\n")
        return EXIT_UNREACHABLE
    if as_json:
        _write_json(answer)
    else:
        _show_tree(answer)
    return EXIT_OK


def _show_tree(answer: dict[str, Any]) -> None:
    rows = [_row(child) for child in answer["children"]]
    simulated = ", simulated" if answer.get("simulated") else ""
    head = f"supervisor pid {answer['supervisor_pid']}{simulated}"
    if not sys.stdout.isatty():
        _write_lines([head, *("  ".join(filter(None, row)) for row in rows)])
        return
    table = Table(title=head, title_justify="left", box=None, pad_edge=False)
    for name in ("actor", "state", "pid", "epoch", "restarts", "memory", "cpu", "note"):
        table.add_column(name, overflow="fold")
    for row in rows:
        color = {"ready": "green", "quarantined": "red", "backoff": "yellow"}.get(row[1], "default")
        table.add_row(row[0], f"[{color}]{row[1]}[/]", *map(escape, row[2:]))
    Console(highlight=False).print(table)


def _row(child: dict[str, Any]) -> tuple[str, ...]:
    note = str(child.get("reason") or "")
    if child.get("kind") == ChildKind.WEB:
        note = note or str(child.get("label") or "")
    due = child.get("next_restart_mono_ns")
    if due is not None:
        # The monotonic clock is one for all processes of the host, the supervisor's too.
        wait_s = max(0.0, (due - SystemClock().monotonic_ns()) / 1e9)
        note = f"again in {wait_s:.0f} s {note}".rstrip()
    rss, cpu = child.get("rss_bytes"), child.get("cpu_percent")
    return (
        str(child["actor"]),
        str(child["state"]),
        f"pid {child['pid']}" if child.get("pid") else "",
        f"epoch {child.get('epoch', 0)}",
        f"restarts {child.get('restarts', 0)}",
        f"{rss / _MEGABYTE:.0f} MB" if rss is not None else "",
        f"{cpu:.1f} %" if cpu is not None else "",
        note,
    )


def _write_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _write_lines(lines: Iterable[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
