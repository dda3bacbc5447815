"""`/openapi.json`, generated from the routes and the shapes that they answer with."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from quart import Quart, Response
from quart_schema import Info, OpenAPIProvider, QuartSchema, hide
from quart_schema.openapi import HttpSecurityScheme

from web.answers import kept_answer
from web.pages import PROBLEM_NOTE
from web.problems import CONTENT_TYPE
from web.schemas import ProblemDocument

REF: Final = "#/components/schemas/{name}"
DESCRIPTION: Final = (
    "Accounts and markets at many venues, fresh and complete. Prices, sizes and money are decimal "
    "text; times (`*_us`) are microseconds since the Unix epoch, ages (`*_ms`) milliseconds. "
    "WebSocket: `/ws`, same messages as `/api/stream`. " + PROBLEM_NOTE
)
_PROBLEM_RESPONSE: Final = {
    "description": "A problem document (RFC 9457).",
    "content": {CONTENT_TYPE: {"schema": {"$ref": REF.format(name="ProblemDocument")}}},
}


def _schema(model: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model's schema and all that it refers to."""
    (schema,), components = msgspec.json.schema_components([model], ref_template=REF)
    return schema, components


class Provider(OpenAPIProvider):
    """Keeps every nested definition: the stock provider drops them and leaves `$ref`s dangling."""

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        del headers_model
        if issubclass(model, str):
            content = {getattr(model, "content_type", "text/plain"): {"schema": {"type": "string"}}}
            return {"description": (model.__doc__ or "Text.").strip(), "content": content}, {}
        schema, components = _schema(model)
        description = (getattr(model, "__doc__", None) or "").strip() or "The answer."
        content = {"application/json": {"schema": schema}}
        for media_type in getattr(model, "other_media_types", ()):
            content[media_type] = {"schema": {"type": "string"}}
        return {"description": description, "content": content}, components

    def build_querystring_parameters(
        self, model: Any
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        _, components = _schema(model)
        properties = components.pop(model.__name__)["properties"]
        parameters = [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in properties.items()
        ]
        return parameters, components

    def build_paths(self, rule: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        components |= _schema(ProblemDocument)[1]
        for operations in paths.values():
            for method, operation in operations.items():
                # The stock name is the function's, of which several routes have the same.
                operation["operationId"] = f"{method}_{rule.endpoint.replace('.', '_')}"
                operation["responses"] = {
                    **{str(status): body for status, body in operation["responses"].items()},
                    "default": _PROBLEM_RESPONSE,
                }
        return paths, components


def install(app: Quart, version: str) -> None:
    """Describes the app; its pages come from `web.pages`, because the stock ones need a CDN."""
    QuartSchema(
        app,
        openapi_path=None,
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=Info(title="Broadcaster", version=version, description=DESCRIPTION),
        conversion_preference="msgspec",
        security_schemes={"token": HttpSecurityScheme(scheme="bearer")},
        security=[{}, {"token": []}],
        openapi_provider_class=Provider,
    )
    schema = app.extensions["QUART_SCHEMA"]
    made: list[bytes] = []

    async def openapi() -> Response:
        if not made:
            made.append(msgspec.json.encode(schema.openapi_provider.schema(), order="sorted"))
        return kept_answer(made[0], "application/json")

    app.add_url_rule("/openapi.json", "openapi", hide(openapi))
