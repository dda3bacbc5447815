"""A simulated Lighter without a socket: its world, and what it answers to single requests."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from aiohttp.test_utils import make_mocked_request

from actors.simulator.accounts import Account
from actors.simulator.dialects.lighter_http import API_BASE, token_of
from actors.simulator.dialects.lighter_markets import DEFAULT_MARKETS, LighterMarkets
from actors.simulator.dialects.lighter_private import LighterPrivate
from actors.simulator.dialects.lighter_public import LighterPublic
from actors.simulator.dialects.lighter_signature import digest_of, sign
from actors.simulator.dialects.lighter_tokens import LighterTokens
from actors.simulator.dialects.registry import VENUES
from actors.simulator.exchange import Exchange
from actors.simulator.refused import Refused

HOUR_NS = 3_600 * 10**9
START_NS = 1_790_000_000 * 10**9
SEED = 20_27
TRAITS = VENUES["lighter"]


def lighter_world(accounts: int = 2, *, scripted: bool = True, **options: Any) -> Exchange:
    print("seed", SEED)
    specs = [it._replace(scripted=scripted) for it in TRAITS.demo_specs(SEED, accounts)]
    settings = {"seed": SEED, "start_ns": START_NS, "markets": DEFAULT_MARKETS, **options}
    return TRAITS.exchange(accounts=specs, **settings)


def signed_token(account: Account, deadline: int, key_index: int | None = None) -> str:
    """A token of the account's own key; signed with a fixed nonce, so that it is repeatable."""
    slot = account.api_key_index if key_index is None else key_index
    message = f"{deadline}:{account.account_id}:{slot}"
    signature = sign(bytes.fromhex(account.private_key), digest_of(message.encode()), 2**200 + 7)
    return f"{message}:{signature.hex()}"


class Desk:
    """Answers requests as the server would, without what stands before an answer."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.markets = LighterMarkets(exchange.markets)
        self.tokens = LighterTokens(exchange, exchange.seed)
        self._public = {(method, path): it for method, path, it in LighterPublic(exchange).routes()}
        self._private = {
            (method, path): it
            for method, path, it in LighterPrivate(exchange, self.tokens).routes()
        }

    @property
    def now_s(self) -> int:
        return self.exchange.now_ms // 1000

    def get(self, path: str, token: str = "", **parameters: Any) -> Any:
        """The body of a good answer; Refused otherwise."""
        return self._ask("GET", path, token, parameters, b"")

    def post(self, path: str, token: str = "", **fields: Any) -> Any:
        return self._ask("POST", path, token, {}, urlencode(fields).encode())

    def refused(self, path: str, token: str = "", **parameters: Any) -> tuple[int, str, str]:
        try:
            answer = self.get(path, token, **parameters)
        except Refused as refusal:
            return refusal.status, refusal.code, refusal.detail
        raise AssertionError(f"answered {answer}")

    def _ask(
        self, method: str, path: str, token: str, parameters: dict[str, Any], body: bytes
    ) -> Any:
        whole = path if path in {"/", "/info"} else f"{API_BASE}/{path}"
        target = f"{whole}?{urlencode(parameters)}" if parameters else whole
        headers = {"Authorization": token} if token else {}
        request = make_mocked_request(method, target, headers=headers)
        public = self._public.get((method, whole))
        if public is not None:
            response = public(request)
        else:
            account = self.tokens.account(token_of(request), self.now_s)
            response = self._private[method, whole](account, request, body)
        assert response.status == 200
        return json.loads(bytes(response.body))
