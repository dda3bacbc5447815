"""JSON answers: encoded once, kept by a client where they may be; and answers without a body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from quart import Quart, Response, request

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
    # What it depends on is said in a 304 as well (RFC 9110 §15.4.5).
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if is_known(tag):
        return without_body(304, headers)
    return Response(data, headers={**headers, "Content-Type": content_type})


def is_known(tag: str) -> bool:
    """Whether the client holds it already; compared weakly (RFC 9110 §13.1.2), no tag of ours has
    a comma.
    """
    asked = ",".join(request.headers.getlist("If-None-Match"))
    held = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return tag.removeprefix("W/") in held or "*" in held


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

    app.after_request(options)
