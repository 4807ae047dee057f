#!/usr/bin/env bash
# cdktf: arithmetic on a number that Terraform will know vanishes without a word.
#
# Version    cdktf 0.21.0 (PyPI), Python
# Source     tokens are numbers near -1e298 (packages/cdktf/lib/tokens/private/encoding.ts), which
#            differ by more than a float can resolve; the same in hashicorp/terraform-cdk#1528
# Behaviour  `value + 1` is the token again, `max(value, 5)` is 5 whatever the value will be, and
#            half of it is a number that is written into the output as it is.
# Seen       same ${var.size}, plus_one ${var.size}, at_least_five 5, half -4.05e+298
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
cat >"$work/program.py" <<'PYTHON'
import json
from cdktf import App, TerraformOutput, TerraformStack, TerraformVariable

app = App(outdir="out")
stack = TerraformStack(app, "stack")
size = TerraformVariable(stack, "size", type="number").number_value
TerraformOutput(stack, "same", value=size)
TerraformOutput(stack, "plus_one", value=size + 1)
TerraformOutput(stack, "at_least_five", value=max(size, 5))
TerraformOutput(stack, "half", value=size / 2)
app.synth()
outputs = json.load(open("out/stacks/stack/cdk.tf.json"))["output"]
for name in ("same", "plus_one", "at_least_five"):
    print(name, outputs[name]["value"])
print("half", "no token, below -1e297" if outputs["half"]["value"] < -1e297 else outputs["half"])
PYTHON
cd "$work"
seen=$(venv/bin/python program.py 2>/dev/null)
echo "$seen"
expected='same ${var.size}
plus_one ${var.size}
at_least_five 5
half no token, below -1e297'
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: cdktf 0.21.0 loses arithmetic on number tokens in silence"
