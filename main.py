"""The command line of Broadcaster; it stays tiny, for a spawned process may import it again."""

from __future__ import annotations

import argparse
import sys
from pkgutil import resolve_name
from typing import Any

from actors.errors import EXIT_CONFIG, EXIT_OK, ConfigFault, Fault

COMMANDS = {
    "run": "actors.supervision.loader:run",
    "check-config": "actors.supervision.report:check_config",
    "status": "actors.supervision.report:show_status",
    "simulate": "actors.simulator.command:simulate",
    "replay": "actors.replay:replay",
    "load-account": "actors.supervision.loader:renew_account",
}
"""Where each command's work is, as text: only what was asked for is imported."""

EXIT_CRASH = 1
EXIT_INTERRUPTED = 130
EXIT_CODES = (
    "exit codes: 0 done as asked, 1 failure (status: no service answers; replay: a book broke), "
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
    simulate.add_argument("--venue", help="extended or lighter (extended)")
    simulate.add_argument("--host", help="address to listen on (127.0.0.1)")
    simulate.add_argument("--port", type=int, help="port to listen on; 0 takes a free one (0)")
    simulate.add_argument("--seed", type=int, help="what market and keys grow from")
    simulate.add_argument("--accounts", type=int, help="how many demo accounts (2)")
    simulate.add_argument("--accounts-file", help="JSON list of {name, api_key} instead of them")
    simulate.add_argument("--markets", help="markets to trade, separated by commas")
    simulate.add_argument("--rate-limit", action="store_true", help="enforce the venue's own limit")
    fault = "a fault from the start, repeatable: gap:book:BTC-USD:count=2 (docs/simulator.md)"
    simulate.add_argument("--fault", action="append", dest="faults", metavar="FAULT", help=fault)

    replay = commands.add_parser(
        "replay", help="feed a recorded capture to a venue's protocol", epilog=EXIT_CODES
    )
    replay.add_argument("--venue", required=True, help="extended or lighter (extended)")
    replay.add_argument("--product", help="which of its products (its first)")
    replay.add_argument("--symbol", help="this market alone, by the venue's own name")
    replay.add_argument("--stream", help="what frames are of that do not say it: a stream's path")
    replay.add_argument("file", help="the capture, JSON lines; - reads standard input")

    # Not listed: the service itself calls it to read an account again.
    load = commands.add_parser("load-account")
    load.add_argument("actor")
    load.add_argument("channel", type=int)
    load.add_argument("data_dir")
    load.add_argument("expected", nargs="*")
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    wanted = vars(parser().parse_args(arguments))
    command = wanted.pop("command") or "run"
    if wanted.pop("version"):
        print(resolve_name("config.plan:release")())
        return EXIT_OK
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
