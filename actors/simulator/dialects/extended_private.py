"""Extended's private REST endpoints (PROTOCOL 2.5): what a key may see and do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from actors.simulator.accounts import Account, Position
from actors.simulator.dialects.contract import PrivateAnswer
from actors.simulator.dialects.extended_http import (
    API_BASE,
    bad_parameter,
    ok,
    one_of,
    page_limit,
    paged,
    whole_number,
)
from actors.simulator.dialects.extended_orders import read_order
from actors.simulator.dialects.extended_rows import (
    account_row,
    balance_row,
    fill_row,
    funding_row,
    order_row,
    points_rows,
    position_history_row,
    position_row,
    spot_row,
)
from actors.simulator.exchange import Exchange
from actors.simulator.ledger import newest
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import Fill, FundingPaid, Order
from actors.simulator.refused import Refused

_SIDES: Final = {"BUY": BUY, "SELL": SELL, "LONG": BUY, "SHORT": SELL}
_TAKER_RATE: Final = "0.00025"


class _Leverage(msgspec.Struct):
    market: str
    leverage: str | int | float


class _MassCancel(msgspec.Struct, rename="camel"):
    markets: list[str] = []
    order_ids: list[int] = []
    external_order_ids: list[str] = []
    cancel_all: bool = False


_Body = TypeVar("_Body", _Leverage, _MassCancel)


class ExtendedPrivate:
    """Answers for the account that the key belongs to."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[tuple[str, str, PrivateAnswer]]:
        user = f"{API_BASE}/user"
        return [
            ("GET", f"{user}/account/info", self.account_info),
            ("GET", f"{user}/accounts", self.account_list),
            ("GET", f"{user}/client/info", self.client_info),
            ("GET", f"{user}/balance", self.balance),
            ("GET", f"{user}/spot/balances", self.spot_balances),
            ("GET", f"{user}/positions", self.positions),
            ("GET", f"{user}/positions/history", self.position_history),
            ("GET", f"{user}/orders", self.open_orders),
            ("GET", f"{user}/orders/history", self.order_history),
            ("GET", f"{user}/orders/external/{{external}}", self.external_order),
            ("GET", f"{user}/orders/{{id}}", self.one_order),
            ("GET", f"{user}/trades", self.fills),
            ("GET", f"{user}/funding/history", self.funding_history),
            ("GET", f"{user}/assetOperations", self.asset_operations),
            ("GET", f"{user}/fees", self.fees),
            ("GET", f"{user}/leverage", self.leverage),
            ("PATCH", f"{user}/leverage", self.set_leverage),
            ("GET", f"{user}/rebates/stats", self.rebates),
            ("GET", f"{user}/rewards/earned", self.points),
            ("GET", f"{user}/rewards/leaderboard/stats", self.rank),
            ("POST", f"{user}/order", self.place),
            ("POST", f"{user}/order/massCancel", self.mass_cancel),
            ("DELETE", f"{user}/order", self.cancel_external),
            ("DELETE", f"{user}/order/{{id}}", self.cancel),
        ]

    # who

    def account_info(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        """With the account's keys in it, as live: clients must redact them."""
        row = account_row(account)
        last = row.pop("accountIndexForKeyGeneration")
        return ok({**row, "apiKeys": [account.api_key], "accountIndexForKeyGeneration": last})

    def account_list(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        return ok([account_row(account)])

    def client_info(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        row = account_row(account)
        address = row["bridgeStarknetAddress"]
        return ok({"id": account.account_id, "starknetWalletAddress": address})

    # what it has

    def balance(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        if account.empty:
            raise Refused(404, "NOT_FOUND", "Balance not found")
        return ok(balance_row(account, self._exchange.trading.margin(account)))

    def spot_balances(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        return ok([spot_row(account)] if account.spot_shares else [])

    def positions(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        matches = self._filter(request, ("LONG", "SHORT"))
        margin = self._exchange.trading.margin(account)
        return ok(
            [
                position_row(one, self._exchange.markets[one.spec.name], margin)
                for one in account.positions.values()
                if matches(one.spec.name, one.side)
            ]
        )

    def position_history(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        matches = self._filter(request, ("LONG", "SHORT"))

        def fits(position: Position) -> bool:
            return matches(position.spec.name, position.side)

        ledger = self._exchange.ledger.accounts[account.account_id]
        cursor, limit = whole_number(request, "cursor"), page_limit(request)
        rows = newest(ledger.positions, lambda one: one.position_id, fits, cursor, limit)
        return paged([position_history_row(one) for one in rows])

    # its orders

    def open_orders(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        matches = self._filter(request, ("BUY", "SELL"))
        kind = request.query.get("type")
        orders = [
            one
            for one in account.orders.values()
            if matches(one.market, one.side) and kind in {None, one.type}
        ]
        return ok([self._order_row(one) for one in reversed(orders)])

    def order_history(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        matches = self._filter(request, ("BUY", "SELL"))
        kind, external = request.query.get("type"), request.query.get("externalId")
        wanted = {int(text) for text in request.query.getall("id", []) if text.isdigit()}
        one_of(request, "sort", ("ID", "UPDATED_AT"))
        by_change = request.query.get("sort") == "UPDATED_AT"

        def fits(order: Order) -> bool:
            return (
                not order.open
                and matches(order.market, order.side)
                and kind in {None, order.type}
                and external in {None, order.external_id}
                and (not wanted or order.order_id in wanted)
            )

        orders = list(self._exchange.ledger.accounts[account.account_id].orders.values())
        cursor, limit = whole_number(request, "cursor"), page_limit(request)
        if by_change:
            orders = up_to(sorted(orders, key=lambda one: (one.updated_ms, one.order_id)), cursor)
            cursor = None
        rows = newest(orders, lambda one: one.order_id, fits, cursor, limit)
        return paged([self._order_row(one) for one in rows])

    def one_order(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        return ok(self._order_row(self._order(account, request)))

    def external_order(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        external = request.match_info["external"]
        orders = self._exchange.ledger.accounts[account.account_id].orders.values()
        rows = [self._order_row(one) for one in orders if one.external_id == external]
        if not rows:
            raise Refused(404, "1142", "Order not found")
        return ok(rows)

    def fills(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        matches = self._filter(request, ("BUY", "SELL"))

        def fits(fill: Fill) -> bool:
            return matches(fill.market, fill.side)

        ledger = self._exchange.ledger.accounts[account.account_id]
        cursor, limit = whole_number(request, "cursor"), page_limit(request)
        rows = newest(ledger.fills, lambda one: one.fill_id, fits, cursor, limit)
        markets = self._exchange.markets
        return paged([fill_row(one, markets[one.market].spec, stream=False) for one in rows])

    # money

    def funding_history(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        from_ms = whole_number(request, "fromTime")
        if from_ms is None:
            from_ms = whole_number(request, "startTime")
        if from_ms is None:
            raise Refused(400, "400", "fromTime is required")
        since_ms = from_ms
        matches = self._filter(request, ("LONG", "SHORT"))

        def fits(paid: FundingPaid) -> bool:
            return paid.paid_ms >= since_ms and matches(paid.market, paid.side)

        ledger = self._exchange.ledger.accounts[account.account_id]
        cursor, limit = whole_number(request, "cursor"), page_limit(request)
        rows = newest(ledger.funding, lambda one: one.payment_id, fits, cursor, limit)
        markets = self._exchange.markets
        return paged([funding_row(one, markets[one.market].spec) for one in rows])

    def asset_operations(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        """The one deposit that the account began with."""
        row = {
            "id": str(account.account_id),
            "type": "DEPOSIT",
            "status": "COMPLETED",
            "amount": f"{account.deposited // 10**6}.0000000000000000",
            "fee": "0.0000000000000000",
            "asset": 1,
            "time": account.created_ms,
            "accountId": account.account_id,
            "transactionHash": account.l2_key,
            "chain": "ETH",
        }
        rows = [row] if account.deposited else []
        return ok(rows, {"count": len(rows)})

    def fees(self, _: Account, request: web.Request, __: bytes) -> web.Response:
        return ok(
            [
                {
                    "market": name,
                    "makerFeeRate": "0.00000",
                    "takerFeeRate": _TAKER_RATE,
                    "builderFeeRate": "0",
                }
                for name in self._names(request)
            ]
        )

    def leverage(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        names = self._names(request)
        return ok([{"market": name, "leverage": str(account.leverage_of(name))} for name in names])

    def set_leverage(self, account: Account, _: web.Request, body: bytes) -> web.Response:
        """Answers with an empty body, as the venue does."""
        order = _decoded(body, _Leverage)
        market = self._exchange.markets.get(order.market)
        if market is None:
            raise Refused(404, "1001", "Market not found.")
        text = str(order.leverage).partition(".")[0]
        if not text.isdigit() or not 1 <= int(text) <= market.spec.max_leverage:
            raise Refused(400, "1050", "Leverage exceeds the maximum of the market")
        self._exchange.set_leverage(account, market.name, int(text))
        return web.Response(status=200)

    def rebates(self, _: Account, __: web.Request, ___: bytes) -> web.Response:
        return ok(
            [
                {
                    "totalPaid": "0",
                    "rebatesRate": "0",
                    "marketShare": "0.002",
                    "nextTierMakerShare": "0.01",
                    "nextTierRebateRate": "0.00005",
                }
            ]
        )

    def points(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        return ok(points_rows(account))

    def rank(self, account: Account, _: web.Request, __: bytes) -> web.Response:
        rewards = [row for season in points_rows(account) for row in season["epochRewards"]]
        cents = sum(round(float(row["pointsReward"]) * 100) for row in rewards)
        return ok(
            {
                "totalPoints": f"{cents // 100}.{cents % 100:02}",
                "rank": account.account_id % 1_000,
                "tradingRewardLeague": "QUEEN",
                "liquidityRewardLeague": "PAWN",
                "referralRewardLeague": "PAWN",
            }
        )

    # trading

    def place(self, account: Account, _: web.Request, body: bytes) -> web.Response:
        request, replaced = read_order(body, self._exchange.markets)
        if replaced is not None:
            old = account.orders.get(account.external_ids.get(replaced, 0))
            if old is None:
                raise Refused(400, "1142", "Edit order not found")
            self._exchange.cancel(account, old, "ORDER_REPLACED")
        order = self._exchange.place(account, request)
        return ok({"id": order.order_id, "externalId": order.external_id})

    def cancel(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        order = self._order(account, request)
        if order.open:
            self._exchange.cancel(account, order)
        return ok(None)

    def cancel_external(self, account: Account, request: web.Request, _: bytes) -> web.Response:
        external = request.query.get("externalId")
        if not external:
            raise Refused(400, "400", "externalId is required")
        order = account.orders.get(account.external_ids.get(external, 0))
        if order is None:
            raise Refused(404, "1142", "Order not found")
        self._exchange.cancel(account, order)
        return ok(None)

    def mass_cancel(self, account: Account, _: web.Request, body: bytes) -> web.Response:
        wanted = _decoded(body, _MassCancel)
        for order in list(account.orders.values()):
            if (
                wanted.cancel_all
                or order.market in wanted.markets
                or order.order_id in wanted.order_ids
                or order.external_id in wanted.external_order_ids
            ):
                self._exchange.cancel(account, order)
        return ok(None)

    # parameters

    def _order_row(self, order: Order) -> dict[str, Any]:
        return order_row(order, self._exchange.markets[order.market].spec, stream=False)

    def _order(self, account: Account, request: web.Request) -> Order:
        text = request.match_info["id"]
        if not text.isdigit() or len(text) > 20:
            raise bad_parameter("id", "a whole number", text)
        order = self._exchange.ledger.accounts[account.account_id].orders.get(int(text))
        if order is None:
            raise Refused(404, "1142", "Order not found")
        return order

    def _names(self, request: web.Request) -> list[str]:
        names = request.query.getall("market", list(self._exchange.markets))
        for name in names:
            if name not in self._exchange.markets:
                raise Refused(404, "1001", "Market not found.")
        return names

    def _filter(self, request: web.Request, sides: tuple[str, str]) -> Callable[[str, int], bool]:
        """Whether a row of (market, side) is asked for; `market` may be repeated."""
        names = set(self._names(request))
        side = one_of(request, "side", sides)
        return lambda market, own: market in names and (side is None or _SIDES[side] == own)


def _decoded(body: bytes, kind: type[_Body]) -> _Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Refused(422, "400", str(error)) from error
    except msgspec.DecodeError as error:
        raise Refused(400, "400", f"body: expected JSON: {error}") from error


def up_to(orders: list[Order], cursor: int | None) -> list[Order]:
    """The orders before the one that `cursor` names; what has ended never changes its place."""
    for at, order in enumerate(orders):
        if order.order_id == cursor:
            return orders[:at]
    return orders
