"""Entry of the web process of a front end: from its settings to the last closing event."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Final

from actors.runtime.context import ActorContext
from actors.runtime.masking import register_secrets
from config.credentials import read_sealed
from web.remote.app import FrontEnd, Relay
from web.seam import Server
from web.server import GRACE_S, Reports
from web.service import read_settings

TOKEN: Final = "REMOTE_API_TOKEN"  # noqa: S105  # the setting's name
DESCRIPTOR: Final = "remote_token"


def _remote_token(context: ActorContext) -> str:
    """What the loader sealed; empty where the configuration has none."""
    if not context.config["has_remote_token"]:
        return ""
    held = context.descriptor(DESCRIPTOR)
    try:
        fields = read_sealed(held)
    finally:
        os.close(held)
    register_secrets(fields, None)
    return fields[TOKEN]


async def run(context: ActorContext) -> None:
    """Serves until `context.stopping`; config and descriptors: contracts, section 6."""
    config = context.config
    token = context.secrets().get("API_TOKEN", "")
    report = Reports(context)
    relay = Relay(
        FrontEnd(
            base=config["remote_api_base"],
            remote_token=_remote_token(context),
            settings=read_settings(config["settings"], token),
            token=token,
            clock=context.clock,
            say=context.log,
            report=report,
        )
    )
    server = Server(relay, report)
    context.progress.queue_depth = lambda: relay.running
    relay.open()
    await server.start(socket.socket(fileno=context.descriptor("listener")))
    context.ready()
    try:
        await context.stopping.wait()
    finally:
        relay.end_all()
        with contextlib.suppress(OSError):
            await server.stop(GRACE_S)
        await relay.close()
