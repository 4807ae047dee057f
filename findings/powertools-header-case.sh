#!/usr/bin/env bash
# aws-lambda-powertools: the OpenAPI document has a header by another spelling than the code gives it.
#
# Version    aws-lambda-powertools 3.37.0 (with pydantic 2.13.5) and fastapi 0.165.0 from PyPI
# Source     Names of headers are compared without their case (https://www.rfc-editor.org/rfc/rfc9110#section-5.1),
#            so either is right on the wire; a generated client has the name as a key
# Behaviour  `Header(alias="Idempotency-Key")` is "idempotency-key" in the document of Powertools and
#            "Idempotency-Key" in that of FastAPI, from which it has the parameter. Clients generated
#            from the documents of both need two spellings of one header, and a change of server
#            changes what compiles.
# Seen       powertools: idempotency-key; fastapi: Idempotency-Key
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 pydantic==2.13.5 fastapi==0.165.0 2>/dev/null
seen=$(venv/bin/python - <<'PYTHON'
import json
from typing import Annotated

import fastapi
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Header

lambda_app, asgi_app = APIGatewayHttpResolver(enable_validation=True), fastapi.FastAPI()


@lambda_app.post("/orders")
def order(key: Annotated[str, Header(alias="Idempotency-Key")]) -> str:
    return key


@asgi_app.post("/orders")
def same(key: Annotated[str, fastapi.Header(alias="Idempotency-Key")]) -> str:
    return key


def name(document):
    return document["paths"]["/orders"]["post"]["parameters"][0]["name"]


document = json.loads(lambda_app.get_openapi_json_schema(title="x", version="1"))
print(f"powertools: {name(document)}; fastapi: {name(asgi_app.openapi())}")
PYTHON
)
echo "$seen"
expected="powertools: idempotency-key; fastapi: Idempotency-Key"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: the case of a header's alias is kept by one and not by the other"
