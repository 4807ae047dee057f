#!/usr/bin/env bash
# openapi-typescript: what an answer may leave out is typed as always there, if it has a default.
#
# Version    openapi-typescript 7.13.0 and typescript 5.9.3 from npm
# Source     OpenAPI 3.1: what is not in `required` may be absent; a `default` says what a receiver
#            takes then (https://spec.openapis.org/oas/v3.1.1.html#schema-object), and JSON Schema
#            that it changes nothing of what is valid. The option is `defaultNonNullable`
#            (https://openapi-ts.dev/cli)
# Behaviour  By default the tool takes the default for something that the server fills in, in answers
#            as in requests: the property is not optional, so that reading it without a look compiles
#            and fails as the page runs. A server that leaves out what has its default, as Pydantic's
#            `exclude_defaults` does, is valid. With --default-non-nullable false it is optional.
# Seen       default: compiles; with the option: TS18048
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf '{"name": "x", "private": true}' >package.json
npm install --silent --no-audit --no-fund openapi-typescript@7.13.0 typescript@5.9.3
cat >api.json <<'JSON'
{"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {},
 "components": {"schemas": {"Order": {"type": "object", "required": ["id"], "properties": {
   "id": {"type": "string"},
   "notes": {"type": "array", "items": {"type": "string"}, "default": []}}}}}}
JSON
cat >page.ts <<'TS'
import type { components } from "./api";
const order = JSON.parse('{"id": "o1"}') as components["schemas"]["Order"];
export const count: number = order.notes.length;
TS
verdict() {
  npx openapi-typescript api.json --output api.ts "$@" >/dev/null 2>&1
  { npx tsc --noEmit --strict page.ts || true; } | grep -o 'TS[0-9]*' || echo compiles
}
npx openapi-typescript --version
seen="default: $(verdict); with the option: $(verdict --default-non-nullable false)"
echo "$seen"
expected="default: compiles; with the option: TS18048"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: a default makes what may be absent look as if it never were"
