"""Nothing that a client writes reaches another host than the base's, or leaves its prefix."""

import posixpath
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from web.problems import Problem
from web.remote.target import RELAYED, RemoteAddress, checked

BASES = ["http://c.example", "https://c.example:8443/below", "http://[::1]:5000/a/b"]
PIECES = [
    *(f"/{name}" for name in RELAYED),
    "/", "//", "..", ".", "%2e", "%2E%2e", "%252e", "%2f", "%5c", "\\", ";", "%3b", ":", "@", "?",
    "#", "%", "%00", "%0d%0a", "\r\n", " ", "evil.example", "http://evil.example", "x", "é",
    "%c0%ae",
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
paths = st.one_of(texts.map(str.encode), texts.map(lambda t: f"/api{t}".encode()), st.binary())
bases = st.sampled_from(BASES)


def resolved(path: bytes) -> bytes:
    """As far as any server could go: decoded to the end, cut at parameters, dots resolved."""
    while (decoded := unquote_to_bytes(path)) != path:
        path = decoded
    path = path.replace(b"\\", b"/")
    parts = [part.partition(b";")[0] for part in path.split(b"/")]
    return posixpath.normpath(b"/".join(parts))


@given(bases, paths, paths)
@example("http://c.example", b"/api/%2e%2e%2fadmin", b"")
@example("http://c.example", b"//evil.example/api", b"")
def test_a_call_stays_below_the_base(base: str, path: bytes, query: bytes) -> None:
    try:
        target = checked(path, query)
    except Problem:
        return
    prefix = urlsplit(base).path
    whole = RemoteAddress(base).http(target)
    url = URL(whole, encoded=True)
    assert url.origin() == URL(base).origin()
    # Both clients write it as it is.
    assert url.raw_path_qs == prefix + target
    parts = urlsplit(RemoteAddress(base).websocket(target))
    assert (parts.netloc, parts.path) == (urlsplit(base).netloc, prefix + path.decode())
    assert not parts.fragment
    # However a server reads it, it means something below one of the relayed names.
    meant = resolved(parts.path.encode()).decode()
    assert meant.startswith(f"{prefix}/")
    assert meant.removeprefix(f"{prefix}/").partition("/")[0] in RELAYED


@given(bases, st.one_of(texts, texts.map(lambda t: f"https://c.example:8443/below{t}"), st.text()))
@example("https://c.example:8443/below", "/below//evil.example/")
def test_a_redirect_leads_to_this_service_or_nowhere(base: str, location: str) -> None:
    here = RemoteAddress(base).here(location, "/api/x")
    if here is None:
        return
    seen = urljoin("http://front.example/api/x", here)
    assert urlsplit(seen).netloc == "front.example"
    assert here.startswith("/")
    assert not here.startswith("//")
