"""Each spelling of a proxy, each mistake in one, and a proxy's password out of every message."""

from __future__ import annotations

import pytest

from actors.errors import ConfigFault
from config.proxy_address import exit_address, parse_proxy

PASSWORD = "p@ss:w/rd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://user:secret@10.0.0.1:3128/", ("http", "10.0.0.1", 3128, "user", "secret")),
        ("http://10.0.0.1:3128", ("http", "10.0.0.1", 3128, "", "")),
        ("HTTP://proxy.example:80/", ("http", "proxy.example", 80, "", "")),
        ("10.0.0.1:3128:User:Pass", ("http", "10.0.0.1", 3128, "User", "Pass")),
        ("10.0.0.1:3128:User:Pa:ss", ("http", "10.0.0.1", 3128, "User", "Pa:ss")),
        ("10.0.0.1:3128", ("http", "10.0.0.1", 3128, "", "")),
        ("  10.0.0.1:3128 ", ("http", "10.0.0.1", 3128, "", "")),
        ("socks5://user:secret@proxy.test:1080", ("socks5", "proxy.test", 1080, "user", "secret")),
        ("socks5h://proxy.example:1080", ("socks5h", "proxy.example", 1080, "", "")),
        ("http://us%40er:p%40ss%3Aw%2Frd@10.0.0.1:1", ("http", "10.0.0.1", 1, "us@er", PASSWORD)),
        ("http://[2001:db8::1]:3128", ("http", "2001:db8::1", 3128, "", "")),
    ],
)  # fmt: skip
def test_spellings(text: str, expected: tuple[str, str, int, str, str]) -> None:
    proxy = parse_proxy(text)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.username, proxy.password) == expected
    assert parse_proxy(proxy.url) == proxy


def test_the_exit_address_can_be_shown() -> None:
    assert exit_address("http://user:secret@10.0.0.1:3128/") == "10.0.0.1:3128"
    assert exit_address("http://[2001:db8::1]:3128") == "[2001:db8::1]:3128"
    assert "secret" not in repr(parse_proxy("10.0.0.1:3128:user:secret"))


@pytest.mark.parametrize(
    "text",
    [
        "", "10.0.0.1", "10.0.0.1:", ":3128", "10.0.0.1:port", "10.0.0.1:0", "10.0.0.1:65536",
        "10.0.0.1:99999999999999999999", "10.0.0.1:3128:UserOnly", "a b:3128", "10.0.0.1:-5",
        "10.0.0.1:٣١٢٨", "ftp://u:topsecret@10.0.0.1:21", "http://u:topsecret@10.0.0.1",
        "http://u:topsecret@10.0.0.1:3128/path", "http://u:topsecret@:3128",
        "http://u:topsecret@10.0.0.1:99999", "http://u:topsecret@10.0.0.1:3128?x=1",
        "http://u:top[secret@10.0.0.1:3128", "topsecret://10.0.0.1:3128",
    ],
)  # fmt: skip
def test_mistakes_name_the_setting_and_the_forms_but_not_the_password(text: str) -> None:
    with pytest.raises(ConfigFault) as raised:
        parse_proxy(text, "Extended_1_PROXY")
    told = str(raised.value)
    assert told.startswith("Extended_1_PROXY: found ")
    assert "HOST:PORT:User:Password" in told
    assert "topsecret" not in told
