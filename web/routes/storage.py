"""`/api/storage/status` and `/api/supabase/status`: how the store of history fares."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from quart import Blueprint, Response
from quart_schema import document_response

from actors.errors import LinkFault
from actors.runtime.control_client import ControlRefused
from actors.sinks.contract import StorageStatus
from web.answers import answer
from web.history import NO_STORE
from web.history_schemas import StoreStatus
from web.service import service

RECORDER: Final = "recorder"
SUPABASE: Final = "supabase"
STORES: Final = {"sqlite": "SQLite", "postgres": "PostgreSQL", SUPABASE: "Supabase"}
ANSWER_TIMEOUT_S: Final = 3.0
"""The supervisor waits 2 s for the recorder and then says that it did not answer."""

NOTHING: Final[dict[str, Any]] = {
    **dict.fromkeys(StoreStatus.__struct_fields__),
    "configured": False,
    "connected": False,
}

blueprint = Blueprint("storage", __name__)


@blueprint.get("/api/storage/status")
@document_response(StoreStatus)
async def storage() -> Response:
    """The store that is in use: connected, what waits for it, last write and last error."""
    return answer(await _status())


@blueprint.get("/api/supabase/status")
@document_response(StoreStatus)
async def supabase() -> Response:
    """The same of Supabase alone; `configured` is false where history is kept elsewhere."""
    found = await _status()
    if found["configured"] and found["kind"] != SUPABASE:
        reason = f"Supabase is not in use: history is kept in {STORES[found['kind']]}"
        return answer({**NOTHING, "reason": reason})
    return answer(found)


async def _status() -> dict[str, Any]:
    current = service()
    kind = current.history.kind
    if kind is None:
        return {**NOTHING, "reason": NO_STORE}
    known = {**NOTHING, "configured": True, "kind": kind}
    try:
        found = await current.control.call("storage", timeout_s=ANSWER_TIMEOUT_S, actor=RECORDER)
        told = msgspec.convert(
            {name: value for name, value in found.items() if name != "actor"}, StorageStatus
        )
    except ControlRefused as refused:
        return {**known, "reason": refused.detail}
    except LinkFault as fault:
        return {**known, "reason": f"the supervisor does not answer: {fault}"}
    except msgspec.ValidationError as error:
        return {**known, "reason": f"the recorder's answer is none: {error}"}
    reason = None if told.connected else told.last_error or "not connected yet"
    return {**known, **msgspec.structs.asdict(told), "reason": reason}
