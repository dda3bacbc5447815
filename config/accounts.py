"""Accounts from numbered families of variables: `Extended_{N}_{CODE}_API_KEY` and its kin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Final

from actors.errors import ConfigFault
from config.environment import PROCESS, Environment, Variable
from config.families import FAMILIES, Family
from config.proxy_address import parse_proxy

ACCOUNTS_MAX: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as configured; with `faults` it is quarantined, alone.

    `name` is its number N, `aliases` are what else it goes by, `label` its CODE, `secrets` what
    its own process alone may see (field names in small letters, and `proxy` as one URL).
    `exit_address` is the proxy's `host:port`. `from_process` are those of its variables that stood
    in the process environment.
    """

    venue: str
    name: str
    aliases: tuple[str, ...] = ()
    label: str = ""
    exit_address: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    from_process: tuple[str, ...] = ()
    faults: tuple[ConfigFault, ...] = ()

    @property
    def quarantined(self) -> str:
        return "; ".join(str(fault) for fault in self.faults)


def read_accounts(environment: Environment) -> tuple[Account, ...]:
    """All accounts of all families, by number. Mistakes stay with the account that has them."""
    accounts = [account for family in FAMILIES for account in _accounts_of(family, environment)]
    return _without_twins(accounts)


def is_account_variable(name: str) -> bool:
    """Whether a mistake in this variable concerns one account alone."""
    return any(family.pattern.fullmatch(name) for family in FAMILIES)


def stray_variables(environment: Environment, known: Iterable[str]) -> tuple[ConfigFault, ...]:
    """Variables that begin like a family's but have no number and are no setting.

    Such a one was meant for us; passing over it could start the demo instead of an account.
    """
    names = tuple(known)
    faults = []
    for family in FAMILIES:
        prefix = f"{family.name}_".upper()
        for variable in environment:
            upper = variable.name.upper()
            if not upper.startswith(prefix) or upper in names or family.pattern.fullmatch(upper):
                continue
            near = get_close_matches(upper, names, n=1, cutoff=0.8)
            expected = near[0] if near else f"{family.name}_{{N}}_{{CODE}}_{family.required[0]}"
            faults.append(
                ConfigFault(
                    variable.name, "a name that is no setting", f"a known one, such as {expected}"
                )
            )
    return tuple(faults)


class _Draft:
    """What was found of one account so far."""

    def __init__(self, family: Family, number: str) -> None:
        self.family = family
        self.number = number
        self.fields: dict[str, Variable] = {}
        self.proxies: list[Variable] = []
        self.codes: dict[str, Variable] = {}
        self.from_process: list[str] = []
        self.faults: list[ConfigFault] = []

    def take(self, variable: Variable, match: re.Match[str]) -> None:
        if variable.origin == PROCESS:
            self.from_process.append(variable.name)
        if match["unknown"] is not None:
            self.faults.append(_unknown(self.family, variable, match["unknown"]))
            return
        if match["plain_proxy"]:
            second = match["proxy_number"]
            if second is not None and int(second) != int(self.number):
                self.faults.append(
                    ConfigFault(
                        variable.name,
                        f"two numbers, {self.number} and {second}",
                        f"one, as in {self.family.name}_{self.number}_PROXY_{self.number}_URL",
                    )
                )
            self.proxies.append(variable)
            return
        self.codes.setdefault(match["code"].upper(), variable)
        if match["field"].upper() == "PROXY":
            self.proxies.append(variable)
            return
        name = match["field"].upper()
        held = self.fields.setdefault(name, variable)
        if held is not variable and len(self.codes) == 1:
            # `Extended_01_…` beside `Extended_1_…`: two codes are told of elsewhere.
            self.faults.append(
                ConfigFault(variable.name, f"the field twice (also {held.name})", "it once")
            )

    def account(self) -> Account:
        self._check_codes()
        secrets = self._secrets()
        exit_address = self._proxy(secrets)
        misspelt = [fault.expected for fault in self.faults]
        for name in self.family.required:
            # A misspelt one is told of already, with its right name.
            if name not in self.fields and not any(hint.endswith(name) for hint in misspelt):
                code = next(iter(self.codes), "MAIN")
                wanted = f"{self.family.name}_{self.number}_{code}_{name}"
                self.faults.append(
                    ConfigFault(wanted, "nothing", self.family.fields[name].expected)
                )
        self._check_together(secrets)
        alias = secrets.get(self.family.alias.lower(), "")
        return Account(
            venue=self.family.venue,
            name=self.number,
            # As the venue writes its numbers.
            aliases=(alias.lstrip("0") or "0",) if alias and not self.faults else (),
            label=next(iter(self.codes), ""),
            exit_address=exit_address,
            secrets={} if self.faults else secrets,
            from_process=tuple(self.from_process),
            faults=tuple(self.faults),
        )

    def _check_together(self, secrets: Mapping[str, str]) -> None:
        """Once each field is well spelt: whether they fit each other."""
        if self.faults:
            return
        fields = {name: secrets[name.lower()] for name in self.fields}
        for complaint in self.family.check(fields):
            held = self.fields.get(complaint.field)
            code = next(iter(self.codes), "MAIN")
            wanted = f"{self.family.name}_{self.number}_{code}_{complaint.field}"
            name = wanted if held is None else held.name
            self.faults.append(ConfigFault(name, complaint.found, complaint.expected))

    def _check_codes(self) -> None:
        if len(self.codes) > 1:
            names = " and ".join(variable.name for variable in self.codes.values())
            self.faults.append(
                ConfigFault(
                    f"{self.family.name}_{self.number}",
                    f"{len(self.codes)} codes: {', '.join(self.codes)} ({names})",
                    "one code for each number",
                )
            )

    def _secrets(self) -> dict[str, str]:
        secrets = {}
        for name, variable in self.fields.items():
            wanted, text = self.family.fields[name], variable.text.strip()
            if not wanted.pattern.fullmatch(text):
                found = f"{len(text)} characters that are not" if wanted.secret else repr(text[:40])
                self.faults.append(ConfigFault(variable.name, found, wanted.expected))
            secrets[name.lower()] = text
        return secrets

    def _proxy(self, secrets: dict[str, str]) -> str:
        """Puts the proxy's URL among the secrets; returns its `host:port`."""
        addresses = {}
        for variable in self.proxies:
            try:
                addresses[parse_proxy(variable.text, variable.name)] = variable
            except ConfigFault as fault:
                self.faults.append(fault)
        if len(addresses) > 1:
            names = " and ".join(variable.name for variable in addresses.values())
            self.faults.append(ConfigFault(names, f"{len(addresses)} different proxies", "one"))
        for address in addresses:
            secrets["proxy"] = address.url
            return address.exit_address
        return ""


def _accounts_of(family: Family, environment: Environment) -> list[Account]:
    drafts: dict[int, _Draft] = {}
    for variable in environment:
        match = family.pattern.fullmatch(variable.name)
        if match is None:
            continue
        # A number beyond any count of accounts is a slip of the finger, but still somebody's.
        number = int(match["number"][:12])
        drafts.setdefault(number, _Draft(family, str(number))).take(variable, match)
    for fault in environment.faults:
        if match := family.pattern.fullmatch(fault.name):
            drafts[int(match["number"][:12])].faults.append(fault)
    return [drafts[number].account() for number in sorted(drafts)[:ACCOUNTS_MAX]]


def _unknown(family: Family, variable: Variable, rest: str) -> ConfigFault:
    """Names the nearest known field; a code may stand before it or be missing."""
    upper = rest.upper()
    prefix = variable.name[: len(variable.name) - len(rest)]
    known = [*family.fields, "PROXY"]
    if upper in known:
        return ConfigFault(variable.name, f"{rest} without a code", f"{prefix}MAIN_{upper}")
    code, _, last = upper.partition("_")
    for name, head in ((last, f"{prefix}{rest[: len(code)]}_"), (upper, f"{prefix}MAIN_")):
        near = get_close_matches(name, known, n=1, cutoff=0.6)
        if near:
            return ConfigFault(variable.name, f"unknown field {name}", f"{head}{near[0]}")
    return ConfigFault(
        variable.name, f"unknown field {last or upper}", f"{prefix}{{CODE}}_ and {', '.join(known)}"
    )


def _without_twins(accounts: list[Account]) -> tuple[Account, ...]:
    """A key or index that two accounts share is a slip of copying: the later one is quarantined.

    Both would show the same account, and every sum over accounts would count it twice.
    """
    identities = {family.venue: family.identity for family in FAMILIES}
    owners: dict[tuple[str, str], Account] = {}
    result = []
    for account in accounts:
        identity = identities[account.venue]
        key = account.secrets.get(identity.lower())
        key = key.lstrip("0") if key and identity == "ACCOUNT_INDEX" else key
        owner = owners.setdefault((account.venue, key), account) if key else account
        if owner is not account:
            name = f"{account.venue}:{account.name}"
            shared = identity.replace("_", " ").lower().replace("api key", "API key")
            fault = ConfigFault(name, f"the {shared} of {owner.venue}:{owner.name}", "its own")
            account = replace(account, secrets={}, aliases=(), faults=(fault,))  # noqa: PLW2901 - the same
        result.append(account)
    return tuple(result)
