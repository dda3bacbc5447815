"""The venue's published SDK at work on an address that is handed in; prints what it saw as JSON.

Runs in an environment of its own, which knows nothing of Broadcaster:
`python exercise.py '{"part": …, "api": …, "stream": …, "market": …, "trader": {…}, …}'`.
Only the SDK's own configuration object is filled in; nothing of the SDK is replaced.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from datetime import timedelta
from decimal import Decimal

from x10.clients.rest.rest_api_client import RestApiClient
from x10.clients.stream import StreamClient
from x10.config import TESTNET_CONFIG
from x10.core.stark_account import StarkPerpetualAccount
from x10.errors import ApiError
from x10.models.order import OrderSide, TimeInForce
from x10.utils.date import utc_now
from x10.version import SDK_VERSION

FRAME_SECONDS_MAX = 20.0
BOOK_FRAMES = 30
# The venue's public test key.
PRIVATE_KEY = "0x7a7ff6fd3cab02ccdcd4a572563f5976f8976899b03a39773795a3c486d4986"
PUBLIC_KEY = "0x61c5e7e8339b7d56f197f54ea91b776776690e3232313de0f2ecbd0ef76f466"


def plain(model):
    """What the SDK's models hold, as JSON can hold it."""
    if isinstance(model, list):
        return [plain(one) for one in model]
    if isinstance(model, dict):
        return {name: plain(one) for name, one in model.items()}
    if isinstance(model, Decimal):
        return str(model)
    return plain(model.model_dump()) if hasattr(model, "model_dump") else model


def client_of(order, account):
    endpoints = dataclasses.replace(
        TESTNET_CONFIG.endpoints,
        api_base_url=order["api"],
        api_base_order_management_url=order["api"],
        stream_url=order["stream"],
    )
    config = dataclasses.replace(TESTNET_CONFIG, endpoints=endpoints)
    return RestApiClient(
        config,
        StarkPerpetualAccount(
            vault=account["vault"],
            private_key=PRIVATE_KEY,
            public_key=PUBLIC_KEY,
            api_key=account["api_key"],
        ),
    )


async def read_rest(client, market):
    """Every read that the SDK knows and the protocol describes."""
    account, info, now = client.account, client.info, utc_now()
    calls = {
        "client": account.get_client(),
        "account": account.get_account(),
        "accounts": account.get_accounts(),
        "balance": account.get_balance(),
        "spot_balances": account.get_spot_balances(),
        "positions": account.get_positions(),
        "positions_history": account.get_positions_history(limit=10),
        "open_orders": account.get_open_orders(),
        "orders_history": account.get_orders_history(limit=10),
        "trades": account.get_trades(limit=50),
        "trades_of_market": account.get_trades(market_names=[market], limit=50),
        "fees": account.get_fees(market_names=[market]),
        "leverage": account.get_leverage(market_names=[market]),
        "operations": account.asset_operations(),
        "markets": info.get_markets(),
        "one_market": info.get_markets(market_names=[market]),
        "stats": info.get_market_statistics(market_name=market),
        "assets": info.get_assets(),
        "asset_price": info.get_asset_price(asset_name=market.removesuffix("-USD")),
        "orderbook": info.get_orderbook_snapshot(market_name=market),
        "candles": info.get_candles_history(
            market_name=market, candle_type="trades", interval="PT1M", limit=5
        ),
        "funding": info.get_funding_rates_history(
            market_name=market, start_time=now - timedelta(hours=6), end_time=now
        ),
    }
    answers = {}
    for name, call in calls.items():
        answer = await call
        assert answer.status == "OK", (name, answer)
        answers[name] = plain(answer.data)
    return answers


async def next_frame(stream):
    return await asyncio.wait_for(stream.recv(), FRAME_SECONDS_MAX)


async def follow_book(streams, market):
    """Frames of one book, and the book that the SDK's models make of them."""
    sides = {"bid": {}, "ask": {}}
    sequences = []
    async with streams.subscribe_to_orderbooks(market) as stream:
        while len(sequences) < BOOK_FRAMES:
            frame = await next_frame(stream)
            sequences.append(frame.seq)
            for name, levels in sides.items():
                if frame.type == "SNAPSHOT":
                    levels.clear()
                for level in getattr(frame.data, name):
                    levels[level.price] = levels.get(level.price, Decimal(0)) + level.qty
                    if not levels[level.price]:
                        del levels[level.price]
        return {
            "sequences": sequences,
            **{
                name: [[str(price), str(levels[price])] for price in sorted(levels)]
                for name, levels in sides.items()
            },
        }


async def read_public_streams(streams, market):
    found = {"book": await follow_book(streams, market)}
    for name, subscription in {
        "top": streams.subscribe_to_orderbooks(market, depth=1),
        "books": streams.subscribe_to_orderbooks(),
        "trades": streams.subscribe_to_public_trades(market),
        "all_trades": streams.subscribe_to_public_trades(),
        "candles": streams.subscribe_to_candles(market, "trades", "PT1M"),
        "mark_candles": streams.subscribe_to_candles(market, "mark-prices", "PT5M"),
    }.items():
        async with subscription as stream:
            found[name] = plain(await next_frame(stream))
    return found


async def read_funding(streams, market):
    async with streams.subscribe_to_funding_rates(market) as stream:
        return plain(await next_frame(stream))


async def frame_with(stream, section, matches, seen):
    while True:
        frame = await next_frame(stream)
        seen.append(frame.seq)
        for row in getattr(frame.data, section, None) or []:
            if matches(row):
                return plain(row)


async def trade(client, streams, api_key, market):
    """Orders that rest, are cancelled, replaced and filled, followed on the account's stream."""
    told = {}
    sequences = []
    stats = (await client.info.get_market_statistics(market_name=market)).data
    rules = (await client.info.get_markets_dict())[market].trading_config
    far = rules.round_price(stats.bid_price * Decimal("0.97"))
    near = rules.round_price(stats.ask_price * Decimal("1.02"))
    size = rules.min_order_size * 2
    terms = {"market_name": market, "amount_of_synthetic": size, "taker_fee": Decimal("0.0005")}
    async with streams.subscribe_to_account_updates(api_key) as stream:
        first = [await next_frame(stream), await next_frame(stream)]
        sequences += [frame.seq for frame in first]
        told["first"] = [plain(frame) for frame in first]

        async def order(order_id, *statuses):
            """The order as the stream tells it once it has one of these statuses."""
            return await frame_with(
                stream,
                "orders",
                lambda row: row.id == order_id and row.status in statuses,
                sequences,
            )

        placed = (await client.place_order(price=far, side=OrderSide.BUY, **terms)).data
        told["placed"] = plain(placed)
        told["resting"] = await order(placed.id, "NEW")
        told["by_id"] = plain((await client.account.get_order_by_id(placed.id)).data)
        told["by_external_id"] = plain(
            (await client.account.get_order_by_external_id(placed.external_id)).data
        )
        await client.orders.cancel_order(placed.id)
        told["cancelled"] = await order(placed.id, "CANCELLED")

        old = (await client.place_order(price=far, side=OrderSide.BUY, **terms)).data
        new = await client.place_order(
            price=far, side=OrderSide.BUY, previous_order_id=old.external_id, **terms
        )
        told["replaced"] = await order(old.id, "CANCELLED")
        await client.orders.cancel_order_by_external_id(new.data.external_id)
        told["replacement"] = await order(new.data.id, "CANCELLED")

        last = (await client.place_order(price=far, side=OrderSide.BUY, **terms)).data
        await client.orders.mass_cancel(markets=[market])
        told["mass_cancelled"] = await order(last.id, "CANCELLED")

        taking = await client.place_order(
            price=near, side=OrderSide.BUY, time_in_force=TimeInForce.IOC, **terms
        )
        told["filled"] = await order(taking.data.id, "FILLED")
        told["open_after"] = plain((await client.account.get_open_orders()).data)
    await client.account.update_leverage(market, Decimal(20))
    told["leverage"] = plain((await client.account.get_leverage(market_names=[market])).data)
    told["sequences"] = sequences
    return told


async def refused(order):
    """What the SDK makes of a wrong key."""
    client = client_of(order, {**order["watcher"], "api_key": "wrong"})
    try:
        await client.account.get_balance()
    except ApiError as error:
        return type(error).__name__
    finally:
        await client.close()
    return ""


async def live(order, trader):
    """What moves: the streams, and orders followed on the account's own."""
    streams = StreamClient(api_url=order["stream"], close_timeout=2)
    market = order["market"]
    public, funding, trades = await asyncio.gather(
        read_public_streams(streams, market),
        read_funding(streams, market),
        trade(trader, streams, order["trader"]["api_key"], market),
    )
    return {"streams": public, "funding": funding, "trade": trades, "refused": await refused(order)}


async def exercise(order):
    """The part that is asked for: `live`, or `read` of a world that stands still."""
    trader, watcher = client_of(order, order["trader"]), client_of(order, order["watcher"])
    try:
        if order["part"] == "live":
            return {"version": SDK_VERSION, **await live(order, trader)}
        return {
            "watcher": await read_rest(watcher, order["market"]),
            "trader": await read_rest(trader, order["market"]),
        }
    finally:
        await trader.close()
        await watcher.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(exercise(json.loads(sys.argv[1])))))
