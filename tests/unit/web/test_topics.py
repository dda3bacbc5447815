"""Topics: what a client may ask for, and what matches."""

from __future__ import annotations

import pytest

from web.topics import DEFAULT, TOPICS_MAX, Matcher, TopicRefused, parse, parse_all

BTC = "orderbook:extended:linear:BTC-USD"
COLON = "orderbook:bitfinex:linear:tBTCF0:USTF0"


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        (BTC, BTC, True),
        (BTC, "orderbook:extended:linear:ETH-USD", False),
        ("orderbook:extended:BTC-USD", BTC, True),
        ("orderbook:extended:*", BTC, True),
        ("orderbook:*:*:*", BTC, True),
        ("orderbook:*:*:*", COLON, True),
        ("orderbook:*:spot:*", BTC, False),
        ("orderbook:bitfinex:tBTCF0:USTF0", COLON, True),
        ("orderbook:bitfinex:linear:tBTCF0:USTF0", COLON, True),
        ("orderbook:*:*:*", "ticker:extended:linear:BTC-USD", False),
        ("fills:*:*", "fills:extended:1", True),
        ("fills:extended:1", "fills:extended:11", False),
        ("*:extended:1", "positions:extended:1", True),
        ("*:extended:1", "fills:extended:2", False),
        ("candles:*:*:*:1m", "candles:bitfinex:spot:tBTCUSD:1m", True),
        ("candles:*:*:*:1m", "candles:bitfinex:spot:tBTCUSD:5m", False),
        ("fills:*", "fills:extended:1", True),
        ("fills:*", "orders:extended:1", False),
        ("orderbook:*", BTC, True),
        ("orderbook:*", COLON, True),
        ("orderbook:bitfinex:linear:*", COLON, True),
        ("orderbook:bitfinex:spot:*", COLON, False),
        ("candles:*", "candles:bitfinex:spot:tBTCUSD:1m", True),
        ("candles:bitfinex:*", "candles:bitfinex:spot:tBTCUSD:1m", True),
        ("candles:extended:*", "candles:bitfinex:spot:tBTCUSD:1m", False),
        ("*", "fills:extended:1", True),
        ("*", BTC, True),
        ("*", "supervision", True),
        ("*", "instruments:extended", False),
        ("*:extended:*", BTC, False),
        ("connections", "connections", True),
        ("connections", "supervision", False),
    ],
)
def test_matching(pattern: str, topic: str, expected: bool) -> None:
    matcher = Matcher(frozenset({parse(pattern)}))
    assert matcher(topic) is expected
    assert matcher(topic) is expected  # from memory


@pytest.mark.parametrize(
    ("topic", "field", "expected"),
    [
        ("", "topic", "text of 1"),
        (7, "topic", "text of 1"),
        ("x" * 500, "topic", "text of 1"),
        ("nonsense", "topic", "account:<venue>:<name>"),
        ("account", "topic", "<kind>:<venue>:<name>"),
        ("account:extended", "topic", "<kind>:<venue>:<name>"),
        ("account:extended:1:2", "topic", "<kind>:<venue>:<name>"),
        ("*:*", "topic", "<kind>:<venue>:<name>"),
        ("account::1", "topic", "<kind>:<venue>:<name>"),
        ("orderbook:", "topic", "<kind>:<venue>:<product>:<symbol>"),
        ("orderbook:extended", "topic", "<kind>:<venue>:<product>:<symbol>"),
        ("candles:extended:linear:BTC-USD:", "timeframe", "'1m'"),
        ("connections:extended", "topic", "'connections' alone"),
        ("latency:extended", "topic", "'latency' alone"),
    ],
)
def test_a_topic_that_cannot_be_is_refused_by_name(
    topic: object, field: str, expected: str
) -> None:
    with pytest.raises(TopicRefused) as caught:
        parse(topic)
    assert caught.value.field == field
    assert expected in caught.value.expected


def test_a_client_has_at_least_one_topic_and_not_too_many() -> None:
    with pytest.raises(TopicRefused, match="at least one"):
        parse_all([])
    with pytest.raises(TopicRefused, match=f"at most {TOPICS_MAX}"):
        parse_all([f"fills:extended:{number}" for number in range(TOPICS_MAX + 1)])


def test_the_default_is_every_account_topic() -> None:
    matcher = Matcher(parse_all(DEFAULT))
    for kind in ("account", "positions", "orders", "fills"):
        assert matcher(f"{kind}:extended:1")
    assert not matcher(BTC)
