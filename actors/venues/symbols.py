"""Which market of a venue a name means: native names, aliases, unified symbols and `*`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from actors.errors import UsageFault
from actors.messages.market import Instrument, InstrumentList

ALL: Final = "*"
_NEAREST_MAX: Final = 3
_SYMBOL_LENGTH_MAX: Final = 80


class UnknownSymbol(UsageFault):
    """No such market; `nearest` are names that look like it."""

    def __init__(self, symbol: str, nearest: Sequence[str]) -> None:
        self.symbol = symbol
        self.nearest = tuple(nearest)
        hint = f"; nearest: {', '.join(nearest)}" if nearest else ""
        super().__init__(f"unknown market {symbol[:80]!r}{hint}")


class AmbiguousSymbol(UsageFault):
    """A name that more than one market answers to; use one of `candidates`."""

    def __init__(self, symbol: str, candidates: Sequence[str]) -> None:
        self.symbol = symbol
        self.candidates = tuple(candidates)
        super().__init__(f"market {symbol[:80]!r} may be any of {', '.join(candidates)}")


class Symbols:
    """The instruments of one moment, by every name that they answer to."""

    __slots__ = ("_by_name", "_by_symbol")

    def __init__(self, instruments: InstrumentList) -> None:
        self._by_symbol = {item.symbol: item for item in instruments.items}
        self._by_name: dict[str, list[Instrument]] = {}
        for item in instruments.items:
            # A name of one market that differs in case only must not count twice.
            for name in {each.upper() for each in (item.symbol, item.unified, *item.aliases)}:
                self._by_name.setdefault(name, []).append(item)

    def resolve(self, name: str) -> Instrument:
        """The native name first, exactly; then any name in any case.

        UnknownSymbol where nothing answers (no name is guessed), AmbiguousSymbol where several do.
        """
        exact = self._by_symbol.get(name)
        if exact is not None:
            return exact
        found = self._by_name.get(name.upper(), [])
        if len(found) > 1:
            raise AmbiguousSymbol(name, [item.symbol for item in found])
        if not found:
            wanted = name[:_SYMBOL_LENGTH_MAX].upper()
            near = difflib.get_close_matches(wanted, self._by_name, _NEAREST_MAX)
            raise UnknownSymbol(name, list(dict.fromkeys(self._by_name[n][0].symbol for n in near)))
        return found[0]

    def resolve_all(self, names: Iterable[str]) -> list[Instrument]:
        """Each instrument once, in the order asked for; `*` stands for all that are active."""
        found: dict[str, Instrument] = {}
        for name in names:
            if name.strip() == ALL:
                chosen = [item for item in self._by_symbol.values() if item.status == "active"]
            else:
                chosen = [self.resolve(name.strip())]
            found.update((item.symbol, item) for item in chosen)
        return list(found.values())
