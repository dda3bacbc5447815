"""The dashboard at `/` and at every path of a view; without a build, a small page that says how.

A build may be replaced while this process serves: the new one is read as soon as it lies there
whole, and files of the one before stay, for the pages that were loaded from it and have not opened
all their views yet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from quart import Quart, Response, request
from quart_schema import hide
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from web import bundle, paths
from web.answers import is_known, without_body
from web.bundle import Bundle, File
from web.pages import Page

BUILT: Final = Path(__file__).parents[1] / "mFrontend/dist"
REASON: Final = "not-built.txt"
"""Beside the build's folder; the build writes why it could not be made."""

REASON_LENGTH_MAX: Final = 500
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
_MISSING: Final = "mFrontend/dist is not there."

_small = Page("index.html")


class PathOfDashboard(BaseConverter):
    """Leaves the service's own paths alone, so that what they lack stays unknown, by any method."""

    regex = paths.OF_DASHBOARD
    part_isolating = False


class Dashboard:
    """The build that is there now, and the one before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp: bundle.Stamp | None = None
        self._now: Bundle | None = None
        self._before: Bundle | None = None
        self._policy = ""
        self._fault = ""

    def index(self) -> Response:
        self._look()
        if self._now is None:
            return _small.response(why=self._why())
        return self._answer(bundle.INDEX, self._now.files[bundle.INDEX])

    def file(self, path: str) -> Response:
        """Raises NotFound for what is neither a file of the build nor a view."""
        self._look()
        for held in (self._now, self._before):
            found = held.files.get(path) if held is not None else None
            if found is not None:
                return self._answer(path, found)
        if paths.is_view(path):
            return self.index()
        raise NotFound

    def _look(self) -> None:
        """Takes in what has been built since; what is held stays until another is whole."""
        self._fault = ""
        seen = bundle.stamp(self._folder)
        if seen is None or seen == self._stamp:
            return
        try:
            read = bundle.read(self._folder)
        except (OSError, ValueError) as error:
            # Where the service is installed is nobody's business: no path, the reason alone.
            why = error.strerror if isinstance(error, OSError) else error
            self._fault = f"mFrontend/dist cannot be read: {why}"
            return
        if bundle.stamp(self._folder) != seen:
            # It was replaced meanwhile; the next request reads it.
            return
        self._stamp, self._before, self._now = seen, self._now, read
        self._policy = policy(read.origins)

    def _why(self) -> str:
        if self._fault:
            return self._fault
        try:
            text = (self._folder.parent / REASON).read_text("utf-8", "replace")
        except OSError:
            return _MISSING
        return text.strip()[:REASON_LENGTH_MAX] or _MISSING

    def _answer(self, path: str, file: File) -> Response:
        coding = file.coding(request.accept_encodings)
        body = file.bodies[coding]
        headers = {
            "ETag": body.tag,
            "Cache-Control": FOR_EVER if path.startswith(bundle.HASHED) else ASK_AGAIN,
            "Content-Security-Policy": self._policy,
            "Vary": "Accept-Encoding",
        }
        if is_known(body.tag):
            return without_body(304, headers)
        headers |= {"Content-Type": file.content_type, "Accept-Ranges": "none"}
        if coding != bundle.IDENTITY:
            headers["Content-Encoding"] = coding
        return Response(body.data, headers=headers)


def policy(origins: tuple[str, ...]) -> str:
    """What a page of the build may do: its own files and this service; `origins` besides."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "manifest-src 'self'",
            " ".join(("connect-src 'self'", *origins)),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def install(app: Quart, folder: Path) -> None:
    """Serves the build in `folder` at every path that is not the service's own."""
    dashboard = Dashboard(folder)
    app.url_map.converters["dashboard"] = PathOfDashboard

    async def index() -> Response:
        return dashboard.index()

    async def file(path: str) -> Response:
        return dashboard.file(f"/{path}")

    app.add_url_rule("/", "dashboard", hide(index))
    app.add_url_rule("/<dashboard:path>", "dashboard file", hide(file))
