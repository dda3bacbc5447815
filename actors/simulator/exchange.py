"""A seeded venue without a wire: markets, accounts and participants, on time that is handed in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from actors.errors import ConfigFault
from actors.simulator.accounts import Account, AccountSpec, Changes, make_accounts
from actors.simulator.feed import BookFeed
from actors.simulator.ids import Ids
from actors.simulator.ledger import FILLS_KEPT, Ledger
from actors.simulator.listener import Deaf, Listener
from actors.simulator.market import Market
from actors.simulator.market_maker import MarketMaker
from actors.simulator.markets import DEFAULT_MARKETS, MarketSpec, market_spec, market_specs
from actors.simulator.matching import MatchingBook
from actors.simulator.orders import FundingPaid, Order, OrderRequest
from actors.simulator.participants import Participant
from actors.simulator.schedule import Schedule
from actors.simulator.tape import PICO, Tape
from actors.simulator.trading import Trading

BOOK_RATE_PER_S: Final = 10.0
BOOK_RATE_MAX: Final = 500.0
FILL_RATE_MAX: Final = 500.0
WARM_UP_S: Final = 100
"""Lived through before the first client comes: 40 s of deltas, 50 trades, fills, candles."""

PRICE_CADENCE_S: Final = 1.0
TRADES_CADENCE_S: Final = 0.1
EXPIRY_CADENCE_S: Final = 0.5
FUNDING_CADENCE_S: Final = 60.0
REVALUATION_S: Final = 3.0
RIDDLE_S: Final = 25.0
FUNDING_PERIOD_MS: Final = 3_600_000
FUNDING_DECIMALS: Final = 6


class Exchange:
    """One venue; equal seeds, start times and orders make equal worlds.

    Times are nanoseconds of the venue's clock and fall only by `skip`. All that happens happens
    inside `step`, or inside a call that trades.
    """

    def __init__(
        self,
        *,
        seed: int,
        accounts: Sequence[AccountSpec],
        start_ns: int,
        markets: tuple[str, ...] = DEFAULT_MARKETS,
        spec_of: Callable[[str], MarketSpec] = market_spec,
        ids: Ids | None = None,
        warm_up_s: float = WARM_UP_S,
        fills_kept: int = FILLS_KEPT,
    ) -> None:
        _check_accounts(accounts)
        self.seed = seed
        self.listener: Listener = Deaf()
        self.paused = False
        self._schedule = Schedule(start_ns - round(warm_up_s * 1e9))
        self._ids = ids or Ids()
        self._makers: dict[str, MarketMaker] = {}
        self._participants: dict[int, Participant] = {}
        self._scripts: dict[int, Iterator[float]] = {}
        self._fill_flows: dict[int, object] = {}
        self.accounts = make_accounts(accounts, self.now_ms)
        self._by_key = {one.api_key: one for one in self.accounts.values()}
        self.markets = {
            spec.name: self._make_market(spec) for spec in market_specs(markets, spec_of)
        }
        self.ledger = Ledger(list(self.accounts), list(self.markets), fills_kept)
        self.trading = Trading(
            self.markets, self.accounts, self.ledger, self._ids, lambda: self.now_ms
        )
        self._begin(accounts)
        self._schedule.run(start_ns)

    @property
    def now_ms(self) -> int:
        return self._schedule.now_ns // 1_000_000

    @property
    def next_ns(self) -> int | None:
        """When the next thing will happen; None while paused."""
        return None if self.paused else self._schedule.next_ns

    def account_by_key(self, api_key: str) -> Account | None:
        return self._by_key.get(api_key)

    def account_by_name(self, name: str) -> Account | None:
        return next((one for one in self.accounts.values() if one.name == name), None)

    def step(self, now_ns: int) -> None:
        """Lives up to `now_ns`; while paused time passes and nothing happens."""
        if self.paused:
            self._schedule.shift(max(0, now_ns - self._schedule.now_ns))
        else:
            self._schedule.run(now_ns)

    def skip(self, gap_ns: int) -> None:
        """Goes on later, or less than nothing earlier, without living what lies between."""
        self._schedule.shift(gap_ns)

    def pause(self) -> None:
        """Freezes the world once all its changes are published."""
        if not self.paused:
            self._flush_all()
            self.paused = True

    def resume(self) -> None:
        self.paused = False

    def place(self, account: Account, request: OrderRequest) -> Order:
        """A client's order; raises Refused."""
        order = self.trading.place(account, request)
        self._settle()
        return order

    def cancel(self, account: Account, order: Order, reason: str = "NONE") -> None:
        self.trading.cancel(account, order, reason)
        self._settle()

    def set_leverage(self, account: Account, market: str, leverage: int) -> None:
        account.leverage[market] = leverage
        position = account.positions.get(market)
        if position is not None:
            position.leverage = leverage
        self._tell(account)

    def set_book_rate(self, market: str, per_s: float) -> None:
        """How often a book is published; ValueError outside 0.1 to `BOOK_RATE_MAX`."""
        if not 0.1 <= per_s <= BOOK_RATE_MAX:
            raise ValueError(f"updates_per_s: expected 0.1 to {BOOK_RATE_MAX:g}, found {per_s}")
        self.markets[market].rate_per_s = per_s

    def set_fill_rate(self, account: Account, per_s: float, markets: list[str]) -> None:
        """A steady flow of the account's own market orders; 0 ends it."""
        if not 0 <= per_s <= FILL_RATE_MAX:
            raise ValueError(f"rate_per_s: expected 0 to {FILL_RATE_MAX:g}, found {per_s}")
        flow = self._fill_flows[account.account_id] = object()
        if per_s:
            chosen = [self.markets[name] for name in markets or self.markets]
            participant = self._participants[account.account_id]

            def fill() -> None:
                if self._fill_flows.get(account.account_id) is flow:
                    participant.fill(chosen)
                    self._settle()
                    self._schedule.after(1 / per_s, fill)

            self._schedule.after(0, fill)

    def set_script(self, account: Account, *, running: bool) -> None:
        """Whether the account trades by itself."""
        if running and account.account_id not in self._scripts:
            self._run_script(account)
        elif not running:
            self._scripts.pop(account.account_id, None)

    def is_scripted(self, account: Account) -> bool:
        return account.account_id in self._scripts

    # the world's own life

    def _make_market(self, spec: MarketSpec) -> Market:
        book = MatchingBook()
        market = Market(
            spec=spec,
            book=book,
            feed=BookFeed(book, self.now_ms),
            tape=Tape(spec, self.seed, self.now_ms),
            rate_per_s=BOOK_RATE_PER_S,
        )

        def take(of: Market, side: int, limit: int | None, lots: int) -> int:
            return self.trading.house_take(of, side, limit, lots)

        self._makers[spec.name] = MarketMaker(market, take, f"{self.seed} maker {spec.name}")
        return market

    def _begin(self, accounts: Sequence[AccountSpec]) -> None:
        chance = random.Random(f"{self.seed} phases")  # noqa: S311 (reproducible)
        for market in self.markets.values():
            self._makers[market.name].fill_up()
            # The first published book is a full one.
            market.feed = BookFeed(market.book, self.now_ms)
            self._publish(market)
            self._every(PRICE_CADENCE_S, self._price, market, chance)
            self._every(FUNDING_CADENCE_S, self._rate_funding, market, chance)
            self._schedule.after(chance.random(), partial(self._take, market))
        self._schedule.after(TRADES_CADENCE_S, self._print)
        self._schedule.after(EXPIRY_CADENCE_S, self._expire)
        self._schedule.after(self._until_hour_s(), self._pay_hourly)
        markets = list(self.markets.values())
        for spec, account in zip(accounts, self.accounts.values(), strict=True):
            self._participants[account.account_id] = Participant(
                account, self.trading, markets, f"{self.seed} account {spec.name}"
            )
            if spec.scripted:
                self._run_script(account)
            self._every(REVALUATION_S, self._revalue, account, chance)
            self._every(RIDDLE_S, self._riddle, account, chance)

    def _every(
        self, period_s: float, action: Callable[..., None], subject: object, chance: random.Random
    ) -> None:
        def again() -> None:
            action(subject)
            self._schedule.after(period_s, again)

        self._schedule.after(chance.uniform(0, period_s), again)

    def _run_script(self, account: Account) -> None:
        script = self._participants[account.account_id].rounds()
        self._scripts[account.account_id] = script

        def go_on() -> None:
            if self._scripts.get(account.account_id) is not script:
                return
            pause_s = next(script)
            self._settle()
            self._schedule.after(pause_s, go_on)

        self._schedule.after(0, go_on)

    def _publish(self, market: Market) -> None:
        elapsed_s = 1 / market.rate_per_s
        self._makers[market.name].move(elapsed_s)
        self._flush_book(market)
        self._tell_dirty()
        self._schedule.after(elapsed_s, lambda: self._publish(market))

    def _take(self, market: Market) -> None:
        pause_s = self._makers[market.name].take()
        self.trading.trigger(market)
        self._tell_dirty()
        self._schedule.after(pause_s, lambda: self._take(market))

    def _print(self) -> None:
        self._flush_prints()
        self._schedule.after(TRADES_CADENCE_S, self._print)

    def _price(self, market: Market) -> None:
        reference = self._makers[market.name].reference * float(market.spec.tick)
        wave = ((self.now_ms // 1000) % 60 - 30) / 30
        index_pico = round(reference * (1 + 0.00005 * wave) * PICO)
        mark_pico = round(reference * (1 - 0.00003 * wave) * PICO)
        market.tape.priced(mark_pico, index_pico, self.now_ms)
        self.trading.trigger(market)
        self.listener.on_prices(market, self.now_ms)
        self._tell_dirty()

    def _rate_funding(self, market: Market) -> None:
        tape = market.tape
        premium = (tape.mark_pico - tape.index_pico) * 10**FUNDING_DECIMALS // tape.index_pico
        tape.funding_rate = max(-2_500, min(2_500, 13 + premium // 8))
        self.listener.on_funding(market, self.now_ms)

    def _until_hour_s(self) -> float:
        return (FUNDING_PERIOD_MS - self.now_ms % FUNDING_PERIOD_MS) / 1000 + 1

    def _pay_hourly(self) -> None:
        self.pay_funding()
        self._schedule.after(self._until_hour_s(), self._pay_hourly)

    def pay_funding(self) -> None:
        """Settles every open position at its market's present rate, as each full hour does."""
        for market in self.markets.values():
            market.tape.applied.append((self.now_ms, market.tape.funding_rate))
        for account in self.accounts.values():
            for position in account.positions.values():
                tape = self.markets[position.spec.name].tape
                value = tape.value(position.lots, tape.mark_pico)
                amount = -value * tape.funding_rate // 10**FUNDING_DECIMALS
                position.funding += amount
                account.balance += amount
                paid = FundingPaid(
                    payment_id=self._ids.next(self.now_ms),
                    account=account.account_id,
                    market=position.spec.name,
                    position_id=position.position_id,
                    side=position.side,
                    lots=abs(position.lots),
                    value=abs(value),
                    mark_pico=tape.mark_pico,
                    amount=amount,
                    rate=tape.funding_rate,
                    paid_ms=self.now_ms,
                )
                self.ledger.accounts[account.account_id].funding.append(paid)
            self._revalue(account)

    def _revalue(self, account: Account) -> None:
        """The mark price moved, and with it what the account is worth."""
        if account.positions:
            self._tell(account)

    def _riddle(self, account: Account) -> None:
        self.listener.on_riddle(account, self.now_ms)

    def _expire(self) -> None:
        self.trading.expire()
        self._settle()
        self._schedule.after(EXPIRY_CADENCE_S, self._expire)

    # telling

    def _tell(self, account: Account) -> None:
        for position in account.positions.values():
            position.updated_ms = self.now_ms
            account.changes.positions[position.position_id] = position
        account.changes.balance = True
        self.trading.dirty[account.account_id] = account
        self._tell_dirty()

    def _tell_dirty(self) -> None:
        dirty = self.trading.dirty
        while dirty:
            _, account = dirty.popitem()
            changes, account.changes = account.changes, Changes()
            account.updated_ms = self.now_ms
            self.listener.on_account(account, changes, self.now_ms)

    def _settle(self) -> None:
        """After a call that may have traded: triggers, then all that accounts must hear."""
        for market in self.markets.values():
            self.trading.trigger(market)
        self._tell_dirty()
        if self.paused:
            self._flush_all()

    def _flush_all(self) -> None:
        for market in self.markets.values():
            self._flush_book(market)
        self._flush_prints()
        self._tell_dirty()

    def _flush_book(self, market: Market) -> None:
        for frame in market.feed.publish(self.now_ms):
            self.listener.on_book(market, frame)
        if market.feed.moved():
            self.listener.on_top(market, self.now_ms)

    def _flush_prints(self) -> None:
        prints = self.trading.prints
        if prints:
            self.trading.prints = []
            self.listener.on_prints(prints, self.now_ms)


def _check_accounts(accounts: Sequence[AccountSpec]) -> None:
    for field in ("name", "api_key", "account_index"):
        values = [getattr(account, field) for account in accounts]
        if field == "account_index" and not any(values):
            continue
        if len(set(values)) != len(values) or not all(values):
            raise ConfigFault("accounts", f"{len(values)} accounts", f"each its own {field}")
