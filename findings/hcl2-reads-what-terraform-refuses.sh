#!/usr/bin/env bash
# python-hcl2 reads as a document what Terraform refuses: the last of two attributes wins.
#
# Version    python-hcl2 8.1.4 (PyPI); the `terraform` on the PATH
# Source     HCL's syntax-agnostic model wants attribute names to be unique within a body; the
#            library's rules build a dict. Its grammar also takes two attributes on one line
# Behaviour  A tool that checks a file with it sees the second value and no problem; Terraform says
#            "Attribute redefined", or that a newline is missing.
# Seen       {'value': 2}, {'a': 1, 'b': 2}; Terraform: Attribute redefined
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-hcl2==8.1.4
cd "$work"
cat >program.py <<'PYTHON'
import hcl2

print(hcl2.loads("value = 1\nvalue = 2\n"))
print(hcl2.loads("a = 1 b = 2\n"))
PYTHON
seen=$(venv/bin/python program.py)
: >terraform.rc
mkdir module
printf 'output "o" {\n  value = 1\n  value = 2\n}\n' >module/main.tf
told=$(TF_CLI_CONFIG_FILE="$work/terraform.rc" terraform -chdir=module validate -no-color 2>&1 || true)
seen="$seen
$(grep -o 'Attribute redefined' <<<"$told" | head -1)"
echo "$seen"
expected="{'value': 2}
{'a': 1, 'b': 2}
Attribute redefined"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: python-hcl2 8.1.4 reads an attribute that is there twice; Terraform refuses it"
