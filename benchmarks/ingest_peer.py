"""ccxt.pro's own handler of the same venue over the same file; runs in a venv of its own."""

from __future__ import annotations

import asyncio
import json
import sys

import ccxt.pro
from ingest_stopwatch import read, timed

MARKET = {
    "id": "BTC-USD",
    "symbol": "BTC/USDC:USDC",
    "base": "BTC",
    "quote": "USDC",
    "settle": "USDC",
    "type": "swap",
    "swap": True,
    "spot": False,
    "contract": True,
    "linear": True,
    "precision": {"amount": 1e-5, "price": 1},
}


async def main() -> None:
    exchange = ccxt.pro.extended()
    exchange.set_markets([MARKET])
    client = exchange.client("wss://127.0.0.1/orderbooks/BTC-USD")
    figures = timed(client.handle_text_or_binary_message, read(sys.argv[1]))
    book = exchange.orderbooks[MARKET["symbol"]]
    best = (book["bids"][0], book["asks"][0], len(book["bids"]) + len(book["asks"]))
    print(json.dumps({**figures, "version": ccxt.__version__, "best": best}), flush=True)
    await exchange.close()


if __name__ == "__main__":
    asyncio.run(main())
