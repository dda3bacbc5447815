"""A REST request as a value: what an adapter asks to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One REST request. `weight` counts against the venue's budget.

    `headers` are kept out of the repr: they carry the key.
    """

    name: str
    base_url: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "GET"
    weight: float = 1
    idempotent: bool = True

    @property
    def url(self) -> str:
        """The whole address, already encoded; a parameter may occur more than once."""
        path = quote(self.path, safe="/-_.~")
        return self.base_url + path + ("?" + urlencode(self.query) if self.query else "")
