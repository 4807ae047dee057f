#!/usr/bin/env bash
# cdktf: two constructs with different ids become one resource, and nobody says so.
#
# Version    cdktf 0.21.0 (PyPI), Python
# Source     packages/cdktf/lib/private/unique.ts: directly below a stack an id is its letters and
#            digits alone; a hash of the path follows at greater depths only
# Behaviour  `a.b` and `ab` in one stack give the same logical id; the JSON has the later one.
# Seen       2 resources in the tree, 1 in the JSON: ab from "second"
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
cat >"$work/program.py" <<'PYTHON'
import json
from cdktf import App, TerraformResource, TerraformStack

app = App(outdir="out")
stack = TerraformStack(app, "stack")
for name, text in (("a.b", "first"), ("ab", "second")):
    made = TerraformResource(stack, name, terraform_resource_type="terraform_data")
    made.add_override("input", text)
tree = [node for node in stack.node.find_all() if TerraformResource.is_terraform_resource(node)]
app.synth()
written = json.load(open("out/stacks/stack/cdk.tf.json"))["resource"]["terraform_data"]
print(len(tree), "in the tree;", {name: block["input"] for name, block in written.items()})
PYTHON
cd "$work"
seen=$(venv/bin/python program.py 2>/dev/null)
echo "$seen"
expected="2 in the tree; {'ab': 'second'}"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: in cdktf 0.21.0 the ids a.b and ab are one resource"
