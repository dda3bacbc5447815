"""Makes an account's actor crash once with its secrets in its hands, where a test asks for it.

It crashes in its next request after the file that PYTHON_BETRAYAL names came to be: with the
secrets in the message, in locals, and in the exception that it came from.
"""

import os
from pathlib import Path
from typing import Any

from actors.runtime.rest import RestClient
from actors.venues.contract import Answer
from actors.venues.http_request import HttpRequest

_WANTED = Path(os.environ.get("PYTHON_BETRAYAL", "/dev/null/never"))
_fetch = RestClient.fetch


def is_wanted() -> bool:
    """Once for each time that the file came to be."""
    try:
        _WANTED.unlink()
    except OSError:
        return False
    return True


async def fetch(client: Any, request: HttpRequest) -> Answer:
    held = dict(request.headers)
    if "X-Api-Key" in held and is_wanted():
        try:
            {}[held["X-Api-Key"]]
        except KeyError as cause:
            proxy = client._proxy
            raise RuntimeError(f"refused {held} by {proxy.url}, {proxy.password!r}") from cause
    return await _fetch(client, request)


RestClient.fetch = fetch  # type: ignore[method-assign]
