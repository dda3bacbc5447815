"""The dashboard's files on a port of their own, as another web server would hand them out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


def policy(service: str) -> str:
    """What the service's own page may, and the calls to where the service is."""
    own = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
    return f"{own}; connect-src {service} {service.replace('http', 'ws', 1)}"


@asynccontextmanager
async def static_site(folder: Path, service: str, port: int = 0) -> AsyncIterator[str]:
    """Each path without a file is a view's."""

    async def handle(request: web.Request) -> web.FileResponse:
        file = folder / request.path.lstrip("/")
        headers = {"Content-Security-Policy": policy(service)}
        return web.FileResponse(file if file.is_file() else folder / "index.html", headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield site.name
    finally:
        await runner.cleanup()
