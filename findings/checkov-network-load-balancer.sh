#!/usr/bin/env bash
# checkov: a network load balancer fails the check that *application* load balancers redirect to HTTPS.
#
# Version    checkov 3.3.30 from PyPI; no provider, no account
# Source     CKV2_AWS_20, "Ensure that ALB redirects HTTP requests into HTTPS ones"; a listener of a
#            network load balancer has no redirect action, only application load balancers have
#            (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html)
# Behaviour  The check never asks for the type of the load balancer. It passes a listener that has
#            neither port 80 nor protocol HTTP, or one that redirects. A network load balancer with
#            TCP on port 80, as a REST API's private link has it before an application load balancer,
#            fails, and cannot be mended: there is no redirect to give it. It can only be left out.
# Seen       80: passed 0 failed 1; 8080: passed 1 failed 0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset AWS_CA_BUNDLE
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30 2>/dev/null
verdict() {
  mkdir -p "port$1"
  cat >"port$1/main.tf" <<HCL
resource "aws_lb" "link" {
  name               = "link"
  internal           = true
  load_balancer_type = "network"
  subnets            = ["subnet-0a"]
}
resource "aws_lb_listener" "link" {
  load_balancer_arn = aws_lb.link.arn
  port              = $1
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.link.arn
  }
}
resource "aws_lb_target_group" "link" {
  name        = "link"
  port        = $1
  protocol    = "TCP"
  target_type = "alb"
  vpc_id      = "vpc-0a"
}
HCL
  venv/bin/checkov -d "port$1" --framework terraform --check CKV2_AWS_20 --skip-download -o json --soft-fail 2>/dev/null |
    python3 -c 'import json, sys; r = json.load(sys.stdin); s = r.get("summary", r); print("passed", s["passed"], "failed", s["failed"])'
}
venv/bin/checkov --version
seen="80: $(verdict 80); 8080: $(verdict 8080)"
echo "$seen"
expected="80: passed 0 failed 1; 8080: passed 1 failed 0"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
echo "ok: a network load balancer is judged as an application one"
