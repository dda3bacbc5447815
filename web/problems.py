"""Errors as RFC 9457 problem documents: which fault gives which status, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from actors.errors import BadCursor, LinkFault, StoreAway, StoreSlow
from actors.runtime.control_client import ControlRefused
from actors.runtime.masking import LIVE

CONTENT_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/docs#problem-"
RETRY_AFTER_S: Final = 1
STREAM_RETRY_AFTER_S: Final = 10
"""Until then another stream on demand may have ended."""

STORE_RETRY_AFTER_S: Final = 5

_BARE_ERROR: Final = b"\r\ncontent-length: 0\r\n"
_HEAD: Final = b"HTTP/1.1 "
_DETAILS: Final[Mapping[int, str]] = {
    400: "the request is no valid HTTP request",
    404: "no such path; /docs lists what there is",
    408: "the request's body did not arrive in time",
    413: "the request is larger than this service takes",
    414: "the address is longer than this service takes",
    431: "the request's header is larger than this service takes",
    500: "this service failed to answer; the fault is reported to its operator",
}
_CONTROL_STATUS: Final[Mapping[str, int]] = {
    "unknown_actor": 404,
    "unsupported": 404,
    "bad_request": 400,
    "busy": 409,
    "not_running": 503,
    "unanswered": 504,
}


class Problem(Exception):
    """An answer that is an error.

    `kind` is the stable last part of the document's `type`; `more` are further members, such as
    `known`, `allowed` or `candidates`, that say what would have been right.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(f"{status} {kind}: {detail}")

    def document(self) -> dict[str, Any]:
        return _document(self.status, self.kind, self.detail) | self.more

    def response(self) -> Response:
        response = Response(msgspec.json.encode(self.document()), self.status)
        response.headers["Content-Type"] = CONTENT_TYPE
        response.headers.update(self.headers)
        return response


def bad_parameter(name: str, expected: str, found: object, **more: Any) -> Problem:
    shown = str(found)[:100]
    return Problem(
        400,
        "bad-parameter",
        f"{name}: expected {expected}, found {shown!r}",
        parameter=name,
        expected=expected,
        found=shown,
        **more,
    )


def unknown(what: str, found: str, known: list[str]) -> Problem:
    return Problem(
        404, f"unknown-{what}", f"no {what} {found[:100]!r} here", known=known, found=found[:100]
    )


def never_received(what: str, why: str) -> Problem:
    return Problem(
        503,
        "never-received",
        f"nothing was received yet of {what}: {why}",
        {"Retry-After": str(RETRY_AFTER_S)},
    )


def not_started(why: str) -> Problem:
    return Problem(503, "not-started", why, {"Retry-After": str(STREAM_RETRY_AFTER_S)})


def _document(status: int, kind: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {"type": TYPE_PREFIX + kind, "title": title, "status": status, "detail": detail}


def _kind_of(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")


def _of_http_exception(error: HTTPException) -> Problem:
    status = error.code or 500
    detail = _DETAILS.get(status) or HTTPStatus(status).description or HTTPStatus(status).phrase
    problem = Problem(status, _kind_of(status), detail)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        allowed = sorted(error.valid_methods)
        problem.headers["Allow"] = ", ".join(allowed)
        problem.detail = f"this path takes {', '.join(allowed)}"
        problem.more["allowed"] = allowed
    return problem


def _of_refusal(error: ControlRefused) -> Problem:
    status = _CONTROL_STATUS.get(error.kind, 409)
    return Problem(status, error.kind.replace("_", "-"), error.detail, known=list(error.known))


def install(app: Quart, report: Callable[[BaseException], None]) -> None:
    """Whatever goes wrong in a handler becomes a problem document; the unforeseen is reported."""

    async def on_problem(error: Problem) -> Response:
        return error.response()

    async def on_http(error: HTTPException) -> Response:
        original = getattr(error, "original_exception", None)
        if original is not None:
            report(original)
        return _of_http_exception(error).response()

    async def on_refusal(error: ControlRefused) -> Response:
        return _of_refusal(error).response()

    async def on_link(error: LinkFault) -> Response:
        detail = f"the supervisor does not answer: {error}"
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return Problem(503, "supervisor-silent", detail, headers).response()

    async def on_store(error: StoreAway | StoreSlow) -> Response:
        slow = isinstance(error, StoreSlow)
        kind, what = (
            ("history-slow", "was too slow; ask for less")
            if slow
            else ("history-away", "is not to be read at present")
        )
        headers = {"Retry-After": str(STORE_RETRY_AFTER_S)}
        detail = f"the history store {what}: {LIVE.text(str(error))}"
        return Problem(503, kind, detail, headers).response()

    async def on_cursor(_: BadCursor) -> Response:
        expected = "a next_cursor of this call with the same parameters, unchanged"
        return bad_parameter("cursor", expected, request.args.get("cursor")).response()

    async def on_exception(error: Exception) -> Response:
        report(error)
        return Problem(500, _kind_of(500), _DETAILS[500]).response()

    app.register_error_handler(Problem, on_problem)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(ControlRefused, on_refusal)
    app.register_error_handler(LinkFault, on_link)
    app.register_error_handler(StoreAway, on_store)
    app.register_error_handler(StoreSlow, on_store)
    app.register_error_handler(BadCursor, on_cursor)
    app.register_error_handler(Exception, on_exception)


def instead_of_bare_error(data: bytes) -> bytes | None:
    """The server's own error answers (no body) as problem documents; None for all other bytes."""
    if not data.startswith(_HEAD) or _BARE_ERROR not in data:
        return None
    status = int(data[len(_HEAD) : len(_HEAD) + 3])
    if status < 400:
        return None
    detail = _DETAILS.get(status, HTTPStatus(status).phrase)
    body = msgspec.json.encode(_document(status, _kind_of(status), detail))
    fields = (
        b"\r\ncontent-type: %s\r\nx-content-type-options: nosniff\r\ncache-control: no-store"
        b"\r\ncontent-length: %d\r\n" % (CONTENT_TYPE.encode(), len(body))
    )
    return data.replace(_BARE_ERROR, fields, 1) + body
