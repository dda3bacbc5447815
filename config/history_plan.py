"""Which store history goes to and for how long, out of the settings; and what is wrong in them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

import msgspec

from actors.errors import ConfigFault
from config.front_end import is_front_end
from config.history import (
    DATABASE_URL,
    DEMO_PREFIX,
    FILE,
    KINDS,
    SPOOL,
    SUPABASE_SERVICE_ROLE,
    SUPABASE_URL,
)
from config.settings import Settings

_LIBRARIES: Final = {"postgres": "asyncpg", "supabase": "postgrest"}
_NAMED_BY: Final = {"postgres": DATABASE_URL, "supabase": SUPABASE_URL}


class HistoryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Without secrets. `kind` is `off`, `sqlite`, `postgres` or `supabase`; `file` and `spool` are
    names in DATA_DIR.

    `days` of each kind of row that is not kept for ever. `secrets` is the descriptor of the store's
    address and keys for the recorder, `web_secrets` that for web, with its token.
    """

    kind: str = "off"
    file: str = FILE
    spool: str = SPOOL
    days: dict[str, int] = {}
    spool_mb: int = 1
    snapshot_interval_s: float = 0.0
    secrets: int | None = None
    web_secrets: int | None = None

    def config(self, data_dir: str) -> dict[str, Any]:
        """What recorder and web are told."""
        return {
            "kind": self.kind,
            "path": f"{data_dir}/{self.file}",
            "spool": f"{data_dir}/{self.spool}",
            "days": self.days,
            "spool_mb": self.spool_mb,
            "snapshot_interval_s": self.snapshot_interval_s,
        }


def history_plan(settings: Settings, *, simulated: bool) -> HistoryPlan:
    """DATABASE_URL before Supabase before SQLite; the demo has a SQLite file of its own."""
    prefix = DEMO_PREFIX if simulated else ""
    return HistoryPlan(
        kind=_kind(settings, simulated),
        file=prefix + FILE,
        spool=prefix + SPOOL,
        days=days_of(settings.history_days),
        spool_mb=settings.history_spool_mb,
        snapshot_interval_s=settings.history_snapshot_interval,
    )


def history_secrets(settings: Settings, kind: str) -> dict[str, str]:
    """What the store that was chosen needs to be opened; no other store's secrets."""
    names = {
        "postgres": (DATABASE_URL,),
        "supabase": (SUPABASE_URL, SUPABASE_SERVICE_ROLE),
    }.get(kind, ())
    return {name: _secret(settings, name) for name in names}


def history_faults(
    settings: Settings, mistaken: frozenset[str], *, simulated: bool
) -> tuple[ConfigFault, ...]:
    """Half of a pair, or a store whose library is not installed.

    `mistaken`: names of settings that are told of already.
    """
    kind = _kind(settings, simulated)
    if kind in ("off", "sqlite") and (simulated or not settings.history or is_front_end(settings)):
        return ()
    faults = []
    url, key = _secret(settings, SUPABASE_URL), _secret(settings, SUPABASE_SERVICE_ROLE)
    if url and not key and SUPABASE_SERVICE_ROLE not in mistaken:
        expected = f"the service role's key, because {SUPABASE_URL} is set"
        faults.append(ConfigFault(SUPABASE_SERVICE_ROLE, "nothing", expected))
    if key and not url and SUPABASE_URL not in mistaken:
        expected = f"the project's address, because {SUPABASE_SERVICE_ROLE} is set"
        faults.append(ConfigFault(SUPABASE_URL, "nothing", expected))
    library = _LIBRARIES.get(kind)
    if library is not None and find_spec(library) is None:
        found = f"a store that needs the package {library}, which is not installed"
        expected = f"it installed: pip install 'broadcaster[{kind}]'"
        faults.append(ConfigFault(_NAMED_BY[kind], found, expected))
    return tuple(faults)


def history_warnings(settings: Settings, *, simulated: bool) -> tuple[str, ...]:
    """Settings of stores that have no meaning beside another."""
    named = [name for name in (DATABASE_URL, SUPABASE_URL) if _secret(settings, name)]
    if is_front_end(settings) or not settings.history or not named:
        return ()
    if simulated:
        return (f"{', '.join(named)}: the demo keeps its history in {DEMO_PREFIX}{FILE} alone",)
    if len(named) > 1:
        return (f"{SUPABASE_URL}: not used, because {DATABASE_URL} is set",)
    return ()


def days_of(items: tuple[str, ...]) -> dict[str, int]:
    """Of a checked `HISTORY_DAYS`, the days of each kind that is not kept for ever."""
    if len(items) == 1 and items[0].isdigit():
        items = tuple(f"{kind}={items[0]}" for kind in KINDS)
    pairs = (item.split("=") for item in items)
    return {kind: int(number) for kind, number in pairs if int(number)}


def _kind(settings: Settings, simulated: bool) -> str:
    if not settings.history or is_front_end(settings):
        return "off"
    if simulated:
        return "sqlite"
    if _secret(settings, DATABASE_URL):
        return "postgres"
    return "supabase" if _secret(settings, SUPABASE_URL) else "sqlite"


def _secret(settings: Settings, name: str) -> str:
    text: str = getattr(settings, name.lower()).get_secret_value()
    return text
