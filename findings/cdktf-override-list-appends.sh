#!/usr/bin/env bash
# cdktf: an override that is a list does not replace the list, it is appended to it.
#
# Version    cdktf 0.21.0 (PyPI), Python
# Source     deepMerge of packages/cdktf/lib/util.ts, which concatenates arrays; the guide on escape
#            hatches speaks of overriding a value
# Behaviour  add_override(path, list) adds to what is there. An empty list overrides nothing, so
#            there is no list by which a list can be emptied. By index it does replace.
# Seen       appended ["input", "triggers_replace"], emptied ["input"], by index ["triggers_replace"]
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
cat >"$work/program.py" <<'PYTHON'
import json
from cdktf import App, TerraformResource, TerraformResourceLifecycle, TerraformStack

app = App(outdir="out")
stack = TerraformStack(app, "stack")

def resource(name):
    return TerraformResource(
        stack, name, terraform_resource_type="terraform_data",
        lifecycle=TerraformResourceLifecycle(ignore_changes=["input"]),
    )

resource("appended").add_override("lifecycle.ignore_changes", ["triggers_replace"])
resource("emptied").add_override("lifecycle.ignore_changes", [])
resource("by_index").add_override("lifecycle.ignore_changes.0", "triggers_replace")
app.synth()
made = json.load(open("out/stacks/stack/cdk.tf.json"))["resource"]["terraform_data"]
for name, block in made.items():
    print(name, json.dumps(block["lifecycle"]["ignore_changes"]))
PYTHON
cd "$work"
seen=$(JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1 venv/bin/python program.py 2>/dev/null)
echo "$seen"
expected='appended ["input", "triggers_replace"]
emptied ["input"]
by_index ["triggers_replace"]'
[ "$(sort <<<"$seen")" = "$(sort <<<"$expected")" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: cdktf 0.21.0 appends a list that overrides a list"
