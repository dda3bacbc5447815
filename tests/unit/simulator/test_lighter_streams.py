"""Parts of the simulated Lighter's WebSocket: names, numbers, spoiled frames, limits, worlds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.errors import ConfigFault
from actors.simulator.actor import account_specs
from actors.simulator.dialects.extended_frames import ExtendedFrames
from actors.simulator.dialects.lighter_channels import CANDLES, LighterChannels
from actors.simulator.dialects.lighter_frames import LighterFrames
from actors.simulator.dialects.lighter_ids import (
    block_height,
    book_nonce,
    frame_of_nonce,
    market_ids,
)
from actors.simulator.dialects.registry import VENUES, traits_of
from actors.simulator.exchange import Exchange
from actors.simulator.faults import FaultKind
from actors.simulator.refused import Refused
from actors.simulator.spoiling import Spoiler
from actors.simulator.subscription import names_of
from actors.simulator.throttle import WINDOW_NS, Throttle
from config.demo import LIGHTER_INDEX_FIRST, demo_lighter_accounts

SEED = 3
START_NS = 1_790_000_012 * 10**9


def world(venue: str = "lighter", **options: Any) -> Exchange:
    specs = account_specs(2, SEED, venue)
    return traits_of(venue).exchange(
        seed=SEED, accounts=specs, start_ns=START_NS, warm_up_s=5, **options
    )


CHANNELS = LighterChannels(world())


@given(st.integers(0, 10**12))
def test_a_nonce_names_its_frame_and_jumps(frame: int) -> None:
    nonce = book_nonce(frame)
    assert frame_of_nonce(nonce) == frame
    assert book_nonce(frame + 1) - nonce > 1
    between = [frame_of_nonce(one) for one in range(nonce + 1, book_nonce(frame + 1))]
    assert set(between) == {None}


def test_what_no_frame_bears() -> None:
    assert frame_of_nonce(0) is None
    assert frame_of_nonce(book_nonce(0) - 1) is None


def test_known_markets_keep_their_numbers() -> None:
    assert market_ids(("SOL", "ETH", "BTC")) == {"SOL": 2, "ETH": 0, "BTC": 1}
    assert market_ids(("DOGE", "ETH", "HYPE")) == {"DOGE": 3, "ETH": 0, "HYPE": 4}


def test_blocks_rise() -> None:
    assert block_height(START_NS // 10**6 + 60_000) > block_height(START_NS // 10**6)


def test_a_stream_goes_by_every_first_part_of_its_topic() -> None:
    assert names_of("book:ETH") == {"ws", "book", "ws:book", "book:ETH", "ws:book:ETH"}
    assert names_of("account:1:orders") >= {"account:1", "ws:account:1", "account:1:orders"}
    assert "account:1" not in names_of("account:10:orders")


@pytest.mark.parametrize(
    ("text", "topic", "name", "owner"),
    [
        ("order_book/1", "book:BTC", "order_book:1", None),
        ("ticker/0", "top:ETH", "ticker:0", None),
        ("trade/2", "trades:SOL", "trade:2", None),
        ("market_stats/all", "stats:*", "market_stats:all", None),
        ("market_stats/0", "stats:ETH", "market_stats:0", None),
        ("spot_market_stats/all", "spot_stats:*", "spot_market_stats:all", None),
        ("candle/0/12h", "candles:ETH:12h", "candle:0:12h", None),
        ("height", "height", "height", None),
        ("account_all/7002", "account:2:all", "account_all:7002", None),
        ("user_stats/7002", "account:2:stats", "user_stats:7002", None),
        ("account_all_orders/7002", "account:2:orders", "account_all_orders:7002", "2"),
        ("account_all_trades/7001", "account:1:trades", "account_all_trades:7001", "1"),
        ("account_all_positions/7001", "account:1:positions", "account_all_positions:7001", "1"),
        ("account_all_assets/7001", "account:1:assets", "account_all_assets:7001", "1"),
        ("account_orders/1/7001", "account:1:orders:BTC", "account_orders:1:7001", "1"),
        ("account_market/1/7001", "account:1:market:BTC", "account_market:1:7001", "1"),
    ],
)
def test_channels_and_their_topics(text: str, topic: str, name: str, owner: str | None) -> None:
    channel = CHANNELS.read(text)
    found = None if channel.account is None else channel.account.name
    assert (channel.topic, channel.name, found) == (topic, name, owner)


@given(st.text(alphabet=st.characters(exclude_characters="012"), max_size=40))
def test_any_other_text_is_refused_as_a_channel(text: str) -> None:
    assume(text != "height")
    with pytest.raises(Refused) as refusal:
        CHANNELS.read(text)
    assert refusal.value.code == "30005"


def test_candles_of_a_week_have_no_channel() -> None:
    assert set(CANDLES) == {"1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d"}


def update(**changes: Any) -> bytes:
    book = {
        "code": 0,
        "asks": [{"price": "2064.54", "size": "0.3285"}],
        "bids": [],
        "offset": 5,
        "nonce": 20,
        "begin_nonce": 10,
        **changes,
    }
    document = {"channel": "order_book:0", "order_book": book, "type": "update/order_book"}
    return json.dumps(document, separators=(",", ":")).encode()


SNAPSHOT = update().replace(b"update/", b"subscribed/")


def spoiled(kind: FaultKind, *frames: bytes, variant: str = "") -> list[Any]:
    spoiler = Spoiler(LighterFrames())
    spoiler.arm(kind, 1, variant)
    return [json.loads(one) for frame in frames for one in spoiler.spoil(frame)]


def test_a_gap_takes_an_update_and_never_a_snapshot() -> None:
    first, second = update(nonce=30), update(nonce=40)
    assert spoiled(FaultKind.GAP, SNAPSHOT, first, second) == [
        json.loads(SNAPSHOT),
        json.loads(second),
    ]


@pytest.mark.parametrize("kind", [FaultKind.MISMATCH, FaultKind.NO_SIZE, FaultKind.CROSSED])
def test_only_updates_with_a_level_are_bent(kind: FaultKind) -> None:
    empty = update(asks=[], bids=[])
    found = spoiled(kind, SNAPSHOT, empty, update(), update())
    assert found[:2] == [json.loads(SNAPSHOT), json.loads(empty)]
    assert found[3] == json.loads(update())
    book = found[2]["order_book"]
    if kind is FaultKind.MISMATCH:
        assert book["begin_nonce"] == 11
    elif kind is FaultKind.NO_SIZE:
        assert book["asks"] == [{"price": "2064.54"}]
    else:
        assert book["bids"] == [{"price": "4129.08", "size": "0.3285"}]


def test_a_crossing_level_is_never_a_removal() -> None:
    gone = [{"price": "2064.54", "size": "0.0000"}]
    (found,) = spoiled(FaultKind.CROSSED, update(asks=gone))
    assert found["order_book"]["bids"] == [{"price": "4129.08", "size": "1"}]


def test_wrong_types_keep_the_name_of_the_channel() -> None:
    wrong, good = spoiled(FaultKind.MALFORMED, update(), variant="wrong_type")
    assert wrong == {
        "channel": "order_book:0",
        "order_book": "none",
        "type": "update/order_book",
    }
    assert good == json.loads(update())


def test_forms_finish_frames_as_their_venue_does() -> None:
    assert LighterFrames().finished(b'{"a":1}', 7) == b'{"a":1}'
    assert ExtendedFrames().finished(b'{"a":1', 7) == b'{"a":1,"seq":7}'


def test_heavy_requests_count_for_several() -> None:
    throttle = Throttle(3)
    assert throttle.wait_s("a", 0, 1.5) is None
    assert throttle.wait_s("a", 0, 1.5) is None
    assert throttle.wait_s("a", 0, 1) == 60
    assert throttle.wait_s("b", 0, 3) is None
    assert throttle.wait_s("b", 0, 0) is None
    assert throttle.wait_s("a", WINDOW_NS, 2) is None
    assert throttle.wait_s("c", 0, 4) == 60


@pytest.mark.parametrize("venue", VENUES)
def test_each_venue_has_a_world_of_its_own(venue: str) -> None:
    exchange = world(venue)
    assert tuple(exchange.markets) == traits_of(venue).markets
    suffix = "-USD" if venue == "extended" else ""
    assert all(name == market.spec.asset + suffix for name, market in exchange.markets.items())
    has_shares = {bool(one.spot_shares) for one in exchange.accounts.values()}
    assert has_shares == {venue == "extended"}
    rates = {one.rate_per_s for one in exchange.markets.values()}
    assert rates == {10.0 if venue == "extended" else 20.0}


def test_only_known_venues_and_markets_are_simulated() -> None:
    for venue in ("nowhere", None, 7):
        with pytest.raises(ConfigFault, match="extended or lighter"):
            traits_of(venue)
    with pytest.raises(ConfigFault, match="markets"):
        world(markets=("ETH-USD",))
    with pytest.raises(ConfigFault, match="markets"):
        world("extended", markets=("ETH",))


def test_demo_accounts_of_lighter_keep_their_index_and_both_credentials() -> None:
    specs = account_specs(3, SEED, "lighter")
    demo = demo_lighter_accounts(SEED, 3)
    for spec, one in zip(specs, demo, strict=True):
        assert (spec.name, spec.api_key) == (one.name, one.read_only_token)
        assert (spec.account_index, spec.api_key_index) == (one.account_index, one.api_key_index)
        assert spec.private_key == one.private_key
        assert set(traits_of("lighter").credentials(spec).values()) == set(one)
    exchange = world()
    assert list(exchange.accounts) == [LIGHTER_INDEX_FIRST, LIGHTER_INDEX_FIRST + 1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_index": -1},
        {"account_index": True},
        {"api_key_index": "4"},
        {"private_key": 7},
        {"spot_shares": 1.5},
        {"name": ""},
        {"nonsense": 1},
    ],
)
def test_rows_of_accounts_are_checked(wrong: dict[str, Any]) -> None:
    row = {"name": "1", "api_key": "token", "account_index": 5, **wrong}
    with pytest.raises(ConfigFault, match=r"accounts\[0\]"):
        account_specs([row], SEED, "lighter")


def test_two_accounts_cannot_have_one_index() -> None:
    rows = [{"name": name, "api_key": name, "account_index": 5} for name in "ab"]
    with pytest.raises(ConfigFault, match="account_index"):
        traits_of("lighter").exchange(
            seed=SEED, accounts=account_specs(rows, SEED, "lighter"), start_ns=START_NS
        )
