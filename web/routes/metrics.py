"""`/metrics`: everything that is counted and measured, as Prometheus reads it."""

from __future__ import annotations

from quart import Blueprint, Response
from quart_schema import document_response

from web.exposition import CONTENT_TYPE
from web.metrics import scrape
from web.service import service

blueprint = Blueprint("metrics", __name__)


class Exposition(str):
    """Samples in Prometheus' text format 0.0.4."""

    __slots__ = ()
    content_type = CONTENT_TYPE


@blueprint.get("/metrics")
@document_response(Exposition)
async def metrics() -> Response:
    """All metrics in Prometheus' text format 0.0.4, as this web process knows them."""
    return Response(scrape(service()), content_type=CONTENT_TYPE)
