"""What a call becomes before it goes to the remote: its path, its fields, and by what right.

- Our own `API_TOKEN` ends here: the guard has judged it, and it goes no further.
- `REMOTE_API_TOKEN` is what the remote sees instead.
- A ticket is the remote's, which alone can judge it: such a call goes there without any token.
- Where neither token is set, what a client sends for itself goes through, to be judged there.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from quart.wrappers import Request, Websocket

from web.forwarded import Proxies
from web.guard import ticket_of
from web.problems import Problem
from web.remote.headers import Fields, caller, has_passed, to_remote, without_token
from web.remote.target import checked


class Passage(NamedTuple):
    """A call as the remote gets it; `path` has the query."""

    path: str
    fields: Fields
    bears_our_token: bool


class Asking:
    """Makes passages; `name` is this process in `Via`, the same for all its calls."""

    def __init__(self, *, asks_token: bool, remote_token: str, proxies: Proxies, name: str) -> None:
        self._asks_token = asks_token
        self._remote_token = remote_token
        self._proxies = proxies
        self._name = name

    def passage(self, asked: Request | Websocket) -> Passage:
        """Raises Problem for what is not relayed: other paths, and what came through us before."""
        scope = cast("dict[str, Any]", asked.scope)
        raw = list(scope["headers"])
        if has_passed(raw, self._name):
            detail = "REMOTE_API_BASE leads back to this service"
            raise Problem(508, "relay-loop", detail)
        right = self._right(asked)
        query = scope["query_string"]
        path = checked(scope["raw_path"], query if right is None else without_token(query))
        peer = (scope.get("client") or ("unknown",))[0]
        scheme = "https" if scope["scheme"] in ("https", "wss") else "http"
        asking = caller(raw, peer, scheme, trusted=self._proxies.trusts(peer))
        return Passage(path, to_remote(raw, asking, self._name, right), bool(right))

    def _right(self, asked: Request | Websocket) -> str | None:
        """What `Authorization` says there; None: what the client says."""
        if ticket_of(asked) is not None:
            return ""
        if self._remote_token:
            return f"Bearer {self._remote_token}"
        return "" if self._asks_token else None
