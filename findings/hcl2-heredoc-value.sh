#!/usr/bin/env bash
# python-hcl2: the value of a heredoc is not the one that Terraform has.
#
# Version    python-hcl2 8.1.4 (PyPI); the `terraform` on the PATH
# Source     amplify-education/python-hcl2#326 (open): with preserve_heredocs=False the last newline
#            is dropped; HCL's specification makes it part of the last line
# Behaviour  What a program reads and what Terraform uses differ by a character: a digest, a
#            signature or a key file made of either does not match the other.
# Seen       python-hcl2 "line one\nline two", Terraform "line one\nline two\n"
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-hcl2==8.1.4
cd "$work"
mkdir module
printf 'output "text" {\n  value = <<EOT\nline one\nline two\nEOT\n}\n' >module/main.tf
cat >program.py <<'PYTHON'
import hcl2
from hcl2.utils import SerializationOptions

options = SerializationOptions(preserve_heredocs=False)
with open("module/main.tf") as file:
    read = hcl2.load(file, serialization_options=options)
print(read["output"][0]['"text"']["value"])
PYTHON
: >terraform.rc
export TF_CLI_CONFIG_FILE="$work/terraform.rc"
terraform -chdir=module init >/dev/null
terraform -chdir=module apply -auto-approve >/dev/null
seen="python-hcl2 $(venv/bin/python program.py)
Terraform $(terraform -chdir=module output -json text)"
echo "$seen"
expected='python-hcl2 "line one\nline two"
Terraform "line one\nline two\n"'
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: python-hcl2 8.1.4 drops the last newline of a heredoc, Terraform keeps it"
