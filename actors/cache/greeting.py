"""What the cache tells a source at its hello: how far its account is known; pure."""

from __future__ import annotations

from actors.cache.accounts import AccountState
from actors.cache.store import Store
from actors.messages.control import Welcome
from actors.messages.ids import account_topic


def source_welcome(store: Store, stream_id: str, source: str, acknowledged: int) -> Welcome:
    """Cursors and what is held of every account that `source` last spoke for."""
    cursors: dict[str, str] = {}
    held: dict[str, tuple[str, ...]] = {}
    fills: dict[str, tuple[str, ...]] = {}
    fundings: dict[str, tuple[str, ...]] = {}
    for account in store.accounts.values():
        if account.source == source:
            _add(account, cursors, held, fills)
            topic = account_topic("fundings", account.venue, account.name)
            fundings[topic] = tuple(datum.value.funding_id for datum in account.fundings)
    return Welcome(
        stream_id=stream_id,
        seq=store.seq,
        acknowledged=acknowledged,
        cursors=cursors,
        held=held,
        fills=fills,
        fundings=fundings,
    )


def _add(
    account: AccountState,
    cursors: dict[str, str],
    held: dict[str, tuple[str, ...]],
    fills: dict[str, tuple[str, ...]],
) -> None:
    def topic(section: str) -> str:
        return account_topic(section, account.venue, account.name)

    if newest := account.newest_fill_id():
        cursors[topic("fills")] = newest
    if account.order_version:
        cursors[topic("orders")] = str(account.order_version)
    held[topic("orders")] = tuple(account.orders)
    held[topic("positions")] = tuple(account.positions)
    fills[topic("fills")] = tuple(datum.value.fill_id for datum in account.fills)
