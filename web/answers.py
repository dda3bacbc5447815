"""JSON answers: encoded once, compressed where it pays, kept by a client where they may be."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from quart import Quart, Response, request

GZIP_BYTES_MIN: Final = 1024
GZIP_LEVEL: Final = 4
_COMPRESSED: Final = frozenset({"application/json", "application/problem+json", "text/html"})
_encoder = msgspec.json.Encoder()


def answer(body: Any, status: int = 200) -> Response:
    """A live answer, never to be kept."""
    return Response(_encoder.encode(body), status, content_type="application/json")


def kept_answer(data: bytes, content_type: str, identity: bytes | None = None) -> Response:
    """An answer that a client may keep and ask about again (`ETag`, 304).

    `identity` is what the tag is made of where the answer holds more than what identifies it
    (ages); the tag is then a weak one.
    """
    digest = hashlib.sha256(data if identity is None else identity).hexdigest()[:32]
    tag = f'"{digest}"' if identity is None else f'W/"{digest}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Type": content_type}
    asked = request.headers.get("If-None-Match", "")
    known = {part.strip().removeprefix("W/") for part in asked.split(",")}
    if tag.removeprefix("W/") in known or asked.strip() == "*":
        return without_body(304, {"ETag": tag, "Cache-Control": "no-cache"})
    return Response(data, headers=headers)


def without_body(status: int, headers: Mapping[str, str]) -> Response:
    """An answer that has no body by its status: it must not speak of one (RFC 9110 §8.6)."""
    response = Response(b"", status, headers=dict(headers))
    response.headers.remove("Content-Type")
    response.headers.remove("Content-Length")
    return response


def install(app: Quart) -> None:
    async def options(response: Response) -> Response:
        """What a path takes; the framework would call the empty body HTML."""
        if request.method == "OPTIONS" and response.status_code == HTTPStatus.OK:
            return without_body(204, {"Allow": ", ".join(sorted(response.allow))})
        return response

    async def compress(response: Response) -> Response:
        """Compresses what is text, larger than a packet, and asked for."""
        if response.mimetype not in _COMPRESSED:
            return response
        response.headers["Vary"] = "Accept-Encoding"
        if not request.accept_encodings["gzip"] or "Content-Encoding" in response.headers:
            return response
        data = await response.get_data(as_text=False)
        if len(data) < GZIP_BYTES_MIN:
            return response
        response.set_data(gzip.compress(data, GZIP_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag = response.headers.get("ETag", "")
        if tag.startswith('"'):
            # Another encoding is another representation: only a weak tag holds for both.
            response.headers["ETag"] = f"W/{tag}"
        return response

    app.after_request(compress)
    app.after_request(options)
