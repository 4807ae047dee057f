"""A site: who reads its bucket, what browsers are told, and where its paths lead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from constructs_lib import ConfigError, SaasStack, SiteDomain, SiteLogBucket, StaticSite
from tests.synth.template import Template

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/0a1b"


def _site(stack: SaasStack, **more: Any) -> StaticSite:
    given = {"name": "shop-dev", "bucket": "shop-dev-site", "log_bucket": "logs.s3.amazonaws.com"}
    return StaticSite(stack, "site", **{**given, **more})


def _distribution(stack: SaasStack) -> dict[str, Any]:
    return Template.of(stack).resource("aws_cloudfront_distribution")


def test_the_bucket_is_read_by_this_distribution_alone(stack: SaasStack) -> None:
    _site(stack)
    template = Template.of(stack)
    policy = json.loads(template.resource("aws_s3_bucket_policy")["policy"])
    (allowed,) = (each for each in policy["Statement"] if each["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    (source,) = allowed["Condition"]["StringEquals"].values()
    assert source.startswith("${aws_cloudfront_distribution.")
    (origin,) = template.resource("aws_cloudfront_distribution")["origin"]
    assert origin["origin_access_control_id"].startswith("${aws_cloudfront_origin_access_control.")
    control = template.resource("aws_cloudfront_origin_access_control")
    assert (control["signing_behavior"], control["signing_protocol"]) == ("always", "sigv4")


def test_pages_run_nothing_inline_and_stand_in_no_frame(stack: SaasStack) -> None:
    _site(stack, connects_to=["https://api.example.com"])
    headers = Template.of(stack).resource("aws_cloudfront_response_headers_policy")
    security = headers["security_headers_config"]
    policy = security["content_security_policy"]["content_security_policy"]
    rules = dict(rule.partition(" ")[::2] for rule in policy.split("; "))
    assert "unsafe" not in policy
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == "'self' https://api.example.com"
    assert rules["frame-ancestors"] == "'none'"
    assert security["strict_transport_security"]["access_control_max_age_sec"] >= 31_536_000
    assert security["content_type_options"] == {"override": True}


def test_no_error_is_answered_by_a_page(stack: SaasStack) -> None:
    _site(stack).lead_to_api("abc.execute-api.eu-central-1.amazonaws.com")
    made = _distribution(stack)
    assert "custom_error_response" not in made
    api, assets = made["ordered_cache_behavior"]
    assert (api["path_pattern"], api["target_origin_id"]) == ("/api/*", "api")
    assert (assets["path_pattern"], assets["target_origin_id"]) == ("/assets/*", "files")
    functions = Template.of(stack).resources("aws_cloudfront_function")

    def code(behaviour: dict[str, Any]) -> str:
        (one,) = behaviour["function_association"]
        name = one["function_arn"].split(".")[1]
        return str(functions[name]["code"])

    assert "/index.html" in code(made["default_cache_behavior"])
    assert "/index.html" not in code(api)
    assert "function_association" not in assets
    # Only assets are kept: their names change with what is in them.
    kept = {made["default_cache_behavior"]["cache_policy_id"], api["cache_policy_id"]}
    assert len(kept) == 1
    assert assets["cache_policy_id"] not in kept


def test_a_domain_of_ones_own_and_a_firewall(stack: SaasStack) -> None:
    site = _site(stack, domain=SiteDomain("app.example.com", CERTIFICATE), web_acl_arn=WEB_ACL)
    made = _distribution(stack)
    assert site.url == "https://app.example.com"
    assert made["aliases"] == ["app.example.com"]
    assert made["viewer_certificate"]["minimum_protocol_version"] == "TLSv1.2_2021"
    assert made["web_acl_id"] == WEB_ACL


def test_what_cloudfront_does_not_take_is_said_at_once(stack: SaasStack) -> None:
    with pytest.raises(ConfigError) as refused:
        _site(
            stack,
            name="shop dev",
            domain=SiteDomain("a.example.com", CERTIFICATE.replace("us-east-1", "eu-west-1")),
            web_acl_arn=WEB_ACL.replace("global", "regional"),
        )
    for part in ("name: got", "domain.certificate_arn: got", "web_acl_arn: got"):
        assert part in str(refused.value)


def test_logs_are_private_though_written_by_an_access_list(stack: SaasStack) -> None:
    SiteLogBucket(stack, "logs", name="shop-dev-site-logs")
    template = Template.of(stack)
    ownership = template.resource("aws_s3_bucket_ownership_controls")["rule"]
    assert ownership == {"object_ownership": "BucketOwnerPreferred"}
    block = template.resource("aws_s3_bucket_public_access_block")
    assert block["block_public_acls"] is True
    assert block["ignore_public_acls"] is True


def test_where_cloudfront_delivers_no_logs_none_are_asked_for(stack: SaasStack) -> None:
    _site(stack, log_bucket=None)
    assert "logging_config" not in _distribution(stack)
