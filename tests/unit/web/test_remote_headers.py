"""Which fields travel in which direction, and what the remote learns of the caller."""

from web.remote.headers import Caller, caller, has_passed, to_client, to_remote, without_token

ASKING = Caller(address="10.1.2.3", scheme="http", host="desk.example")


def raw(*pairs: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]


def sent(*pairs: tuple[str, str], authorization: str | None = "") -> list[tuple[str, str]]:
    return to_remote(raw(*pairs), ASKING, "me", authorization)


OURS = [
    ("x-forwarded-for", "10.1.2.3"),
    ("x-forwarded-proto", "http"),
    ("x-forwarded-host", "desk.example"),
    ("via", "1.1 me"),
]


def test_end_to_end_fields_pass_in_their_order() -> None:
    fields = [
        ("Accept", "text/event-stream"),
        ("Accept-Encoding", "gzip, br"),
        ("Last-Event-ID", "abc-17"),
        ("If-None-Match", '"a", W/"b"'),
        ("X-Custom", "1"),
        ("X-Custom", "2"),
    ]
    assert sent(*fields) == [(name.lower(), value) for name, value in fields] + OURS


def test_what_speaks_of_one_connection_stays_there() -> None:
    fields = [
        ("Connection", "keep-alive, X-Own , upgrade"),
        ("Connection", "x-second"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABk"),
        ("Proxy-Authorization", "Basic eA=="),
        ("Proxy-Connection", "close"),
        ("X-Own", "1"),
        ("X-Second", "2"),
    ]
    assert sent(*fields) == OURS


def test_a_length_beside_chunks_goes_no_further() -> None:
    """Whoever believed it would take the rest of the body for another call (RFC 9112 §6.3)."""
    assert sent(("Content-Length", "5"), ("Transfer-Encoding", "chunked")) == OURS
    assert sent(("Content-Length", "5")) == [("content-length", "5"), *OURS]


def test_what_steers_or_was_judged_here_stays_here() -> None:
    fields = [
        ("Host", "evil.example"),
        ("Origin", "https://desk.example"),
        ("Cookie", "session=1"),
        ("Expect", "100-continue"),
        ("Forwarded", "host=evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/x"),
        ("X-Original-URL", "/admin"),
        ("X-Rewrite-URL", "/admin"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Real-IP", "1.1.1.1"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-WebSocket-Key", "eA=="),
        ("Access-Control-Request-Method", "POST"),
        ("Authorization", "Bearer local"),
    ]
    assert sent(*fields) == OURS


def test_the_caller_is_appended() -> None:
    fields = sent(("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-For", "8.8.8.8"), ("Via", "1.0 a"))
    assert ("x-forwarded-for", "9.9.9.9, 8.8.8.8, 10.1.2.3") in fields
    assert ("via", "1.0 a, 1.1 me") in fields
    assert len(fields) == 4


def test_a_client_cannot_have_our_own_fields_taken_out() -> None:
    fields = sent(("Connection", "authorization, x-forwarded-for, via"), authorization="Bearer r")
    assert fields == [("authorization", "Bearer r"), *OURS]


def test_by_what_right_a_call_goes() -> None:
    own = ("Authorization", "Bearer own")
    assert sent(own, authorization="")[0][0] != "authorization"
    assert sent(own, authorization="Bearer r")[0] == ("authorization", "Bearer r")
    assert sent(own, authorization=None)[0] == ("authorization", "Bearer own")
    assert sent(authorization=None) == OURS


def test_only_a_trusted_proxy_says_how_it_was_called() -> None:
    fields = raw(
        ("Host", "inner"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "desk.example")
    )
    plain = caller(fields, "10.0.0.1", "http", trusted=False)
    assert (plain.scheme, plain.host, plain.address) == ("http", "inner", "10.0.0.1")
    told = caller(fields, "10.0.0.1", "http", trusted=True)
    assert (told.scheme, told.host, told.address) == ("https", "desk.example", "10.0.0.1")


def test_of_an_answer_only_what_is_meant_for_the_client() -> None:
    kept = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "7"),
        ("ETag", '"x"'),
        ("Vary", "Accept-Encoding"),
        ("RateLimit-Remaining", "5"),
        ("Content-Security-Policy", "default-src 'none'"),
    ]
    gone = [
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=60"),
        ("Transfer-Encoding", "chunked"),
        ("Trailer", "x"),
        ("Upgrade", "h2"),
        ("Proxy-Authenticate", "Basic"),
        ("Date", "now"),
        ("Location", "https://evil.example"),
        ("Refresh", "0; url=https://evil.example"),
        ("Alt-Svc", 'h3="evil.example:443"'),
        ("Set-Cookie", "a=b"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    assert to_client(raw(*kept, *gone)) == [(name.lower(), value) for name, value in kept]


def test_a_loop_is_seen() -> None:
    assert has_passed(raw(("Via", "1.1 a, 1.1 me")), "me")
    assert has_passed(raw(("Via", "1.1 a"), ("VIA", "HTTP/1.1 me (comment)")), "me")
    assert not has_passed(raw(("Via", "1.1 meme, me")), "me")
    assert not has_passed([], "me")


def test_a_token_in_the_query_goes_no_further() -> None:
    assert without_token(b"token=x") == b""
    assert without_token(b"a=b&token=x&c=d&%74oken=y&token") == b"a=b&c=d"
    assert without_token(b"tokens=x&a=%26token%3Dy") == b"tokens=x&a=%26token%3Dy"
