"""From the plan to the children: which processes run, with which configuration each."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from actors.messages.ids import CACHE, RECORDER, account_actor, market_topic, venue_actor
from actors.supervision.spec import ChildKind, ChildSpec
from config.front_end import FrontEndPlan
from config.plan import AccountPlan, Plan
from config.reload import reload_account
from config.venues_plan import VenuePlan

CACHE_SOCKET: Final = "cache.sock"
CONTROL_SOCKET: Final = "control.sock"


class _Traits(NamedTuple):
    """Of a venue: its products, and the paths below which its simulator serves."""

    products: tuple[str, ...]
    rest_path: str
    stream_path: str


_VENUES: Final = {
    "extended": _Traits(("linear",), "/api/v1", "/stream.extended.exchange/v1"),
    "lighter": _Traits(("linear", "spot"), "", "/stream"),
}

_ON_DEMAND: Final = {
    "orderbook": "actors.stream:run",
    "ticker": "actors.ticker:run",
    "trades": "actors.trades:run",
}
PRELOAD: Final = (
    "actors.account",
    "actors.stream",
    "actors.candles",
    "actors.trades",
    "actors.ticker",
    "actors.venue",
    "actors.cache.actor",
    "actors.sinks.recorder",
    "web.server",
)
"""What the zygote imports once for all: named as text, for supervision imports no actor."""

FRONT_END_PRELOAD: Final = ("web.remote.server",)


class SimulatorSocket(NamedTuple):
    """The listener of a simulated venue."""

    descriptor: int
    port: int

    @classmethod
    def of(cls, listener: socket.socket) -> SimulatorSocket:
        return cls(listener.fileno(), listener.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Descriptors of the sockets that the supervisor owns, in its own table.

    `simulators` are the listeners of the simulated venues, in the demo.
    """

    listener: int
    cache: int
    simulators: Mapping[str, SimulatorSocket] = field(default_factory=dict)


def children(plan: Plan, owned: Owned, started_mono_ns: int = 0) -> tuple[ChildSpec, ...]:
    """All children, those first on which the others depend; `started_mono_ns` is the service's.

    An account with a configuration error is among them, quarantined with its reason.
    """
    shared = _shared(plan)
    web = shared | {"started_mono_ns": started_mono_ns}
    webs = [_web(plan, owned, web, number) for number in range(1, plan.web_workers + 1)]
    if plan.front_end is not None:
        return tuple(_fronting(spec, plan.front_end) for spec in webs)
    specs = [_cache(plan, owned, shared), *webs, *_recorder(plan, shared)]
    if plan.simulated:
        specs += [_simulator(plan, venue, owned, shared) for venue in plan.venues]
    specs += [
        ChildSpec(
            actor=venue_actor(venue.name),
            kind=ChildKind.VENUE,
            entry="actors.venue:run",
            config=shared | _venue(venue, owned) | {"refresh_s": plan.instruments_refresh_s},
        )
        for venue in plan.venues
    ]
    streaming = _streaming(plan, owned)
    specs += [_account(plan, account, streaming[account.venue]) for account in plan.accounts]
    specs += [
        _orderbook(venue.name, symbol, streaming[venue.name])
        for venue in plan.venues
        for symbol in venue.markets
    ]
    return tuple(specs)


def preload(plan: Plan) -> tuple[str, ...]:
    return PRELOAD if plan.front_end is None else FRONT_END_PRELOAD


def cache_socket(plan: Plan) -> Path | None:
    """Where the cache listens; None where there is none."""
    return Path(plan.runtime_dir) / CACHE_SOCKET if plan.front_end is None else None


def reloader(plan: Plan, owned: Owned) -> Callable[[str], ChildSpec | None]:
    """For `reset`: gives an account's spec as `.env` describes it now.

    None for who is no account, and in the demo, whose accounts stand in no file.
    """
    streaming = _streaming(plan, owned)
    accounts: dict[str, AccountPlan] = {
        account_actor(account.venue, account.name): account
        for account in (() if plan.simulated else plan.accounts)
    }

    def reload(actor: str) -> ChildSpec | None:
        if actor not in accounts:
            return None
        renewed = reload_account(actor, accounts[actor], plan.env_file, plan.data_dir)
        accounts[actor] = renewed
        return _account(plan, renewed, streaming[renewed.venue])

    return reload


def on_demand(plan: Plan, owned: Owned) -> Callable[[str], ChildSpec | None]:
    """Specs of market streams by their topics, `kind:venue:product:symbol[:timeframe]`.

    None for what cannot run on demand, so also for order books that are configured.
    """
    configured = set(orderbook_topics(plan))
    streaming = _streaming(plan, owned)

    def make(topic: str) -> ChildSpec | None:
        match topic.split(":"):
            case [kind, venue, product, symbol] if kind in _ON_DEMAND and symbol:
                named = {"kind": kind, "product": product, "symbol": symbol}
            case ["candles" as kind, venue, product, symbol, timeframe] if symbol and timeframe:
                named = {"product": product, "symbol": symbol, "timeframe": timeframe}
            case _:
                return None
        if venue not in streaming or product not in _VENUES[venue].products or topic in configured:
            return None
        config = {**streaming[venue], **named}
        entry = _ON_DEMAND.get(kind, "actors.candles:run")
        label = f"{symbol} on demand"
        return ChildSpec(
            actor=topic, kind=ChildKind.STREAM, entry=entry, config=config, label=label
        )

    return make


def addresses(venue: VenuePlan, owned: Owned) -> tuple[str, str]:
    """REST and WebSocket address; empty means the venue's own."""
    simulator = owned.simulators.get(venue.name)
    if simulator is None:
        return venue.base_url, venue.ws_url
    host, traits = f"127.0.0.1:{simulator.port}", _VENUES[venue.name]
    return f"http://{host}{traits.rest_path}", f"ws://{host}{traits.stream_path}"


def _venue(venue: VenuePlan, owned: Owned) -> dict[str, Any]:
    """What everybody needs to know who asks the venue."""
    base_url, ws_url = addresses(venue, owned)
    config: dict[str, Any] = {"venue": venue.name, "base_url": base_url, "ws_url": ws_url}
    for name in ("requests_per_min", "handshakes_per_min"):
        if (limit := getattr(venue, name)) is not None:
            config[name] = limit
    return config


def _streaming(plan: Plan, owned: Owned) -> dict[str, dict[str, Any]]:
    """By venue, what its accounts and streams need to know."""
    shared = _shared(plan) | _stream_limits(plan)
    return {venue.name: shared | _venue(venue, owned) for venue in plan.venues}


def _shared(plan: Plan) -> dict[str, Any]:
    """What every child may need to know."""
    runtime_dir = Path(plan.runtime_dir)
    return {
        "cache_socket": str(runtime_dir / CACHE_SOCKET),
        "control_socket": str(runtime_dir / CONTROL_SOCKET),
        # What a terminal leaves out is decided where lines are written, not where they are made.
        "log_level": "info" if plan.log_level == "auto" else plan.log_level,
    }


def _stream_limits(plan: Plan) -> dict[str, float]:
    """The operator's; what is not named is the venue's."""
    given = {"silence_max_s": plan.silence_max_s, "mute_max_s": plan.mute_max_s}
    return {name: limit_s for name, limit_s in given.items() if limit_s is not None}


def _cache(plan: Plan, owned: Owned, shared: Mapping[str, Any]) -> ChildSpec:
    return ChildSpec(
        actor=CACHE,
        kind=ChildKind.CACHE,
        entry="actors.cache.actor:run",
        config={
            **shared,
            "data_dir": plan.data_dir,
            "journal_mb": plan.journal_mb,
            "ring_count": plan.ring_count,
            "ring_bytes": plan.ring_bytes,
            "cache_ttl_ms": plan.cache_ttl_s * 1000,
        },
        descriptors={"cache": owned.cache},
    )


def _recorder(plan: Plan, shared: Mapping[str, Any]) -> list[ChildSpec]:
    """None where HISTORY is off."""
    history = plan.history
    if history.kind == "off":
        return []
    return [
        ChildSpec(
            actor=RECORDER,
            kind=ChildKind.SINK,
            entry="actors.sinks.recorder:run",
            config={**shared, "history": history.config(plan.data_dir)},
            descriptors={} if history.secrets is None else {"secrets": history.secrets},
            label=history.kind,
        )
    ]


def _web(plan: Plan, owned: Owned, shared: Mapping[str, Any], number: int) -> ChildSpec:
    descriptors = {"listener": owned.listener}
    secrets = plan.token if plan.history.web_secrets is None else plan.history.web_secrets
    if secrets is not None:
        descriptors["secrets"] = secrets
    return ChildSpec(
        actor=f"web:{number}",
        kind=ChildKind.WEB,
        entry="web.server:run",
        config={
            **shared,
            "settings": _web_settings(plan),
            "mode": plan.mode,
            "simulated": plan.simulated,
            "version": plan.version,
            "history": plan.history.config(plan.data_dir),
        },
        descriptors=descriptors,
    )


def _fronting(web: ChildSpec, front_end: FrontEndPlan) -> ChildSpec:
    """A web process that has no cache behind it but another service."""
    held = {} if front_end.token is None else {"remote_token": front_end.token}
    remote = {"remote_api_base": front_end.base, "has_remote_token": bool(held)}
    return replace(
        web,
        entry="web.remote.server:run",
        config={**web.config, **remote},
        descriptors={**web.descriptors, **held},
        label=f"front end of {front_end.base}",
    )


def _web_settings(plan: Plan) -> dict[str, Any]:
    """What web must know to judge calls, and what is configured whether it ever delivers or not."""
    return {
        "host": plan.host,
        "port": plan.port,
        "allowed_hosts": list(plan.allowed_hosts),
        "cache_ttl_s": plan.cache_ttl_s,
        "poll_interval_s": plan.poll_interval_s,
        "venues": [venue.name for venue in plan.venues],
        "accounts": [
            {
                "venue": account.venue,
                "name": account.name,
                "label": account.label,
                "aliases": list(account.aliases),
            }
            for account in plan.accounts
        ],
        "streams": list(orderbook_topics(plan)),
        "demo": plan.simulated,
        "max_body_bytes": plan.max_body_bytes,
        "rate_limit": plan.rate_limit,
        "trusted_proxies": list(plan.trusted_proxies),
        "cors_origins": list(plan.cors_origins),
    }


def orderbook_topic(venue: str, symbol: str) -> str:
    """Of a market as the settings name it: pairs are spot markets where a venue has both."""
    products = _VENUES[venue].products
    product = "spot" if "spot" in products and "/" in symbol else "linear"
    return market_topic("orderbook", venue, product, symbol)


def orderbook_topics(plan: Plan) -> Iterator[str]:
    """All configured books, by venue."""
    for venue in plan.venues:
        for symbol in venue.markets:
            yield orderbook_topic(venue.name, symbol)


def _simulator(plan: Plan, venue: VenuePlan, owned: Owned, shared: Mapping[str, Any]) -> ChildSpec:
    return ChildSpec(
        actor=f"simulator:{venue.name}",
        kind=ChildKind.SIMULATOR,
        entry="actors.simulator.actor:run",
        config={
            **shared,
            "venue": venue.name,
            "seed": plan.demo_seed,
            "accounts": sum(account.venue == venue.name for account in plan.accounts),
            "markets": list(venue.markets),
        },
        descriptors={"listener": owned.simulators[venue.name].descriptor},
    )


def _account(plan: Plan, account: AccountPlan, venue: Mapping[str, Any]) -> ChildSpec:
    return ChildSpec(
        actor=account_actor(account.venue, account.name),
        kind=ChildKind.ACCOUNT,
        entry="actors.account:run",
        config={
            **venue,
            "name": account.name,
            "label": account.label,
            "poll_interval_s": plan.poll_interval_s,
            "cache_ttl_s": plan.cache_ttl_s,
            "exit_address": account.exit_address,
        },
        descriptors={} if account.secrets is None else {"secrets": account.secrets},
        label=account.label,
        secrets_digest=account.secrets_digest,
        quarantined=account.quarantined,
    )


def _orderbook(venue: str, symbol: str, streaming: Mapping[str, Any]) -> ChildSpec:
    topic = orderbook_topic(venue, symbol)
    return ChildSpec(
        actor=topic,
        kind=ChildKind.STREAM,
        entry="actors.stream:run",
        config={
            **streaming,
            "kind": "orderbook",
            "product": topic.split(":")[2],
            "symbol": symbol,
        },
        label=symbol,
    )
