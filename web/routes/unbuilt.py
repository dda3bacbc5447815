"""Paths of the contract that this build does not have: each answers 501 and says so."""

from __future__ import annotations

from typing import Final

from quart import Blueprint, Response
from quart_schema import hide

from web.problems import Problem

PATHS: Final = (
    ("GET", "/candles/stream"),
    ("GET", "/candles/stream/status"),
    ("GET", "/ws/status/<user_address>"),
)
SOCKETS: Final = ("/ws/dashboard",)

blueprint = Blueprint("unbuilt", __name__)


@hide
async def unbuilt(**_: str) -> Response:
    raise Problem(501, "not-in-this-build", "this build does not have this path yet")


for _method, _path in PATHS:
    blueprint.add_url_rule(
        _path, f"{_method} {_path}".replace(".", "_"), unbuilt, methods=[_method]
    )
for _path in SOCKETS:
    blueprint.add_websocket(_path, f"socket {_path}", unbuilt)
    blueprint.add_url_rule(_path, f"GET {_path}", unbuilt, methods=["GET"])
