"""Lighter's published SDK at work on an address that is handed in; prints what it saw as JSON.

Runs in an environment of its own, which knows nothing of Broadcaster:
`python exercise.py '{"part": …, "api": …, "stream": …, "owner": {…}, "other": {…}}'`.
Only the SDK's own arguments are filled in; nothing of the SDK is replaced.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import sys
import time

import lighter
from lighter.exceptions import ApiException

MARKETS = (0, 1)
FRAMES_MIN = 40
QUIET_SECONDS = 1.5
FOLLOW_SECONDS_MAX = 60.0
HOUR = 3_600


def signer_of(order, account, private_key=None):
    """A signer; the library keeps its key until the next one of the same slot is made."""
    return lighter.SignerClient(
        order["api"],
        account["account_index"],
        {account["api_key_index"]: private_key or account["private_key"]},
    )


def token_of(signer, account, life=600, timestamp=None):
    """A token as the native signer makes it; `timestamp` is when its life begins."""
    token, error = signer.create_auth_token_with_expiry(
        life, timestamp=timestamp, api_key_index=account["api_key_index"]
    )
    assert error is None, error
    return token


def plain(model):
    """What the SDK's model holds, under the names of the wire."""
    return json.loads(model.to_json())


async def outcome(call):
    """The answer's code, or the status and body of a refusal."""
    try:
        answer = await call
    except ApiException as error:
        return {"status": error.status, **json.loads(error.body)}
    return {"status": 200, "code": answer.code}


async def read_public(client, owner):
    now_ms = int(time.time() * 1000)
    index = owner["account_index"]
    account, order = lighter.AccountApi(client), lighter.OrderApi(client)
    candles = lighter.CandlestickApi(client)
    period = {"start_timestamp": now_ms - 2 * HOUR * 1000, "end_timestamp": now_ms}
    calls = {
        "status": lighter.RootApi(client).status(),
        "info": lighter.RootApi(client).info(),
        "system_config": lighter.InfoApi(client).system_config(),
        "account": account.account(by="index", value=str(index)),
        "active_account": account.account(by="index", value=str(index), active_only=True),
        "account_metadata": account.account_metadata(by="index", value=str(index)),
        "apikeys": account.apikeys(account_index=index, api_key_index=255),
        "next_nonce": lighter.TransactionApi(client).next_nonce(
            account_index=index, api_key_index=owner["api_key_index"]
        ),
        "order_books": order.order_books(),
        "order_book_details": order.order_book_details(filter="all"),
        "one_order_book": order.order_book_details(market_id=1),
        "order_book_orders": order.order_book_orders(market_id=0, limit=250),
        "recent_trades": order.recent_trades(market_id=0, limit=100),
        "exchange_stats": order.exchange_stats(),
        "asset_details": order.asset_details(),
        "candles": candles.candles(market_id=0, resolution="1m", count_back=120, **period),
        "fundings": candles.fundings(market_id=0, resolution="1h", count_back=10, **period),
        "funding_rates": lighter.FundingApi(client).funding_rates(),
        "announcement": lighter.AnnouncementApi(client).announcement(),
    }
    answers = {name: plain(await call) for name, call in calls.items()}
    wallet = answers["account"]["accounts"][0]["l1_address"]
    found = await account.accounts_by_l1_address(l1_address=wallet)
    return {**answers, "accounts_by_l1_address": plain(found)}


async def read_private(client, owner, token):
    index, now_s = owner["account_index"], int(time.time())
    account, order = lighter.AccountApi(client), lighter.OrderApi(client)
    own = {"account_index": index, "authorization": token}
    calls = {
        "open_orders": order.account_active_orders(**own),
        "open_orders_of_market": order.account_active_orders(market_id=0, **own),
        "closed_orders": order.account_inactive_orders(limit=100, **own),
        "limits": account.account_limits(**own),
        "funding": account.position_funding(limit=100, **own),
        "liquidations": account.liquidations(limit=10, **own),
        "points": lighter.ReferralApi(client).referral_points(**own),
        "pnl": account.pnl(
            by="index",
            value=str(index),
            resolution="5m",
            start_timestamp=now_s - HOUR,
            end_timestamp=now_s,
            count_back=5,
            authorization=token,
        ),
    }
    answers = {name: plain(await call) for name, call in calls.items()}
    fills, cursor = [], None
    while True:
        page = await order.trades(sort_by="trade_id", limit=20, cursor=cursor, **own)
        fills += [plain(row) for row in page.trades or []]
        cursor = page.next_cursor
        if not cursor:
            return {**answers, "trades": fills}


async def read_only_token(client, owner, token):
    """Made, used and revoked by the SDK."""
    account, index = lighter.AccountApi(client), owner["account_index"]
    made = await account.tokens_create(
        name="watcher",
        account_index=index,
        expiry=int(time.time()) + 30 * 24 * HOUR,
        sub_account_access=False,
        authorization=token,
    )
    reads = account.account_limits(account_index=index, authorization=made.api_token)
    told = {"made": plain(made), "read": await outcome(reads)}
    told["listed"] = plain(await account.tokens(account_index=index, authorization=token))
    revoked = await account.tokens_revoke(
        token_id=made.token_id, account_index=index, authorization=token
    )
    told["revoked"] = plain(revoked)
    reads = account.account_limits(account_index=index, authorization=made.api_token)
    told["after"] = await outcome(reads)
    return told


async def refusals(client, order, token):
    """What becomes of tokens that are wrong in one way each."""
    owner, other = order["owner"], order["other"]
    now = int(time.time())
    stranger, _, error = lighter.create_api_key()
    assert error is None, error
    deadline, index, slot, signature = token.split(":")
    wrong = signer_of(order, owner, stranger)
    tokens = {
        "good": token,
        "none": "",
        "wrong key": token_of(wrong, owner),
        "changed deadline": f"{int(deadline) + 1}:{index}:{slot}:{signature}",
        "other account": f"{deadline}:{other['account_index']}:{slot}:{signature}",
        "other key": f"{deadline}:{index}:{int(slot) + 1}:{signature}",
    }
    told = {"check of a wrong key": wrong.check_client()}
    right = signer_of(order, owner)
    tokens |= {
        "expired": token_of(right, owner, timestamp=now - HOUR),
        "too long": token_of(right, owner, 9 * HOUR),
        "long": token_of(right, owner, 7 * HOUR),
        "read-only": owner["read_only_token"],
        "read-only of another": other["read_only_token"],
    }
    api = lighter.AccountApi(client)
    for name, one in tokens.items():
        reads = api.account_limits(account_index=int(index), authorization=one)
        told[name] = await outcome(reads)
    await wrong.close()
    await right.close()
    return told


async def follow(order):
    """Books and an account as the SDK's stream client keeps them, until the world stands still."""
    index = order["owner"]["account_index"]
    changed, accounts = {str(market): 0 for market in MARKETS}, []
    heard = [time.monotonic()]

    def on_book(market, _):
        changed[market] += 1
        heard[0] = time.monotonic()

    def on_account(_, message):
        accounts.append(message)
        heard[0] = time.monotonic()

    client = lighter.WsClient(
        ws_url=order["stream"],
        order_book_ids=list(MARKETS),
        account_ids=[index],
        on_order_book_update=on_book,
        on_account_update=on_account,
    )
    running = asyncio.create_task(client.run_async())
    try:
        async with asyncio.timeout(FOLLOW_SECONDS_MAX):
            while not running.done():
                await asyncio.sleep(0.05)
                quiet = time.monotonic() - heard[0] > QUIET_SECONDS
                if quiet and min(changed.values()) >= FRAMES_MIN:
                    break
            else:
                await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return {"changed": changed, "books": client.order_book_states, "accounts": accounts}


async def exercise(order):
    """The part that is asked for: `follow` a world that moves, or `read` one that stands still."""
    if order["part"] == "follow":
        return await follow(order)
    owner = order["owner"]
    signer = signer_of(order, owner)
    client = lighter.ApiClient(configuration=lighter.Configuration(host=order["api"]))
    try:
        token = token_of(signer, owner)
        return {
            "version": importlib.metadata.version("lighter-sdk"),
            "check": signer.check_client(),
            "public": await read_public(client, owner),
            "private": await read_private(client, owner, token),
            "read_only": await read_only_token(client, owner, token),
            "refusals": await refusals(client, order, token),
        }
    finally:
        await client.close()
        await signer.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(exercise(json.loads(sys.argv[1])))))
