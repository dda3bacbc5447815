"""What shall run, resolved and without secrets: the loader writes it, the supervisor reads it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version
from typing import Final

import msgspec

from actors.errors import ConfigFault, UsageFault
from config.accounts import (
    Account,
    is_account_variable,
    read_accounts,
    stray_variables,
)
from config.credentials import PLAN_BYTES_MAX, read_sealed_bytes, seal_bytes
from config.demo import demo_accounts, demo_lighter_accounts
from config.environment import ROOT, Environment, file_is_open
from config.families import FAMILIES
from config.front_end import FrontEndPlan, front_end_faults, front_end_warnings, is_front_end
from config.history_plan import (
    HistoryPlan,
    history_faults,
    history_plan,
    history_warnings,
)
from config.notify_socket import NotifySocket
from config.reading import read_settings
from config.settings import Settings
from config.venues_plan import VenuePlan, venues_in_use

MEGABYTE: Final = 1024 * 1024
DEMO_RESET_S: Final = 10.0
RESET_STREAM_S: Final = 60.0
RESET_ACCOUNT_S: Final = 300.0
OUR_PREFIXES: Final = tuple(f"{family.name.upper()}_" for family in FAMILIES)
"""Names that begin so are checked elsewhere, and by more than a warning."""


class AccountPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One account without its secrets; `secrets` is the descriptor that holds them, or None.

    `secrets_digest` changes with them. `from_process` names its variables that the process
    environment held, which a reload can find in the file alone.
    """

    venue: str
    name: str
    aliases: tuple[str, ...] = ()
    label: str = ""
    exit_address: str = ""
    quarantined: str = ""
    secrets: int | None = None
    secrets_digest: str = ""
    from_process: tuple[str, ...] = ()


class LimitsPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The times of supervision, in seconds and bytes."""

    restart_first_delay_s: float
    phase1_delay_s: float
    phase1_attempts: int
    phase2_delay_s: float
    jitter_fraction: float
    reset_after_stream_s: float
    reset_after_account_s: float
    reset_after_infrastructure_s: float
    infrastructure_delays_s: tuple[float, ...]
    heartbeat_deadline_s: float
    starting_deadline_s: float
    stop_grace_s: float
    shutdown_stage_s: float
    shutdown_bound_s: float
    quarantine_first_s: float
    quarantine_max_s: float
    memory_soft_bytes: int
    memory_by_kind: dict[str, int]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the supervisor needs to know.

    `silence_max_s` and `mute_max_s` of streams: None, where the venue's own limits hold.
    `token` is the descriptor of the API token, `sentry` that of Sentry's DSN, `env_file` where
    reloads find the accounts again. `warnings` are told once at the start.
    """

    version: str
    mode: str
    simulated: bool
    demo_seed: int
    accounts: tuple[AccountPlan, ...]
    venues: tuple[VenuePlan, ...]
    poll_interval_s: float
    cache_ttl_s: float
    silence_max_s: float | None = None
    mute_max_s: float | None = None
    instruments_refresh_s: float
    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    max_body_bytes: int
    rate_limit: int
    trusted_proxies: tuple[str, ...]
    cors_origins: tuple[str, ...]
    streams_max: int
    web_workers: int
    token: int | None = None
    front_end: FrontEndPlan | None = None
    history: HistoryPlan = HistoryPlan()
    data_dir: str
    runtime_dir: str
    journal_mb: int
    ring_count: int
    ring_bytes: int
    limits: LimitsPlan
    log_level: str
    log_format: str
    sentry: int | None = None
    environment: str = ""
    env_file: str = ""
    notify: NotifySocket = NotifySocket()
    warnings: tuple[str, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that it names."""
        named = [self.token, self.sentry, *(account.secrets for account in self.accounts)]
        named.append(self.front_end.token if self.front_end is not None else None)
        named += [self.history.secrets, self.history.web_secrets]
        return tuple(number for number in named if number is not None)

    def seal(self) -> int:
        return seal_bytes(msgspec.msgpack.encode(self), "plan", PLAN_BYTES_MAX)

    @classmethod
    def read(cls, descriptor: int) -> Plan:
        """Raises UsageFault for anything but what `seal` made."""
        try:
            return msgspec.msgpack.decode(read_sealed_bytes(descriptor, PLAN_BYTES_MAX), type=cls)
        except msgspec.DecodeError as error:
            raise UsageFault(f"descriptor {descriptor}: expected a plan ({error})") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All that the environment says: the plan, the accounts with their secrets, the mistakes.

    With `faults` the service does not start; mistakes of accounts are in the accounts.
    """

    settings: Settings
    plan: Plan
    accounts: tuple[Account, ...]
    faults: tuple[ConfigFault, ...]

    @property
    def all_faults(self) -> tuple[ConfigFault, ...]:
        return self.faults + tuple(fault for account in self.accounts for fault in account.faults)


def read_configuration(environment: Environment, *, force_demo: bool = False) -> Configuration:
    """What would run. `force_demo` is `run --demo`, the same as `DEMO=1`."""
    settings, faults = read_settings(environment)
    if force_demo:
        settings = settings.model_copy(update={"demo": True})
    configured = read_accounts(environment)
    simulated = settings.demo if settings.demo is not None else not configured
    accounts = _demo(settings) if simulated else configured
    if is_front_end(settings):
        simulated, accounts = False, ()
    mistaken = frozenset(fault.name for fault in faults)
    faults = (
        *(fault for fault in environment.faults if not is_account_variable(fault.name)),
        *faults,
        *stray_variables(environment, (name.upper() for name in Settings.model_fields)),
        *_access_faults(settings),
        *_quarantine_faults(settings),
        *front_end_faults(settings, mistaken),
        *history_faults(settings, mistaken, simulated=simulated),
    )
    venues = venues_in_use(
        settings, environment, (account.venue for account in accounts), simulated=simulated
    )
    warnings = _warnings(settings, environment, configured)
    warnings += front_end_warnings(settings, len(configured))
    warnings += history_warnings(settings, simulated=simulated)
    plan = _plan(settings, simulated, accounts, venues, warnings)
    if is_front_end(settings):
        front_end = FrontEndPlan(base=settings.remote_api_base)
        plan = msgspec.structs.replace(plan, venues=(), front_end=front_end)
    if environment.file is not None:
        plan = msgspec.structs.replace(plan, env_file=str(environment.file.resolve()))
    return Configuration(settings=settings, plan=plan, accounts=accounts, faults=faults)


def _demo(settings: Settings) -> tuple[Account, ...]:
    seed, count = settings.demo_seed, settings.demo_accounts
    extended = [
        Account(venue="extended", name=each.name, label="DEMO", secrets={"api_key": each.api_key})
        for each in demo_accounts(seed, count)
    ]
    lighter = [
        Account(
            venue="lighter",
            name=each.name,
            aliases=(str(each.account_index),),
            label="DEMO",
            secrets={"account_index": str(each.account_index), "private": each.read_only_token},
        )
        for each in demo_lighter_accounts(seed, count)
    ]
    return tuple(each for each in (*extended, *lighter) if each.venue in settings.demo_venues)


def _access_faults(settings: Settings) -> tuple[ConfigFault, ...]:
    """Beyond loopback a token is demanded; only `DEMO=1` is given one of its own."""
    if settings.on_loopback or settings.demo or settings.api_token.get_secret_value():
        return ()
    return (
        ConfigFault(
            "API_TOKEN",
            f"nothing, while HOST={settings.host} can be reached from other machines",
            "a token of at least 8 characters, or HOST=127.0.0.1",
        ),
    )


def _quarantine_faults(settings: Settings) -> tuple[ConfigFault, ...]:
    first, longest = settings.quarantine_first, settings.quarantine_max
    if longest >= first:
        return ()
    expected = f"at least QUARANTINE_FIRST ({first:g})"
    return (ConfigFault("QUARANTINE_MAX", f"{longest:g}", expected),)


def _warnings(
    settings: Settings, environment: Environment, configured: tuple[Account, ...]
) -> tuple[str, ...]:
    warnings = []
    if settings.demo and configured and not is_front_end(settings):
        warnings.append(f"DEMO=1: the {len(configured)} configured account(s) do not run")
    secret_in_file = any(
        environment.from_file(variable) and is_account_variable(variable.name)
        for variable in environment
    )
    if environment.file is not None and secret_in_file and file_is_open(environment.file):
        path = environment.file
        warnings.append(f"{path} holds keys and can be read by others; chmod 600 {path}")
    if unknown := _unknown_in_file(environment):
        warnings.append(f"{environment.file}: no settings of this build: {', '.join(unknown)}")
    return tuple(warnings)


def _unknown_in_file(environment: Environment) -> list[str]:
    """Names in `.env` that mean nothing here, each with the setting that it may have meant.

    The process environment is full of others' names, but the file was written for us.
    """
    known = [name.upper() for name in Settings.model_fields]
    unknown = []
    for variable in environment:
        upper = variable.name.upper()
        ours = upper in known or upper.startswith(OUR_PREFIXES)
        if ours or not environment.from_file(variable):
            continue
        near = get_close_matches(upper, known, n=1, cutoff=0.8)
        unknown.append(f"{variable.name} (meant {near[0]}?)" if near else variable.name)
    return unknown


def account_plan(account: Account) -> AccountPlan:
    return AccountPlan(
        venue=account.venue,
        name=account.name,
        aliases=account.aliases,
        label=account.label,
        exit_address=account.exit_address,
        quarantined=account.quarantined,
        from_process=account.from_process,
    )


def _plan(
    settings: Settings,
    simulated: bool,
    accounts: tuple[Account, ...],
    venues: tuple[VenuePlan, ...],
    warnings: tuple[str, ...],
) -> Plan:
    return Plan(
        version=release(),
        mode=settings.broadcaster_mode,
        simulated=simulated,
        demo_seed=settings.demo_seed,
        accounts=tuple(account_plan(account) for account in accounts),
        venues=venues,
        poll_interval_s=settings.poll_interval,
        cache_ttl_s=settings.cache_ttl,
        silence_max_s=settings.stream_silence_limit,
        mute_max_s=settings.stream_mute_limit,
        instruments_refresh_s=settings.instruments_refresh,
        host=settings.host,
        port=settings.port,
        allowed_hosts=settings.hosts,
        max_body_bytes=settings.max_body_bytes,
        rate_limit=settings.rate_limit,
        trusted_proxies=settings.trusted_proxies,
        cors_origins=settings.cors_origins,
        streams_max=settings.streams_max,
        web_workers=settings.web_workers,
        history=history_plan(settings, simulated=simulated),
        data_dir=str(settings.data_dir.absolute()),
        runtime_dir=str(settings.runtime_dir.absolute()),
        journal_mb=settings.journal_mb,
        ring_count=settings.ring_count,
        ring_bytes=settings.ring_mb * MEGABYTE,
        limits=_limits(settings, simulated),
        log_level=settings.log_level,
        log_format=settings.log_format,
        environment=settings.sentry_environment,
        warnings=warnings,
    )


def _limits(settings: Settings, simulated: bool) -> LimitsPlan:
    """A reset time that nobody set is short in the demo, where people try what a kill does."""
    stream, account = settings.reset_after_stream, settings.reset_after_account
    return LimitsPlan(
        restart_first_delay_s=settings.restart_first_delay,
        phase1_delay_s=settings.restart_delay,
        phase1_attempts=settings.restart_attempts,
        phase2_delay_s=settings.restart_delay_long,
        jitter_fraction=settings.restart_jitter,
        reset_after_stream_s=(
            stream if stream is not None else DEMO_RESET_S if simulated else RESET_STREAM_S
        ),
        reset_after_account_s=(
            account if account is not None else DEMO_RESET_S if simulated else RESET_ACCOUNT_S
        ),
        reset_after_infrastructure_s=settings.reset_after_infrastructure,
        infrastructure_delays_s=tuple(float(delay) for delay in settings.restart_infrastructure),
        heartbeat_deadline_s=settings.heartbeat_deadline,
        starting_deadline_s=settings.starting_deadline,
        stop_grace_s=settings.stop_grace,
        shutdown_stage_s=settings.shutdown_stage,
        shutdown_bound_s=settings.shutdown_bound,
        quarantine_first_s=settings.quarantine_first,
        quarantine_max_s=settings.quarantine_max,
        memory_soft_bytes=settings.memory_limit_mb * MEGABYTE,
        memory_by_kind={
            kind: limit * MEGABYTE for kind, limit in settings.memory_limits_mb.items()
        },
    )


def release() -> str:
    """The version: of the checkout that runs, or of the installed package."""
    project = ROOT / "pyproject.toml"
    if project.exists():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return version("broadcaster")
