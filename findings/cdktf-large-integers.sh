#!/usr/bin/env bash
# cdktf in Python: an integer beyond 2^53 is written with other digits.
#
# Version    cdktf 0.21.0, jsii 1.141.0 (PyPI)
# Source     jsii hands values to Node.js as JSON, whose numbers JavaScript reads as doubles; Python
#            and Terraform both hold such integers exactly (Terraform with 512 bits)
# Behaviour  2^53 + 1 arrives as 2^53. As a string it survives, and Terraform converts it exactly.
# Seen       number 9007199254740992, text 9007199254740993, Terraform 9007199254740993
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
cat >"$work/program.py" <<'PYTHON'
import json
from cdktf import App, TerraformOutput, TerraformStack

app = App(outdir="out")
stack = TerraformStack(app, "stack")
TerraformOutput(stack, "number", value=2**53 + 1)
TerraformOutput(stack, "text", value=str(2**53 + 1))
app.synth()
outputs = json.load(open("out/stacks/stack/cdk.tf.json"))["output"]
for name in ("number", "text"):
    print(name, outputs[name]["value"])
PYTHON
cd "$work"
seen=$(venv/bin/python program.py 2>/dev/null)
: >terraform.rc
exact=$(echo 'tonumber("9007199254740993")' | TF_CLI_CONFIG_FILE="$work/terraform.rc" terraform console)
seen="$seen
Terraform $exact"
echo "$seen"
expected='number 9007199254740992
text 9007199254740993
Terraform 9007199254740993'
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: an integer beyond 2^53 loses digits between Python and cdktf 0.21.0"
