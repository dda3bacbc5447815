"""The simulated world without a wire: repeatable, complete within a minute, and conserving."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

import pytest

from actors.errors import ConfigFault
from actors.simulator.accounts import Account, AccountSpec, Changes
from actors.simulator.exchange import Exchange
from actors.simulator.feed import LOG_FRAMES_MAX, BookFrame
from actors.simulator.market import Market
from actors.simulator.matching import BUY, SELL
from actors.simulator.orders import (
    CANCELLED,
    EXPIRED,
    FILLED,
    NEW,
    REJECTED,
    STATUSES,
    TRIGGERED,
    UNTRIGGERED,
    OrderRequest,
    Print,
    Trigger,
)
from actors.simulator.refused import Refused

START_NS = 1_790_000_000 * 10**9
SECOND = 10**9
SEED = 20_26


class Recorder:
    """Keeps all that an exchange tells."""

    def __init__(self) -> None:
        self.frames: defaultdict[str, list[BookFrame]] = defaultdict(list)
        self.prints: list[Print] = []
        self.told: Counter[str] = Counter()
        self.sections: Counter[str] = Counter()
        self.closed = 0
        self.statuses: Counter[str] = Counter()
        self.lines: list[tuple[Any, ...]] = []

    def on_book(self, market: Market, frame: BookFrame) -> None:
        self.frames[market.name].append(frame)
        if not frame.is_snapshot and not frame.changes:
            self.told["empty delta"] += 1
        self.told["snapshot" if frame.is_snapshot else "delta"] += 1
        self.lines.append((market.name, frame.number, frame.ts_ms, frame.changes, frame.bids))

    def on_top(self, market: Market, ts_ms: int) -> None:
        self.told["top"] += 1

    def on_prints(self, prints: list[Print], ts_ms: int) -> None:
        self.told["prints"] += 1
        self.prints += prints

    def on_prices(self, market: Market, ts_ms: int) -> None:
        self.told["prices"] += 1
        self.lines.append((market.name, market.tape.mark_pico, market.tape.index_pico))

    def on_funding(self, market: Market, ts_ms: int) -> None:
        self.told["funding"] += 1

    def on_account(self, account: Account, changes: Changes, ts_ms: int) -> None:
        self.sections["orders"] += bool(changes.orders)
        self.sections["trades"] += bool(changes.fills)
        self.sections["positions"] += bool(changes.positions)
        self.sections["balance"] += changes.balance
        self.closed += sum(not one.lots for one in changes.positions.values())
        self.statuses.update(order.status for order in changes.orders)
        self.lines.append((account.name, ts_ms, tuple(changes.fills), account.balance))

    def on_riddle(self, account: Account, ts_ms: int) -> None:
        self.told["riddle"] += 1


def make(seed: int = SEED, accounts: int = 2, **options: Any) -> tuple[Exchange, Recorder]:
    specs = [AccountSpec(str(n), f"key-{n}") for n in range(1, accounts + 1)]
    exchange = Exchange(seed=seed, accounts=specs, start_ns=START_NS, **options)
    recorder = Recorder()
    exchange.listener = recorder
    return exchange, recorder


def quiet(**options: Any) -> tuple[Exchange, Account]:
    """A world whose one account does nothing by itself."""
    spec = AccountSpec("1", "key", scripted=False)
    exchange = Exchange(
        seed=SEED, accounts=[spec], start_ns=START_NS, markets=("BTC-USD",), **options
    )
    return exchange, exchange.accounts[100_001]


def test_equal_seeds_make_equal_worlds_however_time_is_cut() -> None:
    print("seed", SEED)
    one, first = make()
    two, second = make()
    one.step(START_NS + 20 * SECOND)
    for tenth in range(1, 201):
        two.step(START_NS + tenth * SECOND // 10)
    assert first.lines == second.lines
    assert first.lines
    other, third = make(seed=SEED + 1)
    other.step(START_NS + 20 * SECOND)
    assert third.lines != first.lines


@pytest.mark.parametrize("seed", [0, 1, 7, 99])
def test_every_kind_of_message_occurs_within_any_minute(seed: int) -> None:
    exchange, recorder = make(seed=seed)
    exchange.step(START_NS + 61 * SECOND)
    for kind in ("snapshot", "delta", "empty delta", "top", "prints", "prices", "funding"):
        assert recorder.told[kind], kind
    assert recorder.told["riddle"] >= 2
    for section in ("orders", "trades", "positions", "balance"):
        assert recorder.sections[section], section
    assert recorder.closed
    assert set(recorder.statuses) == set(STATUSES)


def test_the_world_is_there_before_the_first_client() -> None:
    exchange, _ = make()
    for market in exchange.markets.values():
        log = market.feed.log
        assert log[0].is_snapshot
        assert 0 < exchange.now_ms - log[0].ts_ms <= 60_000
        assert len(exchange.ledger.prints[market.name]) >= 50
    assert all(book.fills for book in exchange.ledger.accounts.values())


def test_deltas_applied_by_a_stranger_give_the_truth() -> None:
    exchange, recorder = make(accounts=3)
    exchange.set_book_rate("ETH-USD", 100)
    starts = {name: market.feed.truth() for name, market in exchange.markets.items()}
    exchange.step(START_NS + 90 * SECOND)
    for name, market in exchange.markets.items():
        start = starts[name]
        assert start is not None
        book = {(BUY, p): n for p, n in start.bids} | {(SELL, p): n for p, n in start.asks}
        number = start.number
        for frame in recorder.frames[name]:
            number += 1
            assert frame.number == number
            if frame.is_snapshot:
                bids, asks = frame.bids or (), frame.asks or ()
                assert book == {(BUY, p): n for p, n in bids} | {(SELL, p): n for p, n in asks}
            for change in frame.changes:
                key = (change.side, change.price)
                assert book.pop(key, 0) == change.before
                if change.after:
                    book[key] = change.after
            assert max(p for s, p in book if s == BUY) < min(p for s, p in book if s == SELL)
        truth = market.feed.truth()
        assert truth is not None
        assert dict(truth.bids) == {p: n for (s, p), n in book.items() if s == BUY}
        assert dict(truth.asks) == {p: n for (s, p), n in book.items() if s == SELL}
        assert truth.bids == tuple(sorted(truth.bids, reverse=True))
        earlier = market.feed.truth(truth.number - 5)
        assert earlier is not None
        assert earlier.number == truth.number - 5
        assert market.feed.truth(truth.number + 1) is None
        assert len(market.feed.log) <= LOG_FRAMES_MAX


def test_money_is_conserved_to_the_last_millionth() -> None:
    exchange, recorder = make(accounts=4)
    before = {a: [len(b.fills)] for a, b in exchange.ledger.accounts.items()}
    assert before
    for account in exchange.accounts.values():
        exchange.set_fill_rate(account, 20, [])
    exchange.step(START_NS + 3_700 * SECOND // 10)
    for account_id, book in exchange.ledger.accounts.items():
        account = exchange.accounts[account_id]
        assert not book.forgotten
        cash = -sum(fill.side * fill.value + fill.fee for fill in book.fills)
        funding = sum(one.amount for one in book.funding)
        cost = sum(one.cost for one in account.positions.values())
        assert account.balance == account.deposited + cash + cost + funding
        held: Counter[str] = Counter()
        for fill in book.fills:
            held[fill.market] += fill.side * fill.lots
            expected = Fraction(fill.value * 25, 100_000) if fill.is_taker else 0
            assert expected <= fill.fee < expected + 1
        open_lots = {one.spec.name: one.lots for one in account.positions.values()}
        assert {name: lots for name, lots in held.items() if lots} == open_lots
        realised = sum(one.realised for one in book.positions)
        assert account.balance == account.deposited + realised
        margin = exchange.trading.margin(account)
        assert margin.equity == margin.balance + margin.unrealised + margin.spot_equity
        assert margin.available == margin.equity - margin.initial
        ids = [fill.fill_id for fill in book.fills]
        assert ids == sorted(set(ids))
    _every_fill_has_its_print(exchange)
    assert recorder.prints


def _every_fill_has_its_print(exchange: Exchange) -> None:
    """What accounts were told happened is what everybody saw; the house takes the other side."""
    for name, prints in exchange.ledger.prints.items():
        seen = Counter((one.price, one.lots, one.created_ms) for one in prints)
        since_ms = prints[0].created_ms
        fills = Counter(
            (fill.price, fill.lots, fill.created_ms)
            for book in exchange.ledger.accounts.values()
            for fill in book.fills
            if fill.market == name and fill.created_ms > since_ms and fill.is_taker
        )
        assert not fills - seen


def test_order_changes_are_told_apart_by_their_time() -> None:
    exchange, _ = make()
    exchange.set_fill_rate(exchange.accounts[100_001], 50, ["BTC-USD"])
    exchange.step(START_NS + 30 * SECOND)
    last: dict[int, int] = {}
    for change in exchange.ledger.accounts[100_001].changes:
        assert change.updated_ms > last.get(change.order_id, 0)
        last[change.order_id] = change.updated_ms


@pytest.mark.parametrize("rate", [1.0, 50.0])
def test_the_flow_of_fills_follows_the_rate_and_stops(rate: float) -> None:
    exchange, account = quiet()
    book = exchange.ledger.accounts[account.account_id]
    exchange.set_fill_rate(account, rate, ["BTC-USD"])
    exchange.step(START_NS + 20 * SECOND)
    assert rate * 20 * 0.9 <= len(book.fills) <= rate * 20 * 2
    exchange.set_fill_rate(account, 0, [])
    told = len(book.fills)
    exchange.step(START_NS + 40 * SECOND)
    assert len(book.fills) == told
    with pytest.raises(ValueError, match="rate_per_s"):
        exchange.set_fill_rate(account, 1e9, [])


def test_paused_nothing_moves_and_all_is_told() -> None:
    exchange, recorder = make()
    exchange.step(START_NS + 3 * SECOND)
    exchange.pause()
    told, frame = len(recorder.lines), recorder.frames["BTC-USD"][-1]
    truth = exchange.markets["BTC-USD"].feed.truth()
    assert truth is not None
    book = exchange.markets["BTC-USD"].book
    assert list(truth.bids) == book.depth(BUY)
    assert truth.number == frame.number
    exchange.step(START_NS + 600 * SECOND)
    assert exchange.next_ns is None
    assert len(recorder.lines) == told
    exchange.resume()
    exchange.step(START_NS + 601 * SECOND)
    assert 5 <= len(recorder.frames["BTC-USD"]) - recorder.frames["BTC-USD"].index(frame) <= 15


def test_time_left_out_is_not_lived_in_a_burst() -> None:
    exchange, recorder = make()
    exchange.skip(3_600 * SECOND)
    exchange.step(START_NS + 3_601 * SECOND)
    assert 5 <= len(recorder.frames["BTC-USD"]) <= 15


def test_a_raised_rate_is_followed_and_stays_bounded() -> None:
    exchange, recorder = make()
    exchange.set_book_rate("BTC-USD", 500)
    exchange.step(START_NS + 20 * SECOND)
    frames = recorder.frames["BTC-USD"]
    assert 9_900 <= len(frames) <= 10_100
    assert len(exchange.markets["BTC-USD"].feed.log) <= LOG_FRAMES_MAX
    with pytest.raises(ValueError, match="updates_per_s"):
        exchange.set_book_rate("BTC-USD", 501)


def _request(exchange: Exchange, **options: Any) -> OrderRequest:
    best = exchange.markets["BTC-USD"].book.best(SELL)
    assert best is not None
    return OrderRequest(**{"market": "BTC-USD", "side": BUY, "lots": 20, "price": best, **options})


def test_immediate_orders_fill_or_die() -> None:
    exchange, account = quiet()
    order = exchange.place(account, _request(exchange, time_in_force="IOC"))
    assert (order.status, order.filled, order.reason) == (FILLED, 20, "NONE")
    low = exchange.markets["BTC-USD"].book.best(BUY) or 0
    order = exchange.place(account, _request(exchange, time_in_force="IOC", price=low))
    assert (order.status, order.filled, order.reason) == (CANCELLED, 0, "NO_LIQUIDITY")
    order = exchange.place(account, _request(exchange, time_in_force="FOK", lots=10**6))
    assert (order.status, order.filled) == (CANCELLED, 0)


def test_post_only_and_reduce_only_are_kept() -> None:
    exchange, account = quiet()
    order = exchange.place(account, _request(exchange, post_only=True))
    assert (order.status, order.reason) == (REJECTED, "POST_ONLY_FAILED")
    order = exchange.place(account, _request(exchange, reduce_only=True))
    assert (order.status, order.reason) == (REJECTED, "REDUCE_ONLY_FAILED")
    exchange.place(account, _request(exchange, time_in_force="IOC"))
    far = exchange.markets["BTC-USD"].tape.last * 102 // 100
    shrunk = exchange.place(
        account, _request(exchange, side=SELL, price=far, lots=500, reduce_only=True)
    )
    assert (shrunk.status, shrunk.lots) == (NEW, 20)
    exchange.place(
        account,
        _request(exchange, side=SELL, price=None, lots=20, type="MARKET", time_in_force="IOC"),
    )
    assert not account.positions
    assert (shrunk.status, shrunk.reason) == (CANCELLED, "REDUCE_ONLY_FAILED")


def test_an_order_expires_at_its_time() -> None:
    exchange, account = quiet()
    low = exchange.markets["BTC-USD"].tape.last * 97 // 100
    order = exchange.place(
        account, _request(exchange, price=low, expire_ms=exchange.now_ms + 5_000)
    )
    exchange.step(START_NS + 4 * SECOND)
    assert order.status == NEW
    exchange.step(START_NS + 6 * SECOND)
    assert order.status == EXPIRED
    assert not account.orders
    assert order.order_id not in exchange.markets["BTC-USD"].book.orders


def test_a_conditional_order_waits_for_its_price() -> None:
    exchange, account = quiet()
    market = exchange.markets["BTC-USD"]
    exchange.place(
        account, _request(exchange, side=SELL, price=None, type="MARKET", time_in_force="IOC")
    )
    last, ask = market.tape.last, market.book.best(SELL)
    assert ask is not None
    assert last < ask
    near, far = (
        exchange.place(
            account,
            _request(
                exchange,
                type="CONDITIONAL",
                time_in_force="IOC",
                trigger=Trigger(price, "LAST", upwards=True),
                price=last * 104 // 100,
            ),
        )
        for price in (ask, last * 2)
    )
    assert near.status == far.status == UNTRIGGERED
    exchange.place(account, _request(exchange, lots=10, price=None, type="MARKET"))
    assert near.status == FILLED
    assert far.status == UNTRIGGERED
    told = [
        change.status
        for change in exchange.ledger.accounts[account.account_id].changes
        if change.order_id == near.order_id
    ]
    assert told == [UNTRIGGERED, TRIGGERED, FILLED]
    exchange.cancel(account, far)
    assert far.status == CANCELLED
    assert not exchange.markets["BTC-USD"].waiting


def test_two_accounts_trade_with_each_other() -> None:
    specs = [AccountSpec(name, name, scripted=False) for name in ("maker", "taker")]
    exchange = Exchange(seed=1, accounts=specs, start_ns=START_NS, markets=("BTC-USD",))
    maker, taker = exchange.accounts.values()
    market = exchange.markets["BTC-USD"]
    price = (market.book.best(BUY) or 0) + 1
    bid = exchange.place(maker, _request(exchange, price=price, lots=100, post_only=True))
    exchange.place(taker, _request(exchange, side=SELL, price=price, lots=40, time_in_force="IOC"))
    assert (bid.status, bid.filled, bid.fee) == ("PARTIALLY_FILLED", 40, 0)
    assert maker.positions["BTC-USD"].lots == -taker.positions["BTC-USD"].lots == 40
    fill = exchange.ledger.accounts[taker.account_id].fills[-1]
    assert fill.is_taker
    assert fill.fee == -(-fill.value * 25 // 100_000)
    assert taker.balance == taker.deposited - fill.fee


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"lots": 1}, "1120"),
        ({"price": None}, "1130"),
        ({"price": -5}, "1124"),
        ({"price": 200_000}, "1141"),
        ({"lots": 10**9}, "1140"),
        ({"expire_ms": 5}, "1135"),
    ],
)
def test_orders_that_break_a_rule_are_refused(options: dict[str, Any], code: str) -> None:
    exchange, account = quiet()
    with pytest.raises(Refused) as refusal:
        exchange.place(account, _request(exchange, **options))
    assert refusal.value.code == code
    assert not account.orders


def test_limits_on_open_orders_and_on_names() -> None:
    exchange, account = quiet()
    low = exchange.markets["BTC-USD"].tape.last * 96 // 100
    for number in range(200):
        exchange.place(account, _request(exchange, price=low, external_id=f"mine-{number}"))
    with pytest.raises(Refused, match="1126"):
        exchange.place(account, _request(exchange, price=low))
    first = next(iter(account.orders.values()))
    exchange.cancel(account, first)
    with pytest.raises(Refused, match="1134"):
        exchange.place(account, _request(exchange, price=low, external_id="mine-5"))
    exchange.place(account, _request(exchange, price=low, external_id="mine-0"))


def test_hourly_funding_moves_the_wallet() -> None:
    exchange, account = quiet()
    exchange.place(account, _request(exchange, time_in_force="IOC", lots=500))
    exchange.step(START_NS + 3_700 * SECOND)
    book = exchange.ledger.accounts[account.account_id]
    assert len(book.funding) == 1
    paid = book.funding[0]
    assert paid.paid_ms % 3_600_000 < 2_000
    assert paid.amount == -(paid.value * paid.rate // 10**6) or abs(paid.amount) <= paid.value
    fee = book.fills[0].fee + sum(fill.fee for fill in list(book.fills)[1:])
    assert account.balance == account.deposited - fee + paid.amount
    assert account.positions["BTC-USD"].funding == paid.amount


def test_funding_is_paid_at_once_when_it_is_asked_for() -> None:
    exchange, account = quiet()
    exchange.place(account, _request(exchange, time_in_force="IOC", lots=500))
    before = account.balance
    exchange.pay_funding()
    exchange.pay_funding()
    book = exchange.ledger.accounts[account.account_id]
    assert len({one.payment_id for one in book.funding}) == 2
    assert account.balance == before + sum(one.amount for one in book.funding)
    exchange.step(START_NS + 3_700 * SECOND)
    assert len(book.funding) == 3, "the hour's own comes as ever"


def test_accounts_need_their_own_names_and_keys() -> None:
    for pair in ([("1", "a"), ("1", "b")], [("1", "a"), ("2", "a")], [("1", "")]):
        with pytest.raises(ConfigFault):
            Exchange(seed=1, accounts=[AccountSpec(*one) for one in pair], start_ns=START_NS)
    with pytest.raises(ConfigFault):
        Exchange(seed=1, accounts=[], start_ns=START_NS, markets=("btc",))
    with pytest.raises(ConfigFault):
        Exchange(seed=1, accounts=[], start_ns=START_NS, markets=())


def test_the_ledger_forgets_only_with_a_count() -> None:
    exchange, account = quiet(fills_kept=10)
    exchange.set_fill_rate(account, 10, [])
    exchange.step(START_NS + 5 * SECOND)
    book = exchange.ledger.accounts[account.account_id]
    assert len(book.fills) == 10
    assert book.forgotten >= 30
