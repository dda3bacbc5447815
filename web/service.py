"""What all handlers of one web process share."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast

import msgspec
from quart import current_app

from actors.cache.replica import Replica
from actors.errors import ConfigFault
from actors.messages.ids import ACCOUNT_KINDS, MARKET_KINDS, account_topic, topic_kind
from actors.runtime.clock import Clock
from actors.sinks.contract import HistoryReader
from web.composer import Composer
from web.control import Control
from web.demand import Demand
from web.feed import Feed
from web.history import History
from web.latency import WebLatency
from web.reading import Reading

KEY: Final = "broadcaster"
RATE_WINDOW_S: Final = 10
REQUEST_WINDOW_S: Final = 60
NO_HISTORY: Final[Mapping[str, Any]] = {"kind": "off"}


class ConfiguredAccount(msgspec.Struct, frozen=True):
    """An account of the configuration, whether it ever delivered or not.

    `aliases` are its venue's own names for it, such as Lighter's account index.
    """

    venue: str
    name: str
    label: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.venue}:{self.name}"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The web's settings as the supervisor hands them over; `streams` are topics."""

    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    cache_ttl_s: float
    poll_interval_s: float
    venues: tuple[str, ...]
    accounts: tuple[ConfiguredAccount, ...]
    streams: tuple[str, ...]
    demo: bool
    max_body_bytes: int
    rate_limit: int
    trusted_proxies: tuple[str, ...]
    cors_origins: tuple[str, ...]

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False


def read_settings(plain: Mapping[str, Any], token: str) -> Settings:
    """The settings, or ConfigFault where they are none or would leave the service open."""
    try:
        settings = msgspec.convert(plain, Settings)
    except msgspec.ValidationError as error:
        raise ConfigFault("settings", str(error), "the web's settings") from error
    if not settings.loopback and not token:
        raise ConfigFault(
            "API_TOKEN",
            "nothing",
            f"a token, because HOST={settings.host} can be reached from other machines",
        )
    return settings


class Rates:
    """Messages a second per venue, and requests a minute; sampled once a second."""

    def __init__(self) -> None:
        self._samples: deque[dict[tuple[str, str, str], int]] = deque(maxlen=RATE_WINDOW_S + 1)
        self._requests: deque[int] = deque([0], maxlen=REQUEST_WINDOW_S)
        self.requests = 0
        """Since the start."""

    def request(self) -> None:
        self._requests[-1] += 1
        self.requests += 1

    def sample(self, replica: Replica) -> None:
        """Called each second."""
        lanes = (datum.value for datum in replica.store.connections.values())
        self._samples.append({(it.venue, it.actor, it.lane): it.messages for it in lanes})
        self._requests.append(0)

    def messages_per_s(self, venue: str) -> float:
        """What each lane counted from one sample to the next.

        A lane that is new here may have counted for long, and a restarted actor counts from 0
        again: neither tells how many came in that second.
        """
        total = 0
        for before, after in pairwise(self._samples):
            for lane, messages in after.items():
                if lane[0] == venue:
                    total += max(0, messages - before.get(lane, messages))
        return round(total / max(1, len(self._samples) - 1), 2)

    @property
    def requests_per_minute(self) -> int:
        return sum(self._requests)


@dataclass(slots=True, kw_only=True)
class Service:
    """The parts of a web process; made once, read by every handler."""

    replica: Replica
    reading: Reading
    composer: Composer
    feed: Feed
    control: Control
    demand: Demand
    history: History
    clock: Clock
    settings: Settings
    token: str
    mode: str
    simulated: bool
    version: str
    rates: Rates
    latency: WebLatency
    started_mono_ns: int
    """The whole service's start; `web_started_mono_ns`: this process's."""
    web_started_mono_ns: int
    report: Callable[[BaseException], None]

    @property
    def uptime_s(self) -> float:
        return round((self.clock.monotonic_ns() - self.started_mono_ns) / 1e9, 3)

    @property
    def web_uptime_s(self) -> float:
        return round((self.clock.monotonic_ns() - self.web_started_mono_ns) / 1e9, 3)

    def accounts(self) -> list[ConfiguredAccount]:
        """Configured accounts first, then others that were heard of."""
        known = {(account.venue, account.name): account for account in self.settings.accounts}
        for venue, name in sorted(self.replica.store.accounts):
            known.setdefault((venue, name), ConfiguredAccount(venue, name))
        return list(known.values())

    def books(self) -> list[str]:
        """Topics of all order book streams, configured or heard of."""
        configured = [topic for topic in self.settings.streams if topic.startswith("orderbook:")]
        return sorted({*configured, *self.replica.store.books})

    def is_on_demand(self, actor: str) -> bool:
        """Whether a client's wish alone makes it run: a service is well without it."""
        return topic_kind(actor) in MARKET_KINDS and actor not in self.settings.streams

    def venues(self) -> list[str]:
        found = {*self.settings.venues, *self.replica.store.instruments}
        found |= {account.venue for account in self.accounts()}
        return sorted(found | {topic.split(":")[1] for topic in self.books()})


def make_service(
    *,
    actor: str,
    replica: Replica,
    control: Control,
    clock: Clock,
    config: Mapping[str, Any],
    token: str,
    report: Callable[[BaseException], None],
    reader: HistoryReader | None = None,
) -> Service:
    """Puts the parts of `actor` together; `config` is that of the child (contracts, section 6).

    `reader` reads the store of history that `config` names; None where it names none.
    """
    settings = read_settings(config["settings"], token)
    latency = WebLatency(replica.actor_id, replica.delays, clock.monotonic_ns())
    reading = Reading(replica, clock, latency)
    composer = Composer(replica, reading, clock)
    expected = [
        account_topic(kind, account.venue, account.name)
        for account in settings.accounts
        for kind in sorted(ACCOUNT_KINDS)
    ]
    services = ["connections", "supervision", "errors", "latency", "points"]
    feed = Feed(replica, composer, reading, clock, [*expected, *settings.streams, *services])
    return Service(
        replica=replica,
        reading=reading,
        composer=composer,
        feed=feed,
        control=control,
        demand=Demand(
            replica,
            control,
            clock,
            actor,
            configured=settings.streams,
            venues=settings.venues,
        ),
        history=History(reader, _history_kind(config), clock),
        clock=clock,
        settings=settings,
        token=token,
        mode=str(config["mode"]),
        simulated=bool(config["simulated"]),
        version=str(config["version"]),
        rates=Rates(),
        latency=latency,
        started_mono_ns=int(config["started_mono_ns"]),
        web_started_mono_ns=clock.monotonic_ns(),
        report=report,
    )


def _history_kind(config: Mapping[str, Any]) -> str | None:
    """The store that keeps history; None where it is off."""
    kind = config.get("history", NO_HISTORY)["kind"]
    return None if kind == NO_HISTORY["kind"] else str(kind)


def service() -> Service:
    """The service of the app that handles the current request."""
    return cast("Service", current_app.extensions[KEY])
