"""What programs can ask: OpenAPI 3.1, and the same as a page. Both come from the views and the input classes."""

import copy
from typing import Any

from flask import current_app, jsonify, render_template
from werkzeug.wrappers import Response

from traceability import access, machine_requests
from traceability.access import PUBLIC_VIEW, demand_of, requires
from traceability.blueprints.api import blueprint, examples, fields
from traceability.domain import api_tokens, webhook_trials, webhooks
from traceability.domain.webhooks import Interest
from traceability.machine_requests import Input, Output
from traceability.wording.api_docs import ABOUT, ABOUT_WEBHOOKS, PICTURE, SUMMARIES
from traceability.wording.facts import FACTS

_PREFIX = "/api/v1/"


@blueprint.get("/api/v1/openapi.json")
@requires(PUBLIC_VIEW)
def openapi() -> Response:
    """The contract as OpenAPI 3.1."""
    return jsonify(document())


@blueprint.get("/api/v1/docs")
@requires(PUBLIC_VIEW)
def docs() -> str:
    """The contract as a page, in one language: words, fields, and for each operation a call and its answer."""
    contract = document()
    schemas = contract["components"]["schemas"]
    return render_template(
        "api/docs.html",
        document=contract,
        scopes=api_tokens.SCOPES,
        facts=FACTS,
        examples=examples,
        root=access.settings().public_root,
        kind=lambda field: _kind(field, schemas),
    )


def _kind(field: dict[str, Any], schemas: dict[str, Any]) -> str:
    """The types of a field, or the words that it takes, as the page shows them."""
    if "$ref" in field:
        return _kind(schemas[field["$ref"].rsplit("/", 1)[1]], schemas)
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        found = [_kind(part, schemas) for part in field["anyOf"] if part.get("type") != "null"]
        return " | ".join(dict.fromkeys(found))
    kinds = field.get("type", "object")
    return kinds if isinstance(kinds, str) else " | ".join(kinds)


def document() -> dict[str, Any]:
    """The whole contract."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Problem": _PROBLEM, "WebhookMessage": _WEBHOOK_MESSAGE, "Receipt": _RECEIPT}
    schemas = copy.deepcopy(schemas)
    for rule in sorted(current_app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = current_app.view_functions[rule.endpoint]
        if not rule.rule.startswith(_PREFIX) or PUBLIC_VIEW in (demand_of(view) or ()):
            continue
        path = rule.rule.replace("<", "{").replace(">", "}")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(rule, view, method, schemas)
    for name, schema in schemas.items():
        fields.describe(schema, name)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Traceability", "version": "1", "description": ABOUT},
        "servers": [{"url": access.settings().public_root}],
        "paths": paths,
        "webhooks": _webhooks(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(rule: Any, view: Any, method: str, schemas: dict[str, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _ID,
            "description": fields.of_parameter(name),
        }
        for name in sorted(rule.arguments)
    ]
    operation = rule.endpoint.removeprefix("api.")
    scopes = [str(word) for word in demand_of(view) or ()]
    said: dict[str, Any] = {
        "operationId": operation,
        "summary": SUMMARIES[operation],
        "description": "Scope: " + " or ".join(scopes),
        "x-scopes": scopes,
    }
    output = machine_requests.output_of(view)
    shown, example = _shape(output, schemas), examples.of(operation)
    answered = example.get("answer")
    if method == "POST":
        said["requestBody"] = _body(machine_requests.input_of(view), schemas, example)
        parameters.append({**_header(machine_requests.KEY_HEADER, _KEY), "required": True})
        receipt = {"allOf": [shown, {"$ref": "#/components/schemas/Receipt"}]}
        codes = {
            "201": _content("Done; `log_index` is its place in the public log.", receipt, example=answered)
        }
        codes |= {code: _problem(text) for code, text in _WRITE_PROBLEMS.items()}
    else:
        codes = {"200": _content("Found.", shown, output.content_type, answered)}
    if output.is_list:
        parameters += [_query("cursor", _CURSOR), _query("limit", _LIMIT)]
    parameters += [_query(name, _REFERENCE_OF_ONES_OWN) for name in output.filters]
    codes |= {code: _problem(text) for code, text in _PROBLEMS.items()}
    return said | {"parameters": parameters, "responses": dict(sorted(codes.items()))}


def _body(taken: Input, schemas: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """What a request holds: JSON, or a form with a picture."""
    schema = taken.kind.model_json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    for name in taken.fixed:
        schema.get("properties", {}).pop(name, None)
        schema["required"] = [field for field in schema.get("required", []) if field != name]
    kind = "application/json"
    if taken.picture:
        kind = "multipart/form-data"
        schema["properties"][taken.picture] = {"type": "string", "format": "binary", "description": PICTURE}
        schema["required"] = [*schema.get("required", []), taken.picture]
    schemas[taken.kind.__name__] = schema
    reference = {"$ref": f"#/components/schemas/{taken.kind.__name__}"}
    shown = {"schema": reference} | ({"example": example["body"]} if "body" in example else {})
    return {"required": True, "content": {kind: shown}}


def _webhooks() -> dict[str, Any]:
    """What is sent to webhooks, by the kind of fact."""
    reference = {"$ref": "#/components/schemas/WebhookMessage"}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in names
    ]
    said: dict[str, Any] = {
        "description": ABOUT_WEBHOOKS,
        "parameters": headers,
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference}}},
        "responses": {"2XX": {"description": "Taken."}},
        "security": [],
    }
    kinds = [kind for interest in Interest for kind in webhooks.FACTS[interest]] + [webhook_trials.KIND]
    return {kind: {"post": {"summary": FACTS[kind]} | said} for kind in kinds}


def _header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": text, "schema": {"type": "string", "maxLength": 100}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": fields.of_parameter(name)}


def _content(
    text: str, schema: dict[str, Any], kind: str = "application/json", example: Any = None
) -> dict[str, Any]:
    shown = {"schema": schema} | ({} if example is None else {"example": example})
    return {"description": text, "content": {kind: shown}}


def _shape(output: Output, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of an answer; what it refers to goes into `schemas`."""
    if output.kind in (str, bytes):
        shape: dict[str, Any] = {"type": "string"} if output.kind is str else {}
    else:
        schema = output.kind.model_json_schema(mode="serialization", ref_template=_REFERENCE)
        schemas.update(schema.pop("$defs", {}))
        schemas[output.kind.__name__] = schema
        shape = {"$ref": f"#/components/schemas/{output.kind.__name__}"}
    if not output.is_list:
        return shape
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": shape, "description": fields.of_parameter("items")},
            "next_cursor": {"type": ["string", "null"], "description": fields.of_parameter("next_cursor")},
        },
    }


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


_KEY = "The same key and body: done once, answered the same. A new key for each new thing."
_REFERENCE = "#/components/schemas/{model}"
_ID = {"type": "string", "pattern": "^[0-9a-z]{1,16}$"}
_CURSOR = {"type": "string", "pattern": "^[0-9]{1,9}$"}
_LIMIT = {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
_REFERENCE_OF_ONES_OWN = {
    "type": "string",
    "maxLength": 80,
    "pattern": "^[^\\x00-\\x1f\\x7f]*$",
    "description": "A reference of your own.",
}
_RECEIPT = {
    "type": "object",
    "required": ["log_index"],
    "properties": {"log_index": {"type": ["integer", "null"], "description": "The place in the public log."}},
}
_WEBHOOK_MESSAGE = {
    "type": "object",
    "required": ["id", "type", "timestamp", "data", "receipt"],
    "properties": {
        "id": {"type": "integer", "description": "The place of the fact in the public log."},
        "type": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {
            "type": "object",
            "properties": {
                "record": {
                    "type": "object",
                    "properties": {"table": {"type": "string"}, "id": {"type": "string"}},
                },
                "batch_ids": {"type": "array", "items": {"type": "string"}, "maxItems": 500},
                "batches": {
                    "type": "integer",
                    "description": "How many batches; batch_ids holds 500 at most.",
                },
                "said": {"type": "object", "description": "What the log says of it in clear."},
            },
        },
        "receipt": {
            "type": "object",
            "properties": {
                "log_index": {"type": "integer"},
                "leaf_hash": {"type": "string"},
                "proof": {"type": "string", "description": "Where the proof of inclusion is read."},
            },
        },
    },
}
_PROBLEMS = {
    "400": "The request cannot be read, or a POST has no Idempotency-Key.",
    "401": "No live token.",
    "403": "The token may not do this.",
    "404": "There is no such thing, or it is another producer's.",
    "422": "A value is refused; `error.field` names it.",
    "503": "No writes just now; nothing was lost. Retry-After says when.",
}
_WRITE_PROBLEMS = {
    "409": "The same request is being done just now.",
    "413": "Too much at once.",
    "415": "The body is of another kind.",
    "429": "The token writes too much in a minute. Retry-After says when it may go on.",
}
_PROBLEM = {
    "type": "object",
    "required": ["status", "detail", "error"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {
            "type": "object",
            "required": ["message", "field"],
            "properties": {
                "message": {"type": "string"},
                "field": {"type": ["string", "null"]},
                "record_id": {"type": "string", "description": "The record of yours that has it already."},
            },
        },
    },
}
