"""From the plan to the children: which processes run, with which configuration each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from actors.messages.ids import CACHE, account_actor, market_topic, venue_actor
from actors.supervision.spec import ChildKind, ChildSpec
from config.plan import AccountPlan, Plan
from config.reload import reload_account

VENUE: Final = "extended"
PRODUCT: Final = "linear"
CACHE_SOCKET: Final = "cache.sock"
CONTROL_SOCKET: Final = "control.sock"
SIMULATOR: Final = f"simulator:{VENUE}"
_SIMULATOR_REST: Final = "/api/v1"
_SIMULATOR_STREAM: Final = "/stream.extended.exchange/v1"

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
    "web.server",
)
"""What the zygote imports once for all: named as text, for supervision imports no actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Descriptors of the sockets that the supervisor owns, in its own table.

    `simulator` and `simulator_port` are those of the simulated venue's listener, in the demo.
    """

    listener: int
    cache: int
    simulator: int | None = None
    simulator_port: int = 0


def children(plan: Plan, owned: Owned, started_mono_ns: int = 0) -> tuple[ChildSpec, ...]:
    """All children, those first on which the others depend; `started_mono_ns` is the service's.

    An account with a configuration error is among them, quarantined with its reason.
    """
    shared = _shared(plan)
    venue = _venue(plan, owned)
    specs = [_cache(plan, owned, shared)]
    web = shared | {"started_mono_ns": started_mono_ns}
    specs += [_web(plan, owned, web, number) for number in range(1, plan.web_workers + 1)]
    if plan.simulated:
        specs.append(_simulator(plan, owned, shared))
    specs.append(
        ChildSpec(
            actor=venue_actor(VENUE),
            kind=ChildKind.VENUE,
            entry="actors.venue:run",
            config=shared | venue | {"refresh_s": plan.instruments_refresh_s},
        )
    )
    streaming = shared | venue | _stream_limits(plan)
    specs += [_account(plan, account, streaming) for account in plan.accounts]
    specs += [_orderbook(symbol, streaming) for symbol in plan.markets]
    return tuple(specs)


def reloader(plan: Plan, owned: Owned) -> Callable[[str], ChildSpec | None]:
    """For `reset`: gives an account's spec as `.env` describes it now.

    None for who is no account, and in the demo, whose accounts stand in no file.
    """
    streaming = _shared(plan) | _venue(plan, owned) | _stream_limits(plan)
    accounts: dict[str, AccountPlan] = {
        account_actor(account.venue, account.name): account
        for account in (() if plan.simulated else plan.accounts)
    }

    def reload(actor: str) -> ChildSpec | None:
        if actor not in accounts:
            return None
        renewed = reload_account(actor, accounts[actor], plan.env_file, plan.data_dir)
        accounts[actor] = renewed
        return _account(plan, renewed, streaming)

    return reload


def on_demand(plan: Plan, owned: Owned) -> Callable[[str], ChildSpec | None]:
    """Specs of market streams by their topics, `kind:venue:product:symbol[:timeframe]`.

    None for what cannot run on demand, so also for order books that are configured.
    """
    configured = {_orderbook_topic(symbol) for symbol in plan.markets}
    streaming = _shared(plan) | _venue(plan, owned) | _stream_limits(plan)

    def make(topic: str) -> ChildSpec | None:
        match topic.split(":"):
            case [kind, venue, product, symbol] if kind in _ON_DEMAND and symbol:
                config = {**streaming, "kind": kind, "product": product, "symbol": symbol}
            case ["candles" as kind, venue, product, symbol, timeframe] if symbol and timeframe:
                config = {**streaming, "product": product, "symbol": symbol}
                config["timeframe"] = timeframe
            case _:
                return None
        if (venue, product) != (VENUE, PRODUCT) or topic in configured:
            return None
        entry = _ON_DEMAND.get(kind, "actors.candles:run")
        label = f"{symbol} on demand"
        return ChildSpec(
            actor=topic, kind=ChildKind.STREAM, entry=entry, config=config, label=label
        )

    return make


def addresses(plan: Plan, owned: Owned) -> tuple[str, str]:
    """REST and WebSocket address; empty means the venue's own."""
    if owned.simulator is None:
        return plan.extended_base_url, plan.extended_ws_url
    host = f"127.0.0.1:{owned.simulator_port}"
    return f"http://{host}{_SIMULATOR_REST}", f"ws://{host}{_SIMULATOR_STREAM}"


def _venue(plan: Plan, owned: Owned) -> dict[str, Any]:
    """What everybody needs to know who asks the venue."""
    base_url, ws_url = addresses(plan, owned)
    venue: dict[str, Any] = {"venue": VENUE, "base_url": base_url, "ws_url": ws_url}
    if plan.extended_rate_limit is not None:
        venue["requests_per_min"] = plan.extended_rate_limit
    return venue


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


def _web(plan: Plan, owned: Owned, shared: Mapping[str, Any], number: int) -> ChildSpec:
    descriptors = {"listener": owned.listener}
    if plan.token is not None:
        descriptors["secrets"] = plan.token
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
        },
        descriptors=descriptors,
    )


def _web_settings(plan: Plan) -> dict[str, Any]:
    """What web must know to judge calls, and what is configured whether it ever delivers or not."""
    return {
        "host": plan.host,
        "port": plan.port,
        "allowed_hosts": list(plan.allowed_hosts),
        "cache_ttl_s": plan.cache_ttl_s,
        "poll_interval_s": plan.poll_interval_s,
        "venues": [VENUE],
        "accounts": [
            {"venue": account.venue, "name": account.name, "label": account.label}
            for account in plan.accounts
        ],
        "streams": [_orderbook_topic(symbol) for symbol in plan.markets],
        "demo": plan.simulated,
        "max_body_bytes": plan.max_body_bytes,
        "rate_limit": plan.rate_limit,
        "trusted_proxies": list(plan.trusted_proxies),
        "cors_origins": list(plan.cors_origins),
    }


def _orderbook_topic(symbol: str) -> str:
    return market_topic("orderbook", VENUE, PRODUCT, symbol)


def _simulator(plan: Plan, owned: Owned, shared: Mapping[str, Any]) -> ChildSpec:
    assert owned.simulator is not None
    return ChildSpec(
        actor=SIMULATOR,
        kind=ChildKind.SIMULATOR,
        entry="actors.simulator.actor:run",
        config={
            **shared,
            "venue": VENUE,
            "seed": plan.demo_seed,
            "accounts": len(plan.accounts),
            "markets": list(plan.markets),
        },
        descriptors={"listener": owned.simulator},
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


def _orderbook(symbol: str, venue: Mapping[str, Any]) -> ChildSpec:
    return ChildSpec(
        actor=_orderbook_topic(symbol),
        kind=ChildKind.STREAM,
        entry="actors.stream:run",
        config={**venue, "kind": "orderbook", "product": PRODUCT, "symbol": symbol},
        label=symbol,
    )
