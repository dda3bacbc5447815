"""How settings are spelt: readers of lists, markets, addresses, origins, tokens and delays.

Each takes what a user wrote and gives the value, or raises ValueError whose text says what was
expected.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from config.families import FAMILIES

MARKETS_MAX: Final = 500
LIST_ITEMS_MAX: Final = 500
DSN_LENGTH_MAX: Final = 500
_MARKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*-USD")
_MARKET_ALIAS = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.]*)-PERP", re.IGNORECASE)
_MARKET_UNIFIED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.]*)/USDC?:USDC?", re.IGNORECASE)
_LIGHTER_PERPETUAL = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9_.]{0,30}?)(?:-PERP|-USDC?|/USDC?:USDC?)?", re.IGNORECASE
)
_LIGHTER_SPOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,30}/[A-Za-z0-9]{1,15}")
_ORIGIN = re.compile(
    r"(https?)://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::([1-9]\d{0,4}))?"
)
_REMOTE = re.compile(f"{_ORIGIN.pattern}((?:/[A-Za-z0-9._~-]+)*/?)", re.IGNORECASE)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TOKEN = re.compile(r"[\x21-\x7e]{8,512}")


def _parts_of(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _items(text: object) -> object:
    """Each once, in the order of their first coming."""
    parts = _parts_of(text)
    return tuple(dict.fromkeys(parts)) if isinstance(parts, tuple) else parts


def _markets(items: tuple[str, ...]) -> tuple[str, ...]:
    """Names as the venue spells them; `X-PERP` and `X/USDC:USDC` mean `X-USD`.

    A name in small letters alone is taken for the same in capitals, which is how most are listed.
    """
    if "*" in items:
        if len(items) > 1:
            raise ValueError("either * for all markets or names, not both")
        return items
    found = []
    for item in items:
        name = item.upper() if item == item.lower() else item
        alias = _MARKET_ALIAS.fullmatch(name) or _MARKET_UNIFIED.fullmatch(name)
        name = f"{alias[1]}-USD" if alias else name
        if not _MARKET.fullmatch(name):
            raise ValueError(f"markets named like BTC-USD or BTC-PERP ({item[:40]!r} is not)")
        found.append(name)
    if len(found) > MARKETS_MAX:
        raise ValueError(f"at most {MARKETS_MAX} markets")
    return tuple(dict.fromkeys(found))


def _demo_venues(items: tuple[str, ...]) -> tuple[str, ...]:
    known = [family.venue for family in FAMILIES]
    found = tuple(item.lower() for item in items)
    if not found or not set(found) <= set(known):
        raise ValueError(f"some of {', '.join(known)}")
    return found


def _lighter_markets(items: tuple[str, ...]) -> tuple[str, ...]:
    """Perpetuals by their base (`ETH`), spot markets as pairs (`ETH/USDC`)."""
    if "*" in items:
        if len(items) > 1:
            raise ValueError("either * for all markets or names, not both")
        return items
    found = []
    for item in items:
        name = item.upper() if item == item.lower() else item
        perpetual = _LIGHTER_PERPETUAL.fullmatch(name)
        if perpetual is None and not _LIGHTER_SPOT.fullmatch(name):
            expected = "markets named like ETH, ETH-PERP or ETH/USDC"
            raise ValueError(f"{expected} ({item[:40]!r} is not)")
        found.append(perpetual[1] if perpetual is not None else name)
    if len(found) > MARKETS_MAX:
        raise ValueError(f"at most {MARKETS_MAX} markets")
    return tuple(dict.fromkeys(found))


def _parts(text: str) -> SplitResult | None:
    """An address taken apart; None where it cannot be, its port included."""
    try:
        parts = urlsplit(text)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _url(*schemes: str) -> AfterValidator:
    def check(text: str) -> str:
        parts = _parts(text)
        if parts is None or parts.scheme not in schemes or parts.query or parts.fragment:
            begin = " or ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(f"an address that begins with {begin}")
        if parts.username or parts.password:
            raise ValueError("an address without user name and password")
        return text.rstrip("/")

    return AfterValidator(check)


def _remote(text: str) -> str:
    """An origin and perhaps a path, in which nothing is left to be resolved or decoded."""
    if not text:
        return text
    match = _REMOTE.fullmatch(text)
    if match is None or _parts(text) is None or {".", ".."} & set(match[4].split("/")):
        raise ValueError("an address like https://collector.example or http://10.0.0.5:5000/path")
    return f"{text[: match.start(4)].lower()}{match[4].rstrip('/')}"


def _host(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not _HOST_NAME.fullmatch(text):
            raise ValueError("an address or name to listen on, without a port") from None
    return text


def _networks(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        try:
            ipaddress.ip_network(item)
        except ValueError:
            raise ValueError(
                f"addresses or networks like 10.0.0.7 or 172.16.0.0/12 ({item[:40]!r} is none)"
            ) from None
    return items


def _origins(items: tuple[str, ...]) -> tuple[str, ...]:
    """As a browser spells them: scheme, host in small letters, port where it is no default."""
    found = []
    for item in items:
        match = _ORIGIN.fullmatch(item)
        if match is None or _parts(item) is None:
            # What stands before an @ may be a password.
            shown = "one" if "@" in item else repr(item[:60])
            raise ValueError(f"origins like https://desk.example ({shown} is none)")
        scheme, host, port = match.groups()
        suffix = "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"
        found.append(f"{scheme}://{host.lower()}{suffix}")
    return tuple(dict.fromkeys(found))


def _token(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() and not _TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("8 to 512 visible ASCII characters without blanks")
    return secret


def _dsn(secret: SecretStr) -> SecretStr:
    """As Sentry shows it: an address with a key, and a project at its end."""
    text = secret.get_secret_value()
    parts = _parts(text)
    if text and (
        parts is None
        or len(text) > DSN_LENGTH_MAX
        or parts.scheme not in ("http", "https")
        or not parts.username
        or not parts.path.rpartition("/")[2].isdecimal()
    ):
        raise ValueError("a DSN as Sentry shows it in the settings of a project")
    return secret


def _environment(text: str) -> str:
    if not _ENVIRONMENT.fullmatch(text):
        raise ValueError("up to 64 letters, digits, dots, dashes and underscores")
    return text


def _delays(items: tuple[str, ...]) -> tuple[str, ...]:
    for item in items:
        if not re.fullmatch(r"\d{1,5}(\.\d{1,3})?", item):
            raise ValueError(f"seconds, separated by commas ({item[:40]!r} is no number)")
    if not items:
        raise ValueError("at least one number of seconds")
    return items


UpperCase = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)
AnyCase = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
Items = Annotated[tuple[str, ...], BeforeValidator(_items), Field(max_length=LIST_ITEMS_MAX)]
Networks = Annotated[Items, AfterValidator(_networks)]
Origins = Annotated[Items, AfterValidator(_origins)]
Markets = Annotated[Items, AfterValidator(_markets)]
DemoVenues = Annotated[Items, AfterValidator(_demo_venues)]
LighterMarkets = Annotated[Items, AfterValidator(_lighter_markets)]
Delays = Annotated[
    tuple[str, ...],
    BeforeValidator(_parts_of),
    Field(max_length=LIST_ITEMS_MAX),
    AfterValidator(_delays),
]
Host = Annotated[str, AfterValidator(_host)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Dsn = Annotated[SecretStr, AfterValidator(_dsn)]
Environment = Annotated[str, AfterValidator(_environment)]
HttpUrl = Annotated[str, _url("http", "https")]
RemoteUrl = Annotated[str, AfterValidator(_remote)]
SocketUrl = Annotated[str, _url("ws", "wss")]
