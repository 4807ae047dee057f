"""EventBridge's schema registry: registries and schemas with their versions. Nobody discovers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from services.local_aws.patches.registry import add_entry, patch, replace, symbol
from services.local_aws.patches.state import own_state

SERVICE: Final = "schemas"

_registries: Any = AccountRegionScopedDict()
_schemas: Any = AccountRegionScopedDict()
_tags: Any = AccountRegionScopedDict()

_PATH: Final = re.compile(r"/v1/registries/name/([^/]+)(?:/schemas/name/([^/]+))?")
_JSON: Final = "application/json"
_TYPES: Final = frozenset({"OpenApi3", "JSONSchemaDraft4"})

Body = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]


@patch
def registries_and_schemas() -> None:
    """Schemas of events can be registered, described and changed, by who may.

    Stock does not know the service.
    """
    module = sys.modules[__name__]
    add_entry(symbol(app, "SERVICE_REGISTRY"), SERVICE, {"module": SERVICE})
    add_entry(symbol(app, "_loaded_modules"), SERVICE, module)
    add_entry(symbol(app, "_state_map"), SERVICE, SERVICE)
    add_entry(symbol(app, "SERVICE_HANDLERS"), SERVICE, handle_request)
    add_entry(symbol(router, "SERVICE_PATTERNS"), SERVICE, {"host_patterns": [r"^schemas\."]})
    add_entry(symbol(iam_actions, "SERVICE_TO_IAM_NAMESPACE"), SERVICE, SERVICE)
    add_entry(symbol(iam_actions, "_BOTOCORE_SERVICE_MAP"), SERVICE, [SERVICE])
    replace(iam_actions, "extract_resource_arn", _make_resource)


def _make_resource(original: Callable[..., str]) -> Callable[..., str]:
    def extract(service: str, method: str, path: str, *rest: Any) -> str:
        found = original(service, method, path, *rest)
        return (_named(path) or found) if service == SERVICE else found

    return extract


def _named(path: str) -> str | None:
    """Return the ARN that a request is about.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgeschemas.html
    """
    if path.startswith("/tags/"):
        return unquote(path.removeprefix("/tags/"))
    match = _PATH.fullmatch(unquote(path))
    return _arn(*match.groups()) if match else None


def _arn(registry: str, schema: str | None) -> str:
    resource = f"schema/{registry}/{schema}" if schema else f"registry/{registry}"
    return f"arn:aws:schemas:{get_region()}:{get_account_id()}:{resource}"


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Mapping[str, Any]
) -> Answer:
    """Answer one request of the REST protocol."""
    del headers
    request = json.loads(body or b"{}")
    arn = _named(path)
    if path.startswith("/tags/") and arn:
        return _tagging(method, arn, request, query)
    match = _PATH.fullmatch(unquote(path))
    if not match:
        return _fail(404, "NotFoundException", f"{method} {path} is not modelled")
    registry, schema = match.groups()
    if schema is None:
        return _on_registry(method, registry, request)
    if registry not in _registries:
        return _fail(404, "NotFoundException", f"Registry with name {registry} does not exist.")
    return _on_schema(method, registry, schema, request)


get_state, load_persisted_state, reset = own_state(
    registries=_registries, schemas=_schemas, tags=_tags
)


def tagged() -> list[tuple[str, dict[str, str]]]:
    """Return the ARN and tags of every registry and schema."""
    return [(arn, tags) for arn, tags in _tags.items() if tags]


def _on_registry(method: str, name: str, request: Body) -> Answer:
    arn, known = _arn(name, None), _registries.get(name)
    if method == "POST":
        if known is not None:
            return _fail(409, "ConflictException", f"Registry with name {name} already exists.")
        _registries[name] = {"RegistryName": name, "RegistryArn": arn}
        _tags[arn] = dict(request.get("tags") or {})
    elif known is None:
        return _fail(404, "NotFoundException", f"Registry with name {name} does not exist.")
    if method == "DELETE":
        if any(schema["registry"] == name for schema in _schemas.values()):
            return _fail(400, "BadRequestException", f"Registry {name} still has schemas.")
        del _registries[name]
        _tags.pop(arn, None)
        return 204, {}, b""
    if method in ("POST", "PUT") and "Description" in request:
        _registries[name] = {**_registries[name], "Description": request["Description"]}
    return _answer({**_registries[name], "tags": _tags.get(arn, {})}, created=method == "POST")


def _on_schema(method: str, registry: str, name: str, request: Body) -> Answer:
    arn = _arn(registry, name)
    known = _schemas.get(arn)
    if method == "POST":
        if known is not None:
            return _fail(409, "ConflictException", f"Schema with name {name} already exists.")
        _tags[arn] = dict(request.get("tags") or {})
        known = {"SchemaName": name, "SchemaArn": arn, "SchemaVersion": "0", "registry": registry}
    elif known is None:
        return _fail(404, "NotFoundException", f"Schema with name {name} does not exist.")
    if method == "DELETE":
        del _schemas[arn]
        _tags.pop(arn, None)
        return 204, {}, b""
    if method in ("POST", "PUT"):
        if problem := _problem({**known, **request}):
            return _fail(400, "BadRequestException", problem)
        _schemas[arn] = _next_version(known, request)
    return _answer({**_schemas[arn], "tags": _tags.get(arn, {})}, created=method == "POST")


def _problem(schema: Body) -> str | None:
    if schema.get("Type") not in _TYPES:
        return f"Type must be one of {', '.join(sorted(_TYPES))}"
    try:
        document = json.loads(schema.get("Content") or "")
    except ValueError:
        return "Content is no JSON"
    draft = str(document.get("$schema", "")).rstrip("#")
    if schema["Type"] == "JSONSchemaDraft4" and draft != "http://json-schema.org/draft-04/schema":
        return f"$schema must be of draft 4, and is {draft or 'absent'}"
    return None


def _next_version(known: Body, request: Body) -> Body:
    given: Body = {k: request[k] for k in ("Content", "Description", "Type") if k in request}
    changed = given.get("Content", known.get("Content")) != known.get("Content")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    version = int(known["SchemaVersion"]) + changed
    times = {"LastModified": now, **({"VersionCreatedDate": now} if changed else {})}
    return {**known, **given, **times, "SchemaVersion": str(version)}


def _tagging(method: str, arn: str, request: Body, query: Mapping[str, Any]) -> Answer:
    if arn not in _tags:
        return _fail(404, "NotFoundException", f"{arn} does not exist.")
    if method == "POST":
        _tags[arn] = {**_tags[arn], **(request.get("tags") or {})}
    elif method == "DELETE":
        gone = query.get("tagKeys") or []
        gone = [gone] if isinstance(gone, str) else gone
        _tags[arn] = {name: value for name, value in _tags[arn].items() if name not in gone}
    else:
        return _answer({"tags": _tags[arn]}, created=False)
    return 204, {}, b""


def _answer(document: Body, *, created: bool) -> Answer:
    shown = {name: value for name, value in document.items() if name != "registry"}
    return 201 if created else 200, {"Content-Type": _JSON}, json.dumps(shown).encode()


def _fail(status: int, code: str, message: str) -> Answer:
    headers = {"Content-Type": _JSON, "x-amzn-ErrorType": code}
    return status, headers, json.dumps({"Code": code, "Message": message}).encode()
