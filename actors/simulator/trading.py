"""Orders of accounts from acceptance to their end, and what executions do to accounts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final

from actors.simulator.accounts import Account, Margin, Position, fee_of, margin_of
from actors.simulator.ids import Ids
from actors.simulator.ledger import Ledger
from actors.simulator.market import Market
from actors.simulator.markets import MarketSpec, money_text
from actors.simulator.matching import HOUSE, Resting
from actors.simulator.orders import (
    CANCELLED,
    EXPIRED,
    FILLED,
    FOK,
    IOC,
    NEW,
    PARTIALLY_FILLED,
    REJECTED,
    TRIGGERED,
    UNTRIGGERED,
    Fill,
    Order,
    OrderRequest,
    Party,
    Print,
)
from actors.simulator.refused import Refused

OPEN_ORDERS_MAX: Final = 200
PRICE_CAP_PERCENT: Final = 5
EXPIRY_MS_MAX: Final = 90 * 24 * 3_600_000
_POST_ONLY_FAILED: Final = "POST_ONLY_FAILED"


class Trading:
    """The rules of trading over markets and accounts; `now_ms` is read from `clock`."""

    __slots__ = ("_clock", "_ids", "accounts", "dirty", "ledger", "markets", "prints")

    def __init__(
        self,
        markets: dict[str, Market],
        accounts: dict[int, Account],
        ledger: Ledger,
        ids: Ids,
        clock: Callable[[], int],
    ) -> None:
        self.markets = markets
        self.accounts = accounts
        self.ledger = ledger
        self.prints: list[Print] = []
        self.dirty: dict[int, Account] = {}
        self._ids = ids
        self._clock = clock

    @property
    def now_ms(self) -> int:
        return self._clock()

    def deposit(self, account: Account, amount: int) -> None:
        """Pays millionths in from outside."""
        account.deposited += amount
        account.balance += amount
        account.changes.balance = True
        self.dirty[account.account_id] = account

    def margin(self, account: Account) -> Margin:
        return margin_of(account, self.value_at_mark)

    def value_at_mark(self, spec: MarketSpec, lots: int) -> int:
        tape = self.markets[spec.name].tape
        return tape.value(lots, tape.mark_pico)

    def place(self, account: Account, request: OrderRequest) -> Order:
        """Accepts an order and lets it trade; raises Refused with the venue's code."""
        market = self.markets[request.market]
        self._check(account, market, request)
        now_ms = self._clock()
        order_id = self._ids.order(now_ms, request.side)
        order = Order(
            order_id=order_id,
            external_id=request.external_id or f"sim-{order_id}",
            account=account.account_id,
            market=market.name,
            type=request.type,
            side=request.side,
            status=UNTRIGGERED if request.trigger else NEW,
            price=self._limit(market, request),
            lots=request.lots,
            unit=market.spec.micros_per_unit,
            reduce_only=request.reduce_only,
            post_only=request.post_only,
            time_in_force=request.time_in_force,
            trigger=request.trigger,
            created_ms=now_ms,
            # The first change moves it to the time of creation, all later ones beyond.
            updated_ms=now_ms - 1,
            expire_ms=request.expire_ms or now_ms + EXPIRY_MS_MAX,
        )
        account.orders[order_id] = order
        account.external_ids[order.external_id] = order_id
        self.ledger.accounts[account.account_id].order(order)
        if order.trigger is not None:
            market.waiting[order_id] = order
            self._changed(account, order)
        else:
            self._execute(account, market, order)
        return order

    def cancel(self, account: Account, order: Order, reason: str = "NONE") -> None:
        """Ends an open order before its time."""
        self._end(account, order, CANCELLED, reason)

    def expire(self) -> None:
        """Ends every order whose time is over."""
        now_ms = self._clock()
        for account in self.accounts.values():
            for order in [one for one in account.orders.values() if one.expire_ms <= now_ms]:
                self._end(account, order, EXPIRED, "NONE")

    def house_take(self, market: Market, side: int, limit: int | None, lots: int) -> int:
        """A synthetic participant takes what it finds; how many lots it got."""
        return self._match(market, side, limit, lots, taker=None)

    def trigger(self, market: Market) -> None:
        """Wakes the conditional orders whose price has been passed."""
        if not market.waiting:
            return
        tape = market.tape
        seen = {
            "LAST": tape.last,
            "MARK": tape.ticks(tape.mark_pico),
            "INDEX": tape.ticks(tape.index_pico),
        }
        for order in list(market.waiting.values()):
            condition = order.trigger
            assert condition is not None, "only conditional orders wait"
            price = seen[condition.price_type]
            if price >= condition.price if condition.upwards else price <= condition.price:
                account = self.accounts[order.account]
                del market.waiting[order.order_id]
                order.status = TRIGGERED
                self._changed(account, order)
                self._execute(account, market, order)

    def _check(self, account: Account, market: Market, request: OrderRequest) -> None:
        spec = market.spec
        if request.lots < spec.min_lots:
            raise Refused(400, "1120", "Order quantity less than min trade size")
        if request.type == "LIMIT" and request.price is None:
            raise Refused(400, "1130", "Order price is missing")
        if request.price is not None and request.trigger is None:
            edge = market.tape.mark_pico * (100 + request.side * PRICE_CAP_PERCENT) // 100
            if (request.price - market.tape.ticks(edge)) * request.side > 0:
                raise Refused(400, "1141", "Price is beyond the market's limit price cap")
        if request.price is not None and request.price <= 0:
            raise Refused(400, "1124", "Invalid price")
        if len(account.orders) >= OPEN_ORDERS_MAX and (
            sum(order.market == market.name for order in account.orders.values()) >= OPEN_ORDERS_MAX
        ):
            raise Refused(400, "1126", "Maximum number of open orders exceeded")
        if request.external_id and request.external_id in account.external_ids:
            raise Refused(400, "1134", "Duplicate order")
        if request.expire_ms and request.expire_ms <= self._clock():
            raise Refused(400, "1135", "Invalid order expiration")
        if request.reduce_only:
            return
        price = request.price or market.tape.ticks(market.tape.mark_pico)
        value = request.lots * price * spec.micros_per_unit
        cost = value // account.leverage_of(market.name) + fee_of(value, is_taker=True)
        position = account.positions.get(market.name)
        closes = position is not None and position.side != request.side
        if closes and position is not None and request.lots <= abs(position.lots):
            return
        available = self.margin(account).available
        if cost > available:
            raise Refused(
                400,
                "1140",
                f"New order cost exceeds available balance: order cost {money_text(cost)} "
                f"exceeds available for trade {money_text(available)}",
            )

    def _execute(self, account: Account, market: Market, order: Order) -> None:
        if order.reduce_only and not self._clamp(account, order):
            return self._end(account, order, REJECTED, "REDUCE_ONLY_FAILED")
        if order.post_only:
            if market.book.crosses(order.side, order.price):
                return self._end(account, order, REJECTED, _POST_ONLY_FAILED)
        elif (
            order.time_in_force == FOK
            and market.book.fillable(order.side, order.price) < order.left
        ):
            return self._end(account, order, CANCELLED, "NO_LIQUIDITY")
        self._match(market, order.side, order.price, order.left, taker=order)
        if not order.left:
            return self._end(account, order, FILLED, "NONE")
        if order.time_in_force in {IOC, FOK}:
            return self._end(account, order, CANCELLED, "NO_LIQUIDITY")
        if market.book.crosses(order.side, order.price):
            return self._end(account, order, CANCELLED, "SELF_TRADE_PROTECTION")
        order.status = PARTIALLY_FILLED if order.filled else NEW
        self._changed(account, order)
        resting = Resting(order.order_id, account.account_id, order.side, order.price, order.left)
        return market.book.place(resting)

    def _limit(self, market: Market, request: OrderRequest) -> int:
        """A market order is a limit order at the worst price that the market allows."""
        if request.price is not None:
            return request.price
        edge = market.tape.mark_pico * (100 + request.side * PRICE_CAP_PERCENT) // 100
        return market.tape.ticks(edge)

    def _clamp(self, account: Account, order: Order) -> bool:
        """A reducing order is never larger than the position it reduces."""
        position = account.positions.get(order.market)
        if position is None or position.side == order.side:
            return False
        order.lots = min(order.lots, order.filled + abs(position.lots))
        return True

    def _match(
        self, market: Market, side: int, limit: int | None, lots: int, *, taker: Order | None
    ) -> int:
        owner = HOUSE if taker is None else taker.account
        matches = market.book.match(owner, side, limit, lots)
        for match in matches:
            now_ms = self._clock()
            printed = Print(
                self._ids.next(now_ms),
                market.name,
                side,
                match.price,
                match.lots,
                now_ms,
                maker=self._party(market.name, match.maker.owner, match.maker.order_id),
                taker=self._party(market.name, owner, 0 if taker is None else taker.order_id),
            )
            self.ledger.prints[market.name].append(printed)
            self.prints.append(printed)
            market.tape.traded(match.price, match.lots, now_ms)
            if match.maker.owner != HOUSE:
                maker_account = self.accounts[match.maker.owner]
                maker = maker_account.orders[match.maker.order_id]
                self._fill(maker_account, market, maker, printed, is_taker=False)
                if match.maker_left:
                    maker.status = PARTIALLY_FILLED
                    self._changed(maker_account, maker)
                else:
                    self._end(maker_account, maker, FILLED, "NONE")
            if taker is not None:
                account = self.accounts[owner]
                self._fill(account, market, taker, printed, is_taker=True)
        for account_id in {match.maker.owner for match in matches} | {owner}:
            if account_id != HOUSE:
                self._release(self.accounts[account_id], market)
        return sum(match.lots for match in matches)

    def _release(self, account: Account, market: Market) -> None:
        """Standing reduce-only orders never outgrow the position that they reduce."""
        position = account.positions.get(market.name)
        for order in list(account.orders.values()):
            resting = market.book.orders.get(order.order_id)
            if resting is None or not order.reduce_only:
                continue
            if position is None or position.side == order.side:
                self._end(account, order, CANCELLED, "REDUCE_ONLY_FAILED")
            elif resting.lots > abs(position.lots):
                market.book.reduce(resting, resting.lots - abs(position.lots))
                order.lots = order.filled + abs(position.lots)
                order.version += 1
                self._changed(account, order)

    def _party(self, market: str, owner: int, order_id: int) -> Party:
        """A side of a trade that is about to be booked."""
        if owner == HOUSE:
            return Party(order_id=order_id)
        account = self.accounts[owner]
        position = account.positions.get(market)
        return Party(
            owner,
            order_id,
            account.orders[order_id].external_id,
            position.lots if position else 0,
            position.cost if position else 0,
            account.leverage_of(market),
        )

    def _fill(
        self, account: Account, market: Market, order: Order, trade: Print, *, is_taker: bool
    ) -> None:
        now_ms = trade.created_ms
        value = trade.lots * trade.price * order.unit
        fee = fee_of(value, is_taker=is_taker)
        order.filled += trade.lots
        order.spent += value
        order.fee += fee
        fill = Fill(
            trade.trade_id,
            account.account_id,
            market.name,
            order.order_id,
            order.external_id,
            order.side,
            trade.price,
            trade.lots,
            value,
            fee,
            is_taker,
            now_ms,
            trade,
        )
        self.ledger.accounts[account.account_id].fill(fill)
        account.changes.fills.append(fill)
        self._book_position(account, market, fill)
        account.updated_ms = now_ms
        account.changes.balance = True
        self.dirty[account.account_id] = account

    def _book_position(self, account: Account, market: Market, fill: Fill) -> None:
        """Closes first, opens with the rest; the fee is shared by size."""
        now_ms = self._clock()
        side, lots, value, fee = fill.side, fill.lots, fill.value, fill.fee
        account.balance -= fee
        position = account.positions.get(market.name)
        if position is not None and position.side != side:
            closing = min(lots, abs(position.lots))
            part, part_fee = value * closing // lots, fee * closing // lots
            account.balance += position.decrease(closing, part, part_fee)
            lots, value, fee = lots - closing, value - part, fee - part_fee
            self._touch(account, position, now_ms)
            if not position.lots:
                position.closed_ms = now_ms
                del account.positions[market.name]
            position = None
        if not lots:
            return
        if position is None:
            position = Position(
                position_id=self._ids.next(now_ms),
                account=account.account_id,
                spec=market.spec,
                leverage=account.leverage_of(market.name),
                side=side,
                created_ms=now_ms,
                updated_ms=now_ms,
            )
            account.positions[market.name] = position
            self.ledger.accounts[account.account_id].positions.append(position)
        position.increase(lots, value, fee)
        self._touch(account, position, now_ms)

    def _touch(self, account: Account, position: Position, now_ms: int) -> None:
        position.updated_ms = max(now_ms, position.updated_ms)
        account.changes.positions[position.position_id] = position

    def _end(self, account: Account, order: Order, status: str, reason: str) -> None:
        market = self.markets[order.market]
        resting = market.book.orders.get(order.order_id)
        if resting is not None:
            market.book.cancel(resting)
        market.waiting.pop(order.order_id, None)
        order.status, order.reason = status, reason
        account.orders.pop(order.order_id, None)
        account.external_ids.pop(order.external_id, None)
        self._changed(account, order)

    def _changed(self, account: Account, order: Order) -> None:
        """A change always has a later time than the one before it, so that it can be told apart."""
        order.updated_ms = max(self._clock(), order.updated_ms + 1)
        self.ledger.accounts[account.account_id].changed(order)
        account.changes.orders.append(copy.copy(order))
        account.changes.balance = True
        self.dirty[account.account_id] = account
