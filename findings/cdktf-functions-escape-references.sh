#!/usr/bin/env bash
# cdktf: text with a reference is a reference as an attribute, and literal text inside a function.
#
# Version    cdktf 0.21.0 (PyPI), Python; constructs 10.4.2, jsii 1.141.0
# Source     a function's string arguments are escaped when they are rendered
#            (packages/cdktf/lib/tfExpression.ts), and only tokens are not; synthesis neither warns
#            nor fails. hashicorp/terraform-cdk#3562 and #3923 are about text that is reported though
#            it is right; here it is wrong, and nothing is reported.
# Behaviour  `"of ${var.tenant}"` refers to the variable where it is an attribute; inside Fn.sha256
#            it is these letters, so every value of the variable has one hash. The token of the very same variable, put into
#            the same text, is rendered as a reference.
# Seen       in_function ${sha256("of $${var.tenant}")}, token_in_function
#            ${sha256("of ${var.tenant}")}, value of ${var.tenant}
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
cat >"$work/program.py" <<'PYTHON'
import json
from cdktf import App, Fn, TerraformOutput, TerraformStack, TerraformVariable

app = App(outdir="out")
stack = TerraformStack(app, "stack")
tenant = TerraformVariable(stack, "tenant", type="string")
written = "of ${var.tenant}"
TerraformOutput(stack, "value", value=written)
TerraformOutput(stack, "in_function", value=Fn.sha256(written))
TerraformOutput(stack, "token_in_function", value=Fn.sha256(f"of {tenant.string_value}"))
app.synth()
outputs = json.load(open("out/stacks/stack/cdk.tf.json"))["output"]
for name, output in outputs.items():
    print(name, output["value"])
PYTHON
cd "$work"
seen=$(venv/bin/python program.py)
echo "$seen"
expected='in_function ${sha256("of $${var.tenant}")}
token_in_function ${sha256("of ${var.tenant}")}
value of ${var.tenant}'
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: cdktf 0.21.0 escapes references in a function's text, without a word"
