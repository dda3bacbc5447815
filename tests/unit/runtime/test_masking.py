"""Nothing that is shown holds a secret: by key name, by position, by value."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.errors import KeyRejected, UsageFault
from actors.runtime.frames import (
    ANSWERS_MAX,
    FRAME_LENGTH_MAX,
    KEPT_LENGTH_MAX,
    MALFORMED_MAX,
    RECENT_MAX,
    AnswerRing,
    FrameRing,
)
from actors.runtime.masking import LIVE, MASK, Masker, is_secret_key, register_secrets
from actors.runtime.questions import REPLY_BYTES_MAX
from actors.runtime.shown_frames import frames_answer
from config.masking import CIRCULAR, HEAD_LENGTH, TRUNCATED
from config.proxy_address import parse_proxy

SECRET = "canary-4f1c9b2e77"


@pytest.mark.parametrize(
    "name",
    [
        "apiKey", "X-Api-Key", "api_key", "API KEY", "apiKeys", "Extended_1_A_API_KEY",
        "starknet_private_key", "Extended_1_A_STARKNET_PRIVATE", "secretKey", "apiSecret",
        "passphrase", "access-passphrase", "password", "Authorization", "Proxy-Authorization",
        "Set-Cookie", "listenToken", "ticket", "signature", "key", "sign", "auth", "wallet",
        "credentials",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert is_secret_key(name)
    assert Masker().mask({name: SECRET}) == {name: MASK}


@pytest.mark.parametrize("name", ["market", "keyboard", "signal", "author", "symbol", "l2Key"])
def test_names_that_are_no_secrets(name: str) -> None:
    assert not is_secret_key(name)
    assert Masker().mask({name: "shown"}) == {name: "shown"}


def test_secret_parameters_of_an_address_are_masked_and_others_stay() -> None:
    masker = Masker()
    for name in ("ticket", "token", "api_key", "signature"):
        told = masker.text(f"GET /api/stream?topics=a,b&{name}={SECRET}&max_hz=4 failed")
        assert told == f"GET /api/stream?topics=a,b&{name}={MASK}&max_hz=4 failed"
        assert masker.mask({"url": f"ws://h/ws?{name}={SECRET}"}) == {
            "url": f"ws://h/ws?{name}={MASK}"
        }
    plain = "GET /api/orderbook?venue=extended&depth=5, a=b"
    assert masker.text(plain) == plain


def test_a_token_made_by_a_signature_is_masked_though_nobody_registered_it() -> None:
    signature = "0a1b2c3d" * 20
    told = f"invalid param : auth 1790000000:7001:4:{signature} has expired"
    assert signature not in Masker().text(told)
    frame = json.dumps({"error": {"code": 20001, "message": told}})
    assert signature[:12] not in Masker().frame(frame)
    # What the venue calls its transactions is half as long.
    plain = f"tx_hash {'0a1b2c3d' * 10}"
    assert Masker().text(plain) == plain


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


HARD = "canary'9\"/x\\y&=%z-4f1c9b2e77"


@pytest.mark.parametrize("spelt", [repr(HARD), repr(HARD.replace('"', "")), repr(HARD[:7] + "~")])
def test_values_are_masked_as_python_spells_them(spelt: str) -> None:
    masker = Masker([HARD, HARD.replace('"', ""), HARD[:7] + "~"])
    assert masker.text(f"expected a number, found {spelt} there") == (
        f"expected a number, found {spelt[0]}{MASK}{spelt[0]} there"
    )


def test_a_value_that_was_cut_off_is_masked_as_far_as_it_goes() -> None:
    masker = Masker([SECRET, f"{SECRET[:HEAD_LENGTH]}-another"])
    for end in range(HEAD_LENGTH, len(SECRET) + 1):
        for behind in ("", " and more", "…'"):
            assert masker.text(f"key {SECRET[:end]}{behind}") == f"key {MASK}{behind}"
    assert masker.text(f"{SECRET[: HEAD_LENGTH - 1]} stays") == f"{SECRET[: HEAD_LENGTH - 1]} stays"
    both = masker.text(f"{SECRET}{SECRET[:HEAD_LENGTH]}-another")
    assert both == MASK * 2


def test_the_credentials_of_a_proxy_are_masked_as_they_travel() -> None:
    register_secrets({}, parse_proxy("10.1.2.3:3128:proxy-user-2:proxy-pass-2"))
    told = LIVE.text("407 for Basic cHJveHktdXNlci0yOnByb3h5LXBhc3MtMg== here")
    assert told == f"407 for Basic {MASK} here"


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


@pytest.mark.parametrize(
    "cut",
    [
        '{"data": [{"apiKeys": ["first-of-two", "second-of',
        '{"apiKeys": [["a]b"], ["second-of-two"]], "signature": {"r": "first-of-two"',
        '{"a": 1, "apiKeys": ["first-of-two", "second-of-two"], "next": [1, 2',
        '[{"secret": {"inner": {"deep": "first-of-two"}, "x": "second-of-two"}, "q": 1',
    ],
)
def test_what_stands_under_a_secrets_name_is_masked_in_a_text_that_was_cut(cut: str) -> None:
    shown = Masker().frame(cut)
    assert "of-two" not in shown
    assert "second" not in shown
    assert ('"next": [1, 2' in shown) == ("next" in cut)


def test_the_half_of_a_secret_at_a_cut_is_not_shown() -> None:
    ring, answers = FrameRing(Masker([SECRET])), AnswerRing(Masker([SECRET]))
    for at in range(len(SECRET) + 2):
        filler = "x" * (KEPT_LENGTH_MAX - at)
        masks = SECRET * 5
        ring.keep(f"{masks}{filler[len(masks) :]}{SECRET}", at)
        answers.keep("GET /a", 200, f"{masks}{filler[len(masks) :]}{SECRET}".encode(), at)
    for frame in (*ring.all(), *answers.all()):
        assert SECRET[:3] not in frame.text
        assert len(frame.text) <= FRAME_LENGTH_MAX


def test_answers_are_kept_with_what_was_asked_bounded_and_masked() -> None:
    ring = AnswerRing(Masker([SECRET]))
    for at in range(ANSWERS_MAX + 5):
        ring.keep(f"GET /user?k={SECRET}", 200, b'{"apiKeys": ["abc"], "n": 1}', at)
    ring.keep("GET /odd", 502, b"<html>" + b"z" * 9_999, 100)
    ring.keep_malformed("GET /odd", 502, b"<html>" + b"z" * 9_999, 100, f"no JSON: {SECRET}")
    shown = ring.all()
    assert len(shown) == ANSWERS_MAX
    *good, odd = shown
    assert {(frame.request, frame.status) for frame in good} == {(f"GET /user?k={MASK}", 200)}
    assert all("abc" not in frame.text and '"n": 1' in frame.text for frame in good)
    assert (odd.request, odd.status, odd.why) == ("GET /odd", 502, f"no JSON: {MASK}")
    assert len(odd.text) == FRAME_LENGTH_MAX


def test_the_newest_of_all_lanes_are_shown_as_far_as_one_reply_holds_them() -> None:
    websocket, rest = FrameRing(Masker()), AnswerRing(Masker())
    for at in range(RECENT_MAX):
        websocket.keep("€" * FRAME_LENGTH_MAX, 2_000 * at)
        rest.keep("GET /a", 200, b"[]", 2_000 * at + 1_000)
    answer = frames_answer({"websocket": websocket, "rest": rest})
    few = answer({"limit": "3"})
    assert [(it["lane"], it["at_us"]) for it in few["frames"]] == [
        ("rest", 63),
        ("websocket", 62),
        ("rest", 61),
    ]
    assert not few["cut"]
    many = answer({"limit": "100"})
    assert many["cut"]
    assert len(msgspec.msgpack.encode(many)) < REPLY_BYTES_MAX
    for wrong in ("0", "101", "-1", "x", "٣", "1" * 30):
        with pytest.raises(UsageFault, match="limit: expected a whole number from 1 to 100"):
            answer({"limit": wrong})


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
