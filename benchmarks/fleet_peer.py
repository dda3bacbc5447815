"""The usual design: one asyncio process that gathers over all accounts, state in dicts.

`python fleet_peer.py CONFIG`: for each account an aiohttp session through its proxy that polls
balance and positions each 0.5 s and orders each 2 s, and a private stream (`websockets`) whose
rows go into the same dicts; `json.loads` throughout, nothing verified. Prints a JSON line once
every account has answered and streams; serves until stdin ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
import websockets
from aiohttp_socks import ProxyConnector

USER_AGENT = "bench"
ORDERS_EVERY = 4
"""Rounds from one look at the orders to the next."""
RETRY_SECONDS = 1.0


class Account:
    """What is known of one account."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told = told
        self.balance: dict[str, Any] = {}
        self.positions: dict[int, dict[str, Any]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.fills: dict[int, dict[str, Any]] = {}
        self.polled = asyncio.Event()
        self.streamed = asyncio.Event()

    async def poll(self, config: dict[str, Any]) -> None:
        headers = {"X-Api-Key": self.told["api_key"], "User-Agent": USER_AGENT}
        connector = ProxyConnector.from_url(self.told["proxy"])
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

            async def get(path: str) -> Any:
                async with session.get(config["base_url"] + path) as answer:
                    return json.loads(await answer.text())["data"]

            loop = asyncio.get_running_loop()
            due, rounds = loop.time(), 0
            while True:
                asked = [get("/user/balance"), get("/user/positions")]
                if rounds % ORDERS_EVERY == 0:
                    asked.append(get("/user/orders"))
                balance, positions, *orders = await asyncio.gather(*asked)
                self.balance = balance
                self.positions = {row["id"]: row for row in positions}
                for rows in orders:
                    self.orders = {row["id"]: row for row in rows}
                self.polled.set()
                rounds += 1
                due += config["interval_s"]
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def listen(self, config: dict[str, Any]) -> None:
        async for stream in websockets.connect(
            config["ws_url"] + "/account",
            proxy=self.told["proxy"],
            additional_headers={"X-Api-Key": self.told["api_key"]},
            user_agent_header=USER_AGENT,
        ):
            try:
                async for text in stream:
                    self.take(json.loads(text)["data"] or {})
                    self.streamed.set()
            except websockets.ConnectionClosed:
                await asyncio.sleep(RETRY_SECONDS)

    def take(self, data: dict[str, Any]) -> None:
        self.balance = data.get("balance") or self.balance
        for name, held in (("positions", self.positions), ("trades", self.fills)):
            held.update({row["id"]: row for row in data.get(name) or ()})
        for row in data.get("orders") or ():
            if row["status"] in ("NEW", "PARTIALLY_FILLED", "UNTRIGGERED"):
                self.orders[row["id"]] = row
            else:
                self.orders.pop(row["id"], None)


async def main(config: dict[str, Any]) -> None:
    accounts = [Account(told) for told in config["accounts"]]

    async def announced() -> None:
        for account in accounts:
            await account.polled.wait()
            await account.streamed.wait()
        print(json.dumps({"ready": len(accounts)}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        os._exit(0)

    works = [work for each in accounts for work in (each.poll(config), each.listen(config))]
    await asyncio.gather(announced(), *works)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(Path(sys.argv[1]).read_text())))
