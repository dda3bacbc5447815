"""Which paths are relayed, to where, and which redirects of the remote may be followed."""

import pytest

from web.problems import Problem
from web.remote.target import RELAYED, RemoteAddress, checked


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        (b"/api/accounts", b"", "/api/accounts"),
        (b"/api/orderbook/BTC%2FUSDT:USDT", b"depth=5", "/api/orderbook/BTC%2FUSDT:USDT?depth=5"),
        (b"/ws", b"", "/ws"),
        (b"/ws/dashboard", b"ticket=a_b-c", "/ws/dashboard?ticket=a_b-c"),
        (b"/candles/stream", b"streams=BTCUSD:1m,ETHUSD:5m", None),
        (b"/health", b"", "/health"),
        (b"/metrics", b"", "/metrics"),
        (b"/ready", b"", "/ready"),
        (b"/docs", b"", "/docs"),
        (b"/openapi.json", b"", "/openapi.json"),
        (b"/api/x/", b"", "/api/x/"),
        (b"/api/100%25", b"", "/api/100%25"),
        (b"/api/stream", b"topics=account:*&q=%2e%2e%2f//x\\y", None),
    ],
)
def test_a_path_is_passed_on_as_it_was_spelt(path: bytes, query: bytes, target: str | None) -> None:
    expected = target or f"{path.decode()}?{query.decode()}"
    assert checked(path, query) == expected


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/apis",
        b"/API/accounts",
        b"/%61pi/accounts",
        b"/static/x.js",
        b"/_simulator/faults",
        b"/api%2Faccounts",
        b"/docs.html",
    ],
)
def test_another_path_is_not_relayed(path: bytes) -> None:
    with pytest.raises(Problem) as raised:
        checked(path, b"")
    assert raised.value.status == 404
    assert raised.value.more["known"] == [f"/{name}" for name in RELAYED]


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"*",
        b"api",
        b"//evil.example/api",
        b"http://evil.example/api",
        b"@evil.example/api",
        b"/api\\..\\x",
        b"/api/\r\nHost: evil",
        b"/api/ x",
        b"/api/#x",
        b"/api/\xff",
        b"/api/../admin",
        b"/api/./x",
        b"/api/..",
        b"/api/%2e%2e/admin",
        b"/api/%2E%2e%2Fadmin",
        b"/api/..%2fadmin",
        b"/api/%252e%252e/admin",
        b"/api/%25252e%25252e%25252fadmin",
        b"/api/%5c..%5cadmin",
        b"/api//x",
        b"/api/x%2f%2fevil",
        b"/api/..%3bx/admin",
        b"/api/%00",
        b"/api/%0d%0aHost:%20evil",
        b"/api/%7f",
        b"/api/%",
        b"/api/%zz",
        b"/api/%c0%ae%c0%ae/admin",
        b"/api/%ff",
        b"/api/..;/admin",
    ],
)
def test_a_path_with_two_readings_is_refused(path: bytes) -> None:
    with pytest.raises(Problem) as raised:
        checked(path, b"")
    assert raised.value.status == 400
    assert raised.value.kind == "bad-path"


@pytest.mark.parametrize("query", [b"a=b#c", b"a b", b"a\r\nb", b"\x00", b"\xff", b"a\x7f"])
def test_a_query_that_is_none_is_refused(query: bytes) -> None:
    with pytest.raises(Problem, match="bad-path"):
        checked(b"/api/accounts", query)


def test_the_base_keeps_its_prefix() -> None:
    base = RemoteAddress("https://c.example:8443/below/")
    assert base.http("/api/x?y") == "https://c.example:8443/below/api/x?y"
    assert base.websocket("/ws") == "wss://c.example:8443/below/ws"
    assert RemoteAddress("http://127.0.0.1:5000").websocket("/ws") == "ws://127.0.0.1:5000/ws"


@pytest.mark.parametrize(
    ("location", "here"),
    [
        ("/below/api/y", "/api/y"),
        ("y?a=b#c", "/api/y?a=b#c"),
        ("https://c.example/below/docs", "/docs"),
        ("https://c.example:443/below/docs", "/docs"),
        ("https://C.example/below", "/"),
        ("//c.example/below/docs", "/docs"),
        ("/docs", None),
        ("/belows/docs", None),
        ("../../other", None),
        ("http://c.example/below/docs", None),
        ("https://c.example:444/below/docs", None),
        ("https://evil.example/below/docs", None),
        ("//evil.example/below/docs", None),
        ("https://c.example@evil.example/below", None),
        ("https://evil@c.example/below/docs", None),
        ("https://c.example:99999/below", None),
        ("https://[::1/below", None),
        ("javascript:alert(1)", None),
        ("\\\\evil.example/below", None),
        ("/below//evil.example", None),
        ("/below/%2f%2fevil.example", None),
        ("/below/a b", None),
        ("/below/\x00", None),
    ],
)
def test_a_redirect_is_rewritten_or_leads_nowhere(location: str, here: str | None) -> None:
    assert RemoteAddress("https://c.example/below").here(location, "/api/x") == here
