"""The recorded and documented private messages of Lighter, each through the code that meets it.

Every private file of the corpus stands either under READ, with the figures that it must give, or
under NOT_READ with the reason: a new file fails this test until somebody decides.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lighter_account_frames import Signer, instrument

from actors.errors import KeyRejected, VenueRejected, VenueUnavailable
from actors.messages.account import AccountSnapshot, Balance, Fill, Funding, Order, Position
from actors.messages.market import InstrumentList
from actors.venues.contract import AccountInfo, Event, Page
from actors.venues.lighter import wire_account
from actors.venues.lighter.account_session import AccountSession
from actors.venues.lighter.figures import AccountFigures
from actors.venues.lighter.markets import Markets
from actors.venues.lighter.requests import Requests

ROOT = Path(__file__).resolve().parents[3]
CORPUS = Path(os.environ.get("VENUE_CORPUS", ROOT / ".." / "shared" / "venues")).resolve()
MESSAGES = CORPUS / "lighter" / "messages"
NOW_NS = 1_790_600_000_000_000_000
URL = "wss://venue.example/stream"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not MESSAGES.is_dir(), reason=f"no recorded messages in {MESSAGES}: set VENUE_CORPUS"
    ),
]

PRIVATE = (
    "rest-account",
    "rest-apikeys",
    "rest-error",
    "rest-nextNonce",
    "rest-orders-",
    "rest-pnl",
    "rest-positionFunding",
    "signing-",
    "ws-account",
    "ws-error",
    "ws-notification",
    "ws-user-stats",
)
"""How the names of files begin that are of one account, or of its credentials."""

NOT_READ = {
    "rest-accountMetadata-jk.json": "names and colours of an account are not served",
    "rest-accountsByL1Address-jk.json": "accounts are configured, not looked for",
    "rest-nextNonce-nt.json": "of a transaction; the service only watches",
    "rest-pnl-ak.json": "the venue's own chart of profit is not served",
    "rest-pnl-jk.json": "the venue's own chart of profit is not served",
    "signing-auth-token-vectors-nt.json": "the signer is the venue's; its simulator verifies these",
    "signing-known-answer.json": "the signer is the venue's; its simulator verifies this",
    "signing-poseidon2-parameters.json": "parameters of the simulator's verification",
    "signing-schnorr-fixed-k-vectors-nt.json": "the simulator's verification is tested by them",
    "ws-account-all-snapshot-jk.json": "one channel a kind is subscribed, not this one of all",
    "ws-account-all-update-funding-jk.json": "a channel that is not subscribed",
    "ws-account-spot-avg-entry-prices-doc.json": "entry prices of spot holdings are not served",
    "ws-account-tx-transaction-doc.json": "transactions are not served",
    "ws-notification-update-doc.json": "the venue's notifications are not served",
}


def markets() -> Markets:
    held = Markets()
    items = (instrument(0, "ETH"), instrument(1, "BTC"))
    held.learn(InstrumentList(venue="lighter", items=items, received_ns=NOW_NS))
    return held


def rest(name: str, index: int, status: int = 200, **more: Any) -> Callable[[Any], Any]:
    def read(document: Any) -> Any:
        tokens = Signer().tokens()
        requests = Requests("https://venue.example", "1", index, markets(), tokens, **more)
        requests.groundwork()
        body = json.dumps(document).encode()
        return getattr(requests, f"read_{name}")(status, {}, body, NOW_NS)

    return read


def told(snapshot: str) -> AccountFigures:
    """The figures of an account that REST told about before."""
    figures = AccountFigures("1")
    row = msgspec.convert(json.loads(snapshot), wire_account.Account)
    figures.told(row, NOW_NS, "polling")
    return figures


NOTHING = '{"index": 1, "collateral": "0", "available_balance": "0", "total_asset_value": "0"}'


def stream(index: int, channel: str | None = None) -> Callable[[Any], list[Event]]:
    """The frame on a subscription of its channel (or this one); recorded, hence without a token."""

    def read(document: Any) -> list[Event]:
        session = AccountSession(URL, "1", index, markets(), figures=told(NOTHING))
        session.connected(NOW_NS)
        kind, _, name = document["type"].partition("/")
        name = channel or name
        frame = document | {"type": f"{kind}/{name}", "channel": f"{name}:{index}"}
        if kind == "update":
            first: dict[str, Any] = {"type": f"subscribed/{name}", "channel": f"{name}:{index}"}
            if name == "user_stats":
                first["stats"] = document["stats"]
            session.receive(json.dumps(first), NOW_NS)
        return session.receive(json.dumps(frame), NOW_NS)

    return read


def refused(kind: type[Exception]) -> Callable[[Any], Any]:
    def read(document: Any) -> Any:
        with pytest.raises(kind) as caught:
            rest("orders", 1, 400)(document)
        return caught.value

    return read


def asked_again(document: Any) -> Any:
    """A subscription refused for its token is asked for again; refused again, the key is wrong."""
    session = AccountSession(URL, "1", 0, markets(), Signer().tokens())
    session.connected(NOW_NS)
    session.receive('{"type":"connected"}', NOW_NS)
    assert len(session.to_send(0)) == 5
    assert session.receive(json.dumps(document), NOW_NS) == []
    assert [json.loads(each)["channel"] for each in session.to_send(1)] == ["account_all_orders/0"]
    with pytest.raises(KeyRejected) as caught:
        session.receive(json.dumps(document), NOW_NS)
    return caught.value


def other_key(document: Any) -> Any:
    with pytest.raises(KeyRejected) as caught:
        rest("groundwork", 3, public_key=(0, "ab" * 40))(document)
    return caught.value


def positions(index: int) -> Callable[[Any], Any]:
    """The balance, then the positions: both are read of one answer."""

    def read(document: Any) -> Any:
        return [rest("balance", index)(document), *rest("positions", index)(document)]

    return read


ETHER = Balance(asset="ETH", total="3.00000000", free="3.00000000", locked="0.00000000")
READ: dict[str, tuple[Callable[[Any], Any], list[tuple[type, dict[str, Any]]]]] = {
    "rest-account-ak.json": (
        positions(41),
        [(AccountSnapshot, {"equity": "0.000000", "wallet_balance": "0.000000",
                            "balances": (ETHER, Balance(asset="USDC", total="0.000000",
                                                        free="0.000000"))})],
    ),
    "rest-account-jk.json": (
        positions(1),
        [(AccountSnapshot, {"equity": "19995", "wallet_balance": "46342", "free": "19995",
                            "margin_used": "52340.500000", "margin_ratio": "0.15",
                            "unrealized_pnl": "17.521309", "exposure": "3019.92"}),
         (Position, {"symbol": "BTC", "side": "long", "quantity": "3.6956", "leverage": "5",
                     "mark_price": "817.16636", "margin": "46342", "notional": "3019.92",
                     "realized_pnl": "2.000000", "liquidation_price": "3024.66"})],
    ),
    "rest-account-nt.json": (
        positions(123456),
        [(AccountSnapshot, {"equity": "0.000000", "margin_used": "0.000000",
                            "margin_ratio": None, "exposure": "0"})],
    ),
    "rest-account-position-ccxt.json": (
        positions(1077),
        [(AccountSnapshot, {"equity": "15298.072264000002", "free": "12582.743947",
                            "unrealized_pnl": "6197.829558", "exposure": "54306.566340",
                            "margin_used": "2715.328317000002", "leverage": "3.5499"}),
         (Position, {"symbol": "ETH", "quantity": "18.0193", "mark_price": "3013.8",
                     "leverage": "20", "margin": "2715.3283170000",
                     "liquidation_price": "2191.1107231380406"})],
    ),
    "rest-accountInactiveOrders-ak.json": (
        rest("orders_history", 41),
        [(Order, {"order_id": "281474983018026", "client_order_id": "79084886055",
                  "status": "filled", "side": "sell", "type": "market",
                  "average_price": "2148.95995389", "time_in_force": "ioc",
                  "trigger_price": None})],
    ),
    "rest-accountLimits-ak.json": (
        rest("account_info", 41), [(AccountInfo, {"description": "standard"})],
    ),
    "rest-accountLimits-jk.json": (
        rest("account_info", 41), [(AccountInfo, {"description": "std"})],
    ),
    "rest-apikeys-jk.json": (other_key, [(KeyRejected, {})]),
    "rest-error-bodies.jsonl#1": (refused(VenueRejected), [(VenueRejected, {"code": "400"})]),
    "rest-error-bodies.jsonl#2": (refused(KeyRejected), [(KeyRejected, {})]),
    "rest-orders-nt.json": (
        rest("orders_history", 712440),
        [(Order, {"order_id": "281476929510110", "client_order_id": "42", "status": "open",
                  "quantity": "0.0050", "price": "2352.74", "time_in_force": "gtc",
                  "created_ns": 1777941383576 * 10**6, "filled_quantity": "0.0000"})],
    ),
    "rest-positionFunding-jk.json": (
        rest("funding", 1),
        [(Funding, {"funding_id": "1", "symbol": "BTC", "amount": "1", "rate": "1",
                    "venue_time_ns": 1640995200 * 10**9})],
    ),
    "ws-account-all-assets-snapshot-nt.json": (
        stream(1234),
        [(AccountSnapshot, {"balances": (Balance(asset="USDC", total="10.000000",
                                                 free="10.000000", locked="0.000000"),),
                            "venue_time_ns": 1781161199648 * 10**6})],
    ),
    "ws-account-all-assets-update-doc.json": (
        stream(1234),
        [(AccountSnapshot, {"balances": (
            Balance(asset="ETH", total="7.1072", free="7.1072", locked="0.0000"),
            Balance(asset="USDC", total="6343.581906", free="6046.581906", locked="297.000000"),
        )})],
    ),
    "ws-account-all-positions-update-nt.json": (
        stream(1234),
        [(Position, {"position_id": "0", "symbol": "ETH", "side": "long", "quantity": "1.5000",
                     "mark_price": "2350.1", "notional": "3525.15", "unrealized_pnl": "3.45"})],
    ),
    "ws-account-all-trades-update-ccxt.json": (stream(723310), []),
    "ws-account-all-trades-update-nt.json": (
        stream(1234),
        [(Fill, {"fill_id": "19209006902", "side": "buy", "liquidity": "taker",
                 "order_id": "562947905631053", "client_order_id": "7001011966",
                 "fee": "0.061607646688", "venue_time_ns": 1777941384181586 * 10**3})],
    ),
    "ws-account-orders-update-nt.json": (
        stream(1234, "account_all_orders"),
        [(Order, {"status": "partially_filled", "filled_quantity": "0.0020",
                  "average_price": "2352.74", "venue_time_ns": 1777941383900 * 10**6})],
    ),
    "ws-error-auth-required.jsonl#1": (asked_again, [(KeyRejected, {})]),
    "ws-error-auth-required.jsonl#2": (asked_again, [(KeyRejected, {})]),
    "ws-user-stats-snapshot-nt.json": (
        stream(1234),
        [(AccountSnapshot, {"equity": "40.000000", "wallet_balance": "40.000000",
                            "free": "40.000000", "unrealized_pnl": "0.000000"})],
    ),
    "ws-user-stats-update-doc.json": (
        stream(10),
        [(AccountSnapshot, {"equity": "15000.00", "wallet_balance": "5000.00",
                            "free": "2000.00", "unrealized_pnl": "10000.000000"})],
    ),
}  # fmt: skip


def documents(name: str) -> dict[str, Any]:
    """A file's documents by name; those of a `.jsonl` as `name#1`, `name#2`, …"""
    text = (MESSAGES / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        return {name: json.loads(text)}
    lines = [line for line in text.splitlines() if line.strip()]
    return {f"{name}#{at}": json.loads(line) for at, line in enumerate(lines, 1)}


def listed(result: Any) -> list[Any]:
    if isinstance(result, Page):
        return list(result.items)
    return result if isinstance(result, list) else [result]


def test_m_every_private_file_gives_its_figures() -> None:
    on_disk = {path.name for path in MESSAGES.iterdir() if path.name.startswith(PRIVATE)}
    assert not set(NOT_READ) - on_disk, "files that are no longer there"
    met = set()
    for name in sorted(on_disk - set(NOT_READ)):
        for part, document in documents(name).items():
            assert part in READ, f"{part}: under READ or NOT_READ?"
            met.add(part)
            read, expected = READ[part]
            found = listed(read(document))
            assert [type(item) for item in found] == [kind for kind, _ in expected], part
            for item, (_, fields) in zip(found, expected, strict=True):
                for field, value in fields.items():
                    assert getattr(item, field) == value, f"{part}: {field}"
    assert met == set(READ), "files that are no longer there"


def test_m_a_payment_that_was_captured_live() -> None:
    """On a channel that is not subscribed; REST lists the same rows."""
    [frame] = documents("ws-account-all-update-funding-jk.json").values()
    [rows] = frame["funding_histories"].values()
    [paid] = rest("funding", 1)({"code": 200, "position_fundings": rows}).items
    assert (paid.funding_id, paid.symbol) == ("1232541", "ETH")
    assert (paid.amount, paid.rate) == ("-0.000212", "0.000012")
    assert paid.venue_time_ns == 1783947600 * 10**9


def test_m_one_order_over_both_lanes() -> None:
    """The fixtures show one order, whole over REST and partly filled over the stream later."""
    [rest_row] = documents("rest-orders-nt.json").values()
    [stream_row] = documents("ws-account-orders-update-nt.json").values()
    (earlier,) = rest("orders", 712440)(rest_row)
    (later,) = stream(1234, "account_all_orders")(stream_row)
    assert isinstance(later, Order)
    assert earlier.order_id == later.order_id
    assert earlier.version < later.version


def test_m_a_refused_question_is_not_the_keys_fault_at_once() -> None:
    tokens = Signer().tokens()
    requests = Requests("https://venue.example", "1", 1, markets(), tokens)
    requests.orders()
    document = documents("ws-error-auth-required.jsonl")["ws-error-auth-required.jsonl#1"]["error"]
    with pytest.raises(VenueUnavailable):
        requests.read_orders(400, {}, json.dumps(document).encode(), NOW_NS)
