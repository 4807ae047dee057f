#!/usr/bin/env bash
# Terraform: two plans of the same configuration and state differ in their JSON, beside the time.
#
# Version    the `terraform` on the PATH (seen with 1.11.4), no provider
# Source     `relevant_attributes` of `show -json`: the attributes that the plan depends on
#            (https://developer.hashicorp.com/terraform/internals/json-format#plan-representation)
# Behaviour  The list comes in another order with each plan; it is fixed in the saved plan, so that
#            showing one plan again repeats it. Whoever compares plans by bytes or a digest, to apply
#            what was reviewed or to group what is alike, has to sort it. All else is the same.
# Seen       6 plans of 10 resources: several orders, one content
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
: >terraform.rc
export TF_CLI_CONFIG_FILE="$work/terraform.rc"
for number in 0 1 2 3 4 5 6 7 8 9; do
  printf 'resource "terraform_data" "r%s" {\n  input = "v"\n}\noutput "o%s" {\n  value = terraform_data.r%s.output\n}\n' \
    "$number" "$number" "$number"
done >main.tf
terraform init >/dev/null
for plan in 0 1 2 3 4 5; do
  terraform plan -out="plan$plan" >/dev/null
  terraform show -json "plan$plan" >"$plan.json"
  terraform show -json "plan$plan" | cmp - "$plan.json"
done
terraform version | head -1
seen=$(python3 - <<'PYTHON'
import json

plans = [json.load(open(f"{number}.json")) for number in range(6)]
orders = {json.dumps(plan.pop("relevant_attributes")) for plan in plans}
content = {json.dumps(sorted(json.loads(each), key=json.dumps)) for each in orders}
for plan in plans:
    plan.pop("timestamp")
rest = {json.dumps(plan) for plan in plans}
print("orders:", "one" if len(orders) == 1 else "several", "contents:", len(content), "rest:", len(rest))
PYTHON
)
echo "$seen"
expected="orders: several contents: 1 rest: 1"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: plans of the same differ in the order of relevant_attributes"
