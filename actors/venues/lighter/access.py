"""One account at the venue: its stream and its REST calls, over the same token and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actors.venues.contract import Access
from actors.venues.lighter.account_session import AccountSession
from actors.venues.lighter.credentials import credentials, public_key
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.requests import Requests


def account_access(
    account: str,
    secrets: Mapping[str, str],
    *,
    base_url: str,
    ws_url: str,
    now_ns: Callable[[], int],
) -> Access:
    """`secrets`: account_index, private (the key of a slot, or a `ro:` token), and with a key
    api_key_index; public is compared with what the venue holds, where it is told.

    Raises ConfigFault. With a private key it loads the venue's signer into this process.
    """
    compared = public_key(secrets)
    access = credentials(secrets, base_url, now_ns)
    index, markets, figures = access.account_index, Markets(), AccountFigures(account)
    return Access(
        session=AccountSession(ws_url, account, index, markets, access, figures=figures),
        requests=Requests(
            base_url, account, index, markets, access, figures=figures, public_key=compared
        ),
    )
