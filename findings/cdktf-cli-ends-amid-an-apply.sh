#!/usr/bin/env bash
# cdktf-cli: when one stack fails while another waits, a third one is cut off amid its apply.
#
# Version    cdktf-cli 0.21.0 (npm), Node 20, Terraform 1.11
# Source     getStackWithNoUnmetDependencies of @cdktf/cli-core/src/lib/helpers/stack-helpers.ts
#            and CdktfProject.execute, which says that it waits "for all other currently running
#            stacks to complete before propagating that error"
# Behaviour  The failure reaches nobody's catch before that wait is over: Node ends the process as for
#            any unhandled rejection. Terraform of the neighbour loses its terminal in the midst of an
#            apply. Without a stack that waits, the CLI waits for the neighbour, as it says.
# Seen       exit 7 (1 without the third stack), the neighbour's work undone, its state still locked
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    cdktf==0.21.0 constructs==10.4.2 jsii==1.141.0
npm install --silent --no-audit --no-fund --ignore-scripts cdktf-cli@0.21.0
cat >cdktf.json <<JSON
{"language": "python", "app": "$work/venv/bin/python program.py", "projectId": "finding",
 "sendCrashReports": "false"}
JSON
cat >program.py <<'PYTHON'
from cdktf import App, LocalBackend, TerraformResource, TerraformStack

HERE = "PLACE"

class Stack(TerraformStack):
    def __init__(self, scope, name, command):
        super().__init__(scope, name)
        LocalBackend(self, path=f"{HERE}/{name}.tfstate")
        made = TerraformResource(self, "work", terraform_resource_type="terraform_data")
        made.add_override("provisioner", [{"local-exec": {"command": command}}])

app = App()
slow = Stack(app, "slow", f"sleep 20; touch {HERE}/slow-was-done")
Stack(app, "failing", "sleep 3; exit 1")
if WAITS:
    Stack(app, "last", "true").add_dependency(slow)
app.synth()
PYTHON
sed -i "s|PLACE|$work|" program.py
export CHECKPOINT_DISABLE=1 CI=1 CDKTF_HOME="$work/home" JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1

deploy() { # whether a third stack waits
    rm -rf cdktf.out -- *.tfstate .*.lock.info slow-was-done
    sed -i "s/^if .*:/if $1:/" program.py
    code=0
    node_modules/.bin/cdktf deploy '*' --auto-approve --skip-provider-lock >log 2>&1 || code=$?
    sleep 22 # what went on without the CLI would be done by then
    done=no locked=no
    [ ! -e slow-was-done ] || done=yes
    [ ! -e .slow.tfstate.lock.info ] || locked=yes
    echo "third stack $1: exit $code, neighbour done $done, its state locked $locked"
}

seen=$(deploy False; deploy True)
echo "$seen"
expected='third stack False: exit 1, neighbour done yes, its state locked no
third stack True: exit 7, neighbour done no, its state locked yes'
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: cdktf-cli 0.21.0 ends amid a neighbour's apply"
