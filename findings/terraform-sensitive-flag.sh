#!/usr/bin/env bash
# Terraform: a plan says "No changes", exits 2 for changes, and its JSON cannot tell which they are.
#
# Version    the `terraform` on the PATH (seen with 1.11.4), no provider
# Source     `plan -detailed-exitcode` (2: there are changes) and the JSON of `show -json`
# Behaviour  An output of unchanged value whose `sensitive` flag alone is turned on is an update. Its
#            `before_sensitive` is true as well, though the state before has it false: only state and
#            configuration, side by side, tell what the plan is about.
# Seen       No changes. exit 2, actions ["update"], before_sensitive true, state before: false
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
: >terraform.rc
export TF_CLI_CONFIG_FILE="$work/terraform.rc"
printf 'output "o" {\n  value = "x"\n}\n' >main.tf
terraform init >/dev/null
terraform apply -auto-approve >/dev/null
printf 'output "o" {\n  value     = "x"\n  sensitive = true\n}\n' >main.tf
code=0
told=$(terraform plan -no-color -detailed-exitcode -out=plan) || code=$?
terraform show -json plan >plan.json
terraform version | head -1
seen="$(grep -o '^No changes' <<<"$told"), exit $code
$(python3 - <<'PYTHON'
import json

change = json.load(open("plan.json"))["output_changes"]["o"]
state = json.load(open("terraform.tfstate"))["outputs"]["o"]
print(change["actions"], "before", change["before_sensitive"], "after", change["after_sensitive"])
print("in the state before:", state.get("sensitive", False))
PYTHON
)"
echo "$seen"
expected="No changes, exit 2
['update'] before True after True
in the state before: False"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: a plan of nothing but a sensitive flag says no changes and exits 2"
