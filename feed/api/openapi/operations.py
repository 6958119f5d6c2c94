"""Completes one operation of the framework's document: texts, security, parameters and responses."""

import copy
import re
from collections import defaultdict
from typing import Any

from litestar.handlers import HTTPRouteHandler

from feed.api.openapi.descriptions.table import parameter_description
from feed.api.openapi.errors import error_responses
from feed.api.openapi.signatures import parameters_of, requires_role
from feed.api.openapi.tags import TAGS
from feed.api.openapi.types import REF, schema_of, wire_reference
from feed.api.paths import HEADERS_LONGEST, URI_LONGEST
from feed.api.requests import KEY_LONGEST
from feed.api.responses import UNDESCRIBED
from feed.ids import DIGITS_MOST
from feed.topics.model import TOPIC_NAME

Json = dict[str, Any]

_BEARER: Json = {"bearer": []}
_ETAG: Json = {"ETag": {"description": "Of this version of the response.", "schema": {"type": "string"}}}
# The longest value of parameters of these names.
_LONGEST = {
    "cursor": 200,
    "ids": 2_000,
    "name": TOPIC_NAME.raw_longest,
    "topic": TOPIC_NAME.raw_longest,
    "Idempotency-Key": KEY_LONGEST,
}


def complete_operation(operation: Json, handler: HTTPRouteHandler, names: defaultdict[str, int], schemas: Json) -> None:
    """Completes the operation in place. `names` counts the handlers of each name, `schemas` are the document's."""
    text = " ".join(operation["description"].split())
    first, _, rest = re.sub(r"([.;:]) ", r"\1\0", text, count=1).partition("\0")
    operation["summary"] = first.rstrip(".;:")
    operation["description"] = text if rest else first
    name = handler.handler_name
    names[name] += 1
    operation["operationId"] = name if names[name] == 1 else f"{name}_{names[name]}"
    operation["tags"] = [TAGS[".".join(str(handler.fn.__module__).split(".")[-2:])]]
    operation["security"] = _security(handler)
    _complete_body(operation, handler)
    _complete_responses(operation, handler, schemas)
    for parameter in operation.get("parameters", []):
        _complete_parameter(parameter, operation["operationId"])
        # Of the signature it is optional, so that its absence has our error.
        parameter["required"] = parameter["required"] or parameter["name"] in handler.opt.get("needs", ())


def _security(handler: HTTPRouteHandler) -> list[Json]:
    parameters = parameters_of(handler)
    if "webhook_signature" in parameters:
        return [{"hook": []}]
    if "viewer" in parameters or requires_role(handler):
        return [_BEARER]
    return [{}, _BEARER] if "reader" in parameters else []


def _complete_parameter(parameter: Json, operation: str) -> None:
    schema = parameter["schema"] = _without_null(parameter["schema"])
    if "$ref" in schema:
        schema["$ref"] = wire_reference(schema["$ref"])
    described = schema.pop("description", None)
    if description := parameter_description(operation, parameter["name"]) or described:
        parameter["description"] = description
    if schema.get("type") == "string" and not schema.keys() & {"enum", "const"}:
        schema |= {"maxLength": _longest(parameter)} | schema
        if parameter["in"] == "path" or parameter["name"] == "Idempotency-Key":
            schema["minLength"] = 1
    for limit in ("minimum", "maximum"):
        if limit in schema:
            schema[limit] = int(schema[limit])


def _longest(parameter: Json) -> int:
    """The longest value that can be accepted, in characters, of which each may take four bytes. A longer id is none of ours."""
    name = parameter["name"]
    if name in _LONGEST:
        return _LONGEST[name]
    if parameter["in"] == "header":
        return HEADERS_LONGEST
    return DIGITS_MOST if name in ("number", "rank") or name.endswith("_id") else URI_LONGEST // 4


def _complete_body(operation: Json, handler: HTTPRouteHandler) -> None:
    """The schema of the body with its bounds. One that may be left out is no null."""
    if (form := handler.opt.get("form")) is not None:
        content = {"multipart/form-data": {"schema": schema_of(form)}}
        operation["requestBody"] = {"required": True, "content": content}
    if handler.parsed_data_field is None:
        return
    schema = schema_of(handler.parsed_data_field.annotation)
    operation["requestBody"]["required"] = "oneOf" not in schema
    for content in operation["requestBody"]["content"].values():
        content["schema"] = _without_null(schema)


def _complete_responses(operation: Json, handler: HTTPRouteHandler, schemas: Json) -> None:
    responses = operation["responses"]
    # The framework's own error response, which our handlers replace.
    responses.pop("400", None)
    for status, response in responses.items():
        described = (handler.responses or {}).get(int(status))
        if described is None or described.description == UNDESCRIBED:
            response["description"] = _description_of(response, schemas)
    responses |= error_responses(handler)
    if handler.opt.get("conditional"):
        _add_condition(operation, str(handler.status_code))
    for kind in handler.opt.get("also", ()):
        # Another media type of the same content, chosen by Accept.
        responses[str(handler.status_code)]["content"][kind] = {"schema": {"type": "string"}}


def _description_of(response: Json, schemas: Json) -> str:
    """What a response is: what its type is."""
    for content in response.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").removeprefix(REF)
        if name:
            return str(schemas[name]["description"])
    return "The content." if response.get("content") else "Done. The response has no content."


def _add_condition(operation: Json, status: str) -> None:
    operation["responses"][status]["headers"] = copy.deepcopy(_ETAG)
    operation["responses"]["304"] = {"description": "Not modified.", "headers": copy.deepcopy(_ETAG)}
    operation.setdefault("parameters", []).append(
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
        }
    )


def _without_null(schema: Json) -> Json:
    """The schema of an optional parameter without null, which URLs and headers cannot express."""
    kinds = [kind for kind in schema.get("oneOf", []) if kind.get("type") != "null"]
    if len(kinds) == 1:
        schema = {**kinds[0], **{key: value for key, value in schema.items() if key != "oneOf"}}
    if isinstance(schema.get("type"), list):
        (kind,) = (each for each in schema["type"] if each != "null")
        schema = schema | {"type": kind}
    if "enum" in schema:
        schema = schema | {"enum": [each for each in schema["enum"] if each is not None]}
    return schema
