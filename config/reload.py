"""How an account comes again after a change of `.env`: the loader as a short-lived process."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from actors.errors import ConfigFault, UsageFault
from config.accounts import Account, is_account_variable, read_accounts, stray_variables
from config.credentials import receive_descriptor, seal, send_descriptor
from config.environment import ENV_FILE, Environment, read_environment, scrubbed
from config.plan import AccountPlan, account_plan
from config.secret_digest import digest_of_secrets, read_salt
from config.settings import Settings

RELOAD_TIMEOUT_S: Final = 10.0
REASON_LENGTH_MAX: Final = 2000


def reload_account(actor: str, account: AccountPlan, env_file: str, data_dir: str) -> AccountPlan:
    """The account as `.env` describes it now, with a new sealed memory file.

    `account` is how it was when the service started. Raises UsageFault where the file does not hold
    the whole of it: what the process environment held then is gone by design, so the caller keeps
    what it has.
    """
    environment = scrubbed() | ({ENV_FILE: env_file} if env_file else {})
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        channel = theirs.fileno()
        command = [sys.executable, "-P", "-m", "main", "load-account", actor, str(channel)]
        try:
            ran = subprocess.run(  # noqa: S603 - our own program, no shell
                [*command, data_dir, *account.from_process],
                pass_fds=[channel],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=RELOAD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UsageFault(f"{actor}: not read again within {RELOAD_TIMEOUT_S} s") from None
        theirs.close()
        ours.settimeout(RELOAD_TIMEOUT_S)
        received = receive_descriptor(ours)
    if received is None:
        reason = ran.stderr.decode("utf-8", "replace").strip()[-REASON_LENGTH_MAX:]
        raise UsageFault(f"{env_file or '.env'}: {reason or f'{actor} could not be read'}")
    note, descriptor = received
    try:
        renewed = msgspec.msgpack.decode(note, type=AccountPlan)
    except msgspec.DecodeError as error:
        os.close(descriptor)
        raise UsageFault(f"{actor}: expected an account ({error})") from error
    return msgspec.structs.replace(renewed, secrets=descriptor, from_process=account.from_process)


def load_account(actor: str, channel: int, data_dir: str, expected: Sequence[str]) -> int:
    """The short-lived process's work: find the account, send it with its secrets sealed.

    `expected` are variables that must be there, as they were when the service started.
    """
    account = _find(actor, read_environment(), expected)
    digest = ""
    # Without the salt the next start takes the account for changed, which does no harm.
    with contextlib.suppress(OSError):
        digest = digest_of_secrets(account.secrets, read_salt(Path(data_dir)))
    plan = msgspec.structs.replace(account_plan(account), secrets_digest=digest)
    with socket.socket(fileno=channel) as connection:
        send_descriptor(connection, seal(account.secrets), msgspec.msgpack.encode(plan))
    return 0


def _find(actor: str, environment: Environment, expected: Sequence[str]) -> Account:
    """Raises ConfigFault for a file that is mistaken in this account, or cannot be read whole.

    A line that is lost must not cost an account its proxy: it would show its own address.
    """
    names = [name.upper() for name in Settings.model_fields]
    lost = [fault for fault in environment.faults if not is_account_variable(fault.name)]
    for fault in (*lost, *stray_variables(environment, names)):
        raise fault
    _, venue, number = (*actor.split(":", 2), "", "")[:3]
    accounts = read_accounts(environment)
    for account in accounts:
        if (account.venue, account.name) != (venue, number):
            continue
        for fault in account.faults:
            raise fault
        for name in expected:
            if environment.get(name) is None:
                raise ConfigFault(
                    name, "it in the environment of the start alone", "it in .env, or a restart"
                )
        return account
    known = ", ".join(f"{account.venue}:{account.name}" for account in accounts)
    raise UsageFault(f"none of its variables among those of {known or 'no account'}")
