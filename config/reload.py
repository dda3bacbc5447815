"""How an account's secrets come again after a change: the loader as a short-lived process."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Final

from actors.errors import ConfigFault, UsageFault
from config.accounts import Account, read_accounts
from config.credentials import receive_descriptor, seal, send_descriptor
from config.environment import ENV_FILE, read_environment, scrubbed

RELOAD_TIMEOUT_S: Final = 10.0
REASON_LENGTH_MAX: Final = 2000
_ACTOR_PREFIX: Final = "account:"


def reload_secrets(actor: str, env_file: str) -> int | None:
    """A new sealed memory file with the secrets of `account:<venue>:<name>`, read from `.env`.

    None for an actor that is no account. Raises ConfigFault where the file no longer holds a whole
    account; what its process environment held when the service started is gone by design, so the
    caller keeps the old descriptor then.
    """
    if not actor.startswith(_ACTOR_PREFIX):
        return None
    environment = scrubbed() | ({ENV_FILE: env_file} if env_file else {})
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            ran = subprocess.run(  # noqa: S603 - our own program, no shell
                [sys.executable, "-P", "-m", "main", "load-account", actor, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
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
        descriptor = receive_descriptor(ours)
    if descriptor is None:
        reason = ran.stderr.decode("utf-8", "replace").strip()[-REASON_LENGTH_MAX:]
        raise ConfigFault(actor, reason or "nothing", f"a whole account in {env_file or '.env'}")
    return descriptor


def load_account(actor: str, channel: int) -> int:
    """The short-lived process's work: seal the account's secrets, send them, exit code."""
    account = _find(actor)
    with socket.socket(fileno=channel) as connection:
        send_descriptor(connection, seal(account.secrets, "credentials"))
    return 0


def _find(actor: str) -> Account:
    _, venue, name = (*actor.split(":", 2), "", "")[:3]
    accounts = read_accounts(read_environment())
    for account in accounts:
        if (account.venue, account.name) != (venue, name):
            continue
        if account.faults:
            raise account.faults[0]
        return account
    known = ", ".join(f"{account.venue}:{account.name}" for account in accounts)
    raise UsageFault(f"{actor}: expected one of {known or 'no accounts'}")
