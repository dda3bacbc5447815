"""The values of the contract and the registry of venues."""

from __future__ import annotations

import pytest

from actors.errors import ConfigFault
from actors.venues.contract import Requests, Venue
from actors.venues.http_request import HttpRequest
from actors.venues.registry import VENUES, market_data, venue
from actors.venues.symbols import AmbiguousSymbol, UnknownSymbol


def test_an_address_is_encoded_and_repeats_its_parameters() -> None:
    request = HttpRequest(
        name="markets",
        base_url="https://venue.example/api/v1",
        path="/info/markets/A B?c/orderbook",
        query=(("market", "BTC-USD"), ("market", "A&B=C")),
    )
    assert request.url == (
        "https://venue.example/api/v1/info/markets/A%20B%3Fc/orderbook"
        "?market=BTC-USD&market=A%26B%3DC"
    )
    assert (request.method, request.weight, request.idempotent) == ("GET", 1, True)


def test_a_request_does_not_show_its_headers() -> None:
    request = HttpRequest(name="x", base_url="https://v", path="/", headers={"X-Api-Key": "canary"})
    assert "canary" not in repr(request)


SECRETS = {
    "extended": {"api_key": "key"},
    "lighter": {"account_index": "7", "private": f"ro:7:single:4102444800:{'ab' * 24}"},
}


@pytest.mark.parametrize("name", sorted(VENUES))
def test_each_venue_offers_the_whole_contract(name: str) -> None:
    found: Venue = venue(name)
    assert found.name == name
    assert found.products
    assert found.base_url.startswith("https://")
    assert found.ws_url.startswith("wss://")
    assert found.connection_policy in {"phased", "exponential"}
    assert found.rest_limit.count > 0
    assert found.rest_limit.period_s > 0
    assert 0 < found.poll_interval_s <= found.orders_interval_s <= found.points_interval_s
    requests: Requests = found.requests(found.base_url)
    assert requests.markets().url.startswith(found.base_url)
    product = found.products[0]
    access = found.access(
        "1",
        SECRETS[name],
        base_url=found.base_url,
        ws_url=found.ws_url,
        now_ns=lambda: 1_800_000_000 * 10**9,
    )
    requests = access.requests
    assert (requests.balance() == requests.positions()) == found.joint_figures
    for session in (
        access.session,
        found.book_session(found.ws_url, product, "BTC-USD", "7"),
        market_data(found.name).trades_session(found.ws_url, product, "BTC-USD", "7"),
    ):
        assert session.url.startswith(found.ws_url)
        assert session.silence_max_s > 0
        assert session.ping_interval_s > 0
        assert session.connected(0) == []
        assert list(session.to_send(1)) == []


def test_an_unknown_venue_or_product_is_a_configuration_error() -> None:
    with pytest.raises(ConfigFault, match="found 'nowhere', expected extended"):
        venue("nowhere")
    with pytest.raises(ConfigFault, match="product: found 'spot', expected linear"):
        venue("extended").book_session("wss://v", "spot", "BTC-USD")


def test_symbol_faults_say_what_would_do() -> None:
    assert str(UnknownSymbol("BCT", ["BTC-USD"])) == "unknown market 'BCT'; nearest: BTC-USD"
    assert str(UnknownSymbol("?", [])) == "unknown market '?'"
    assert str(AmbiguousSymbol("A", ["A-1", "A-2"])) == "market 'A' may be any of A-1, A-2"
