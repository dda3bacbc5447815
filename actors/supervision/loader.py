"""The loader stage: reads the environment, seals secrets away, and becomes the supervisor.

Afterwards no secret is left in the process's memory or environment: exec replaces the one, and
the other is scrubbed. What remains are numbers of sealed descriptors.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from actors.errors import EXIT_CONFIG, EXIT_USAGE, Fault
from actors.runtime.isolation import forbid_inspection
from config.accounts import Account
from config.credentials import seal
from config.environment import read_environment, scrubbed
from config.history_plan import HistoryPlan, history_secrets
from config.notify_socket import read_notify_socket
from config.plan import Configuration, Plan, read_configuration
from config.reload import load_account
from config.secret_digest import SALT, digest_of_secrets, read_salt
from config.settings import Settings
from config.venues_plan import VenuePlan

MARKETS_TIMEOUT_S: Final = 5.0
MARKETS_STARTUP_S: Final = 5.0
PROXIES_TRIED_MAX: Final = 2
DEMO_TOKEN_BYTES: Final = 24
_FLAGS_WITH_VALUE: Final = ("-X", "-W")


def run(*, demo: bool) -> int:
    """Become the supervisor; returns only where that cannot be, with the exit code."""
    forbid_inspection()
    configuration = read_configuration(read_environment(), force_demo=demo)
    if configuration.faults:
        tell_faults(configuration)
        return EXIT_CONFIG
    plan = with_markets(configuration)
    plan = with_digests(configuration, plan)
    plan = with_descriptors(configuration, plan)
    # As data: in its environment all children would inherit it.
    plan = msgspec.structs.replace(plan, notify=read_notify_socket())
    become_supervisor(plan)
    return EXIT_USAGE


def tell_faults(configuration: Configuration) -> None:
    """All mistakes at once, on standard error."""
    count = len(configuration.faults)
    lines = [f"broadcaster: {count} mistake(s) in the configuration, nothing was started"]
    lines += [f"  {fault}" for fault in configuration.faults]
    sys.stderr.write("\n".join(lines) + "\n")


def with_markets(configuration: Configuration) -> Plan:
    """The plan with `*` replaced by what a venue lists; where it does not answer, the default."""
    plan = configuration.plan
    venues, warnings = [], list(plan.warnings)
    for venue in plan.venues:
        markets = venue.markets
        if markets == ("*",):
            markets = default_markets(venue.name)
            if not plan.simulated:
                try:
                    markets = list_markets(venue, configuration.accounts)
                except Fault as fault:
                    instead = f"following {', '.join(markets)} instead"
                    warnings.append(f"{venue.name.upper()}_MARKETS=*: {fault}; {instead}")
        venues.append(msgspec.structs.replace(venue, markets=markets))
    return msgspec.structs.replace(plan, venues=tuple(venues), warnings=tuple(warnings))


def default_markets(venue: str) -> tuple[str, ...]:
    found: tuple[str, ...] = Settings.model_fields[f"{venue}_markets"].default
    return found


def list_markets(venue: VenuePlan, accounts: tuple[Account, ...]) -> tuple[str, ...]:
    """Asks in a short-lived process: directly, then through the first accounts' proxies."""
    secrets = [account.secrets for account in accounts if account.venue == venue.name]
    proxies = [each["proxy"] for each in secrets if "proxy" in each]
    routes = ["", *dict.fromkeys(proxies)][: 1 + PROXIES_TRIED_MAX]
    question = {
        "venue": venue.name,
        "base_url": venue.base_url,
        "routes": routes,
        "timeout_s": MARKETS_TIMEOUT_S,
    }
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "actors.markets"],
            input=json.dumps(question),
            env=scrubbed(),
            capture_output=True,
            text=True,
            timeout=MARKETS_STARTUP_S + MARKETS_TIMEOUT_S * len(routes),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Fault("the venue's list of markets did not come in time") from None
    if ran.returncode != 0:
        # The last line is the reason, also where it comes below a traceback.
        reason = ran.stderr.strip().rpartition("\n")[2]
        raise Fault(reason or f"the list of markets failed ({ran.returncode})")
    return tuple(json.loads(ran.stdout))


def with_digests(configuration: Configuration, plan: Plan) -> Plan:
    """The plan with a digest of each account's secrets: a corrected key ends a quarantine by it."""
    try:
        salt = read_salt(Path(plan.data_dir))
    except OSError as error:
        warning = (
            f"{Path(plan.data_dir) / SALT}: {error.strerror or error}; after a key was corrected, "
            "a quarantine of its account may take a reset to end"
        )
        return msgspec.structs.replace(plan, warnings=(*plan.warnings, warning))
    digests = {
        (account.venue, account.name): digest_of_secrets(account.secrets, salt)
        for account in configuration.accounts
    }
    accounts = tuple(
        msgspec.structs.replace(account, secrets_digest=digests[account.venue, account.name])
        for account in plan.accounts
    )
    return msgspec.structs.replace(plan, accounts=accounts)


def with_descriptors(configuration: Configuration, plan: Plan) -> Plan:
    """The plan with the sealed descriptors of each account, of web's token, of Sentry's DSN."""
    held = {
        (account.venue, account.name): account.secrets
        for account in configuration.accounts
        if not account.faults
    }
    accounts = tuple(
        msgspec.structs.replace(account, secrets=seal(held[account.venue, account.name]))
        if (account.venue, account.name) in held
        else account
        for account in plan.accounts
    )
    token = configuration.settings.api_token.get_secret_value()
    if not token and not configuration.settings.on_loopback:
        token = secrets.token_urlsafe(DEMO_TOKEN_BYTES)
        sys.stdout.write(f"API_TOKEN of this run (shown once): {token}\n")
    dsn = configuration.settings.sentry_dsn.get_secret_value()
    remote, front_end = configuration.settings.remote_api_token.get_secret_value(), plan.front_end
    if front_end is not None and remote:
        held_there = seal({"REMOTE_API_TOKEN": remote}, "remote-token")
        front_end = msgspec.structs.replace(front_end, token=held_there)
    return msgspec.structs.replace(
        plan,
        accounts=accounts,
        token=seal({"API_TOKEN": token}, "token") if token else None,
        front_end=front_end,
        history=with_history_secrets(configuration, plan, token),
        sentry=seal({"SENTRY_DSN": dsn}, "sentry") if dsn else None,
    )


def with_history_secrets(configuration: Configuration, plan: Plan, token: str) -> HistoryPlan:
    """The store's address and keys, once for the recorder, once for web beside its token."""
    held = history_secrets(configuration.settings, plan.history.kind)
    if not held:
        return plan.history
    return msgspec.structs.replace(
        plan.history,
        secrets=seal(held, "history"),
        web_secrets=seal(held | ({"API_TOKEN": token} if token else {}), "web"),
    )


def become_supervisor(plan: Plan) -> None:
    descriptor = plan.seal()
    for number in (descriptor, *plan.descriptors):
        os.set_inheritable(number, True)
    sys.stdout.flush()
    sys.stderr.flush()
    arguments = [sys.executable, *interpreter_flags(sys.orig_argv), "-P", "-m", "supervisor"]
    os.execve(sys.executable, [*arguments, str(descriptor)], scrubbed())  # noqa: S606 - no shell


def interpreter_flags(arguments: list[str]) -> list[str]:
    """The -X and -W flags of a command line, which the next interpreter shall have too."""
    flags: list[str] = []
    rest = iter(arguments[1:])
    for argument in rest:
        if not argument.startswith("-") or argument in ("-c", "-m", "-"):
            break
        if argument in _FLAGS_WITH_VALUE:
            flags += [argument, next(rest, "")]
        elif argument.startswith(_FLAGS_WITH_VALUE):
            flags.append(argument)
    return flags


def renew_account(actor: str, channel: int, data_dir: str, expected: list[str]) -> int:
    """The internal command behind `reset`: one account as `.env` has it now, its secrets sealed."""
    forbid_inspection()
    try:
        return load_account(actor, channel, data_dir, expected)
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return EXIT_CONFIG
