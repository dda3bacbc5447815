"""`/api/candles`: the venue's history, kept current by the stream that the question starts."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from quart import Blueprint, Response, request
from quart_schema import document_querystring, document_response

from actors.messages.ids import candles_topic
from actors.messages.market import Instrument
from web import problems
from web.answers import answer
from web.demand import NotStarted
from web.routes.parameters import find_instrument, number_parameter, venue_parameter
from web.schemas import Candles, CandlesQuery
from web.service import Service, service
from web.topics import TopicRefused

LIMIT: Final = 500
LIMIT_MAX: Final = 1_000
TIMEFRAME: Final = "1m"
WAIT_S: Final = 5.0
LOOK_S: Final = 0.02

blueprint = Blueprint("candles", __name__)


@blueprint.get("/api/candles")
@document_querystring(CandlesQuery)
@document_response(Candles)
async def candles() -> Response:
    """The newest candles of one market, oldest first; all but the last are final."""
    current = service()
    symbol = request.args.get("symbol")
    if not symbol:
        raise problems.bad_parameter("symbol", "a market as /api/markets names it", "nothing")
    instrument = find_instrument(current, symbol, venue_parameter(current))
    timeframe = request.args.get("timeframe", TIMEFRAME)
    limit = number_parameter("limit", 1, LIMIT_MAX) or LIMIT
    topic = str(candles_topic(instrument.venue, instrument.product, instrument.symbol, timeframe))
    await _start(current, instrument, timeframe, topic)
    await _filled(current, topic)
    return answer(_shown(current, instrument, timeframe, topic, limit))


async def _start(current: Service, of: Instrument, timeframe: str, topic: str) -> None:
    try:
        current.demand.check(of.venue, of.product, of.symbol, timeframe)
        await current.demand.start([topic])
    except TopicRefused as refused:
        raise problems.bad_parameter(refused.field, refused.expected, refused.found) from refused
    except NotStarted as error:
        raise problems.not_started(str(error)) from error


async def _filled(current: Service, topic: str) -> None:
    """Until the history has come; its stream confirms it when it has told all of it."""
    store = current.replica.store
    try:
        async with asyncio.timeout(WAIT_S):
            while topic not in store.confirmations:  # noqa: ASYNC110 - no change, so no event
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise problems.never_received(topic, current.reading.why_nothing(topic)) from error


def _shown(
    current: Service, of: Instrument, timeframe: str, topic: str, limit: int
) -> dict[str, Any]:
    data = sorted(
        current.replica.store.latest.get(topic, {}).values(),
        key=lambda datum: datum.value.start_us,
    )
    newest = max(data, key=lambda datum: datum.seq, default=None)
    return {
        "venue": of.venue,
        "product": of.product,
        "symbol": of.symbol,
        "timeframe": timeframe,
        "items": [
            {
                "start_us": each.value.start_us,
                "open": each.value.open,
                "high": each.value.high,
                "low": each.value.low,
                "close": each.value.close,
                "volume": each.value.volume,
                "closed": each.value.closed,
            }
            for each in data[-limit:]
        ],
        **current.reading.freshness(topic, newest),
    }
