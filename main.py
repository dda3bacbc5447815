"""The command line of Broadcaster; it stays tiny, for a spawned process may import it again."""

from __future__ import annotations

import argparse
import sys
from pkgutil import resolve_name
from typing import Any

from actors.errors import EXIT_CONFIG, EXIT_OK, EXIT_USAGE, ConfigFault, Fault

COMMANDS = {
    "run": "actors.supervision.loader:run",
    "check-config": "actors.supervision.report:check_config",
    "status": "actors.supervision.report:show_status",
    "simulate": "actors.simulator.command:simulate",
    "load-account": "actors.supervision.loader:renew_account",
}
"""Where each command's work is, as text: only what was asked for is imported."""

EXIT_CRASH = 1
EXIT_INTERRUPTED = 130
EXIT_CODES = (
    "exit codes: 0 done as asked, 1 failure (status: no service answers), "
    "2 wrong use of the command line, 78 mistake in the configuration"
)


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="broadcaster",
        description="Watches trading accounts and markets and serves them, fresh and complete.",
        epilog=f"Without a command: run. Settings: environment and .env. {EXIT_CODES}.",
    )
    root.add_argument("--version", action="store_true", help="print the version")
    commands = root.add_subparsers(dest="command", metavar="command")

    run = commands.add_parser("run", help="run the service", epilog=EXIT_CODES)
    run.add_argument("--demo", action="store_true", help="against simulated venues; needs no keys")

    check = commands.add_parser(
        "check-config",
        help="print what would run, secrets masked, and every mistake",
        epilog=EXIT_CODES,
    )
    check.add_argument("--json", action="store_true", dest="as_json", help="as JSON")
    check.add_argument("--demo", action="store_true", help="as run --demo would")

    status = commands.add_parser("status", help="the running processes", epilog=EXIT_CODES)
    status.add_argument("--json", action="store_true", dest="as_json", help="as JSON")

    # What is not given keeps the simulator's own default.
    simulate = commands.add_parser(
        "simulate",
        help="serve one simulated venue alone",
        epilog=EXIT_CODES,
        argument_default=argparse.SUPPRESS,
    )
    simulate.add_argument("--venue", help="which venue (extended)")
    simulate.add_argument("--host", help="address to listen on (127.0.0.1)")
    simulate.add_argument("--port", type=int, help="port to listen on; 0 takes a free one (0)")
    simulate.add_argument("--seed", type=int, help="what market and keys grow from")
    simulate.add_argument("--accounts", type=int, help="how many demo accounts (2)")
    simulate.add_argument("--accounts-file", help="JSON list of {name, api_key} instead of them")
    simulate.add_argument("--markets", help="markets to trade, separated by commas")
    simulate.add_argument("--rate-limit", action="store_true", help="enforce the venue's own limit")

    replay = commands.add_parser(
        "replay", help="feed a recorded capture to a venue's protocol (not in this build yet)"
    )
    replay.add_argument("options", nargs="*", help=argparse.SUPPRESS)

    # Not listed: the service itself calls it to read an account again.
    load = commands.add_parser("load-account")
    load.add_argument("actor")
    load.add_argument("channel", type=int)
    load.add_argument("data_dir")
    load.add_argument("expected", nargs="*")
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    known = parser()
    parsed, rest = known.parse_known_args(arguments)
    wanted = vars(parsed)
    command = wanted.pop("command") or "run"
    if rest and command != "replay":
        known.error(f"unrecognized arguments: {' '.join(rest)}")
    if wanted.pop("version"):
        print(resolve_name("config.plan:release")())
        return EXIT_OK
    if command == "replay":
        print("broadcaster: replay is not part of this build yet", file=sys.stderr)
        return EXIT_USAGE
    if command == "run":
        wanted.setdefault("demo", False)
    try:
        return _call(COMMANDS[command], wanted)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("actors", "config", "web"):
            raise
        hint = "use make run, or activate .venv first"
        print(f"broadcaster: the package {error.name} is not installed; {hint}", file=sys.stderr)
        return EXIT_CRASH
    except Fault as fault:
        print(f"broadcaster: {fault}", file=sys.stderr)
        return EXIT_CONFIG if isinstance(fault, ConfigFault) else EXIT_CRASH


def _call(entry: str, arguments: dict[str, Any]) -> int:
    code: int = resolve_name(entry)(**arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
