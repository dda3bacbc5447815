"""Nothing that is shown holds a secret: by key name, by position, by value."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import KeyRejected
from actors.runtime.frames import FRAME_LENGTH_MAX, MALFORMED_MAX, RECENT_MAX, FrameRing
from actors.runtime.masking import LIVE, MASK, Masker, is_secret_key, register_secrets
from config.masking import CIRCULAR, TRUNCATED
from config.proxy_address import parse_proxy

SECRET = "canary-4f1c9b2e77"


@pytest.mark.parametrize(
    "name",
    [
        "apiKey", "X-Api-Key", "api_key", "API KEY", "apiKeys", "Extended_1_A_API_KEY",
        "starknet_private_key", "Extended_1_A_STARKNET_PRIVATE", "secretKey", "apiSecret",
        "passphrase", "access-passphrase", "password", "Authorization", "Proxy-Authorization",
        "Set-Cookie", "listenToken", "signature", "key", "sign", "auth", "wallet", "credentials",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_key(name)
    assert Masker().mask({name: SECRET}) == {name: MASK}


@pytest.mark.parametrize("name", ["market", "keyboard", "signal", "author", "symbol", "l2Key"])
def test_names_that_are_no_secrets(name: str) -> None:
    assert not is_secret_key(name)
    assert Masker().mask({name: "shown"}) == {name: "shown"}


def test_positional_secrets_go_whole_and_subscriptions_stay_readable() -> None:
    masker = Masker()
    assert masker.mask({"op": "auth", "args": [SECRET, 1, "sig"]}) == {"op": "auth", "args": MASK}
    login = {"method": "login", "params": {"any": SECRET}}
    assert masker.mask(login) == {"method": "login", "params": MASK}
    subscribe = {"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]}
    assert masker.mask(subscribe) == subscribe


def test_json_inside_text_is_cleaned_and_untouched_text_keeps_its_spelling() -> None:
    masker = Masker()
    inner = json.dumps({"data": {"apiKey": SECRET, "id": 2104498657029001217}})
    assert SECRET not in str(masker.mask({"raw": inner}))
    plain = '{ "id": 2104498657029001217,   "p": "1.0" }'
    assert masker.frame(plain) == plain


def test_json_that_is_cut_or_too_long_is_masked_by_its_names() -> None:
    masker = Masker()
    cut = '{"x": 1, "apiKey" : "' + SECRET + '", "half": "of a te'
    assert SECRET not in masker.frame(cut)
    cut_inside = '{"x": 1, "apiKey":"' + SECRET[:9]
    assert SECRET[:9] not in masker.frame(cut_inside)
    long = json.dumps({"pad": "y" * 30_000, "secret": SECRET})
    assert SECRET not in masker.frame(long)


def test_values_are_masked_wherever_they_stand() -> None:
    masker = Masker([SECRET, 'quo"ted secret'])
    assert masker.text(f"GET /x?k={SECRET} failed") == f"GET /x?k={MASK} failed"
    assert masker.mask({SECRET: 1}) == {MASK: 1}
    assert masker.mask(KeyRejected(f"key {SECRET} is unknown")) == {
        "name": "KeyRejected",
        "message": f"key {MASK} is unknown",
    }
    assert "ted secret" not in masker.text("as a URL: quo%22ted%20secret")
    assert "ted secret" not in masker.text(json.dumps({"text": 'quo"ted secret'}))


def test_short_values_do_not_blank_out_words() -> None:
    assert Masker(["a", ""]).text("a banana") == "a banana"


def test_passwords_of_urls_go() -> None:
    told = Masker().text("proxy http://user:pass-word@10.0.0.1:3128/ refused")
    assert told == f"proxy http://user:{MASK}@10.0.0.1:3128/ refused"


def test_depth_and_cycles_end() -> None:
    cycle: dict[str, object] = {}
    cycle["self"] = cycle
    assert Masker().mask(cycle) == {"self": CIRCULAR}
    deep: object = "bottom"
    for _ in range(10):
        deep = [deep]
    assert TRUNCATED in str(Masker().mask(deep))
    shared = {"a": 1}
    assert Masker().mask([shared, shared]) == [shared, shared]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(SECRET),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5) | st.just(SECRET), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_registered_value_never_comes_out(value: object) -> None:
    masker = Masker([SECRET])
    assert SECRET not in str(masker.mask(value))
    assert SECRET not in masker.frame(json.dumps(value))


def test_what_an_actor_is_given_is_registered() -> None:
    proxy = parse_proxy("10.1.2.3:3128:proxyuser:proxy-pass-1")
    register_secrets({"api_key": SECRET, "vault_number": "1000123"}, proxy)
    told = LIVE.text(f"{SECRET} by {proxy.url} vault 1000123")
    assert SECRET not in told
    assert "proxy-pass-1" not in told
    assert "1000123" in told


def test_frames_are_kept_bounded_and_masked() -> None:
    ring = FrameRing(Masker([SECRET]))
    for at in range(RECENT_MAX + 5):
        ring.keep(f'{{"seq": {at}, "k": "{SECRET}"}}', at)
        ring.keep_malformed(f'{{"seq": {at}, "k": "{SECRET}' + "z" * 9_999, at, f"bad {SECRET}")
    assert [frame.received_ns for frame in ring.recent()] == list(range(5, RECENT_MAX + 5))
    assert len(ring.malformed) == MALFORMED_MAX
    for frame in (*ring.recent(), *ring.malformed):
        assert SECRET not in frame.text + frame.why
        assert len(frame.text) <= FRAME_LENGTH_MAX + len(MASK)
