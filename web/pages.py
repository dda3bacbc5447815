"""The pages that need no build: the small one that stands for the dashboard, and `/docs`.

Each is one file whose script and style are inline; the policy that goes with it allows exactly
those, by their hashes, and nothing from elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Final

from quart import Blueprint, Response
from quart_schema import hide

from web.answers import kept_answer, without_body

PROBLEM_NOTE: Final = "Errors are problem documents (RFC 9457) that name what would be right."

_STATIC: Final = Path(__file__).parent / "static"
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)

blueprint = Blueprint("pages", __name__)


class Page:
    """A static page with the content policy that fits it."""

    def __init__(self, name: str) -> None:
        self.text = text = (_STATIC / name).read_text("utf-8")
        found: dict[str, list[str]] = {"script": [], "style": []}
        for tag, content in _INLINE.findall(text):
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            found[tag].append(f"'sha256-{digest}'")
        self.policy = "; ".join(
            (
                "default-src 'none'",
                f"script-src {' '.join(found['script'])}",
                f"style-src {' '.join(found['style'])}",
                "connect-src 'self'",
                "img-src data:",
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
            )
        )

    def response(self, **texts: str) -> Response:
        """`texts` go where the page names them in `{{…}}`, outside of its script and style."""
        filled = self.text
        for name, text in texts.items():
            filled = filled.replace(f"{{{{{name}}}}}", html.escape(text))
        response = kept_answer(filled.encode(), "text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = self.policy
        return response


_docs = Page("docs.html")


@blueprint.get("/docs")
@hide
async def docs() -> Response:
    return _docs.response()


@blueprint.get("/favicon.ico")
@hide
async def favicon() -> Response:
    return without_body(204, {})
