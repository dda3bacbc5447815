"""Puts the app together: routes, guard, problem documents, OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from quart import Quart

from web import answers, compression, dashboard, guard, openapi, pages, problems, sse, websocket
from web.routes import (
    accounts,
    candles,
    connections,
    control,
    errors,
    frames,
    health,
    history,
    latency,
    markets,
    metrics,
    orderbooks,
    points,
    portfolio,
    private,
    stats,
    status,
    storage,
    supervision,
    ticket,
    unbuilt,
)
from web.service import KEY, Service

BODY_TIMEOUT_S: Final = 10
ROUTES: Final = (
    health,
    status,
    latency,
    metrics,
    accounts,
    portfolio,
    points,
    private,
    orderbooks,
    markets,
    candles,
    supervision,
    connections,
    ticket,
    control,
    errors,
    frames,
    history,
    stats,
    storage,
    unbuilt,
)


def create_app(service: Service, built: Path = dashboard.BUILT) -> Quart:
    """The app of one web process; `built` is the folder of the dashboard."""
    app = Quart(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = service.settings.max_body_bytes
    app.config["BODY_TIMEOUT"] = BODY_TIMEOUT_S
    # A redirect to another spelling of a path would be an HTML answer.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions[KEY] = service
    openapi.install(app, service.version)
    guard.install(app, service)
    answers.install(app)
    compression.install(app)
    problems.install(app, service.report)
    for part in (pages, sse, websocket, *ROUTES):
        app.register_blueprint(part.blueprint)
    dashboard.install(app, built)
    return app
