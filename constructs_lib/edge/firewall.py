"""AWS WAF in front of a REST API: AWS's own rules, and a rate for each address."""

from __future__ import annotations

from typing import Any, Final

from cdktf_cdktf_provider_aws.wafv2_web_acl import (
    Wafv2WebAcl,
    Wafv2WebAclDefaultAction,
    Wafv2WebAclDefaultActionAllow,
    Wafv2WebAclRule,
    Wafv2WebAclRuleAction,
    Wafv2WebAclRuleActionBlock,
    Wafv2WebAclRuleActionCount,
    Wafv2WebAclRuleOverrideAction,
    Wafv2WebAclRuleOverrideActionCount,
    Wafv2WebAclRuleOverrideActionNone,
    Wafv2WebAclRuleVisibilityConfig,
    Wafv2WebAclVisibilityConfig,
)
from cdktf_cdktf_provider_aws.wafv2_web_acl_association import Wafv2WebAclAssociation
from constructs import Construct

from constructs_lib.errors import ConfigError

# In the order in which they are asked, the cheap ones first: 925 of the 1,500 units that a list has
# for its basic price.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
_MANAGED: Final = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
)
_FEWEST: Final = 10
_MOST: Final = 2_000_000_000


class Firewall(Construct):
    """An access list of one stage: what its rules match is counted, or refused with 403.

    Parameters
    ----------
    name : str
        Of the list, at most 128 characters.
    stage_arn : str
        The stage that it stands in front of; it has one list at most.
    blocks : bool, default False
        Whether what matches is refused. It is counted alone by default, so that its metrics tell
        what would be refused: one of AWS's rules refuses bodies of more than 8 KB [1]_.
    address_rate : int, default 2000
        Requests of one address in five minutes; 10 to 2,000,000,000 [2]_.

    Raises
    ------
    ConfigError
        If `address_rate` is none that AWS takes.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
    .. [2] https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        stage_arn: str,
        blocks: bool = False,
        address_rate: int = 2000,
    ) -> None:
        super().__init__(scope, id_)
        if not _FEWEST <= address_rate <= _MOST:
            raise ConfigError(f"address_rate: got {address_rate}; allowed {_FEWEST} to {_MOST:,}")
        managed = [
            _rule(
                priority,
                group,
                {"managed_rule_group_statement": {"name": group, "vendor_name": "AWS"}},
                override_action=_whole_group(blocks=blocks),
            )
            for priority, group in enumerate(_MANAGED, 1)
        ]
        rate = _rule(
            0,
            "AddressRate",
            {"rate_based_statement": {"limit": address_rate, "aggregate_key_type": "IP"}},
            action=_one_rule(blocks=blocks),
        )
        access_list = Wafv2WebAcl(
            self,
            "Resource",
            name=name,
            description=f"What reaches the API {name}",
            scope="REGIONAL",
            default_action=Wafv2WebAclDefaultAction(allow=Wafv2WebAclDefaultActionAllow()),
            rule=[rate, *managed],
            visibility_config=Wafv2WebAclVisibilityConfig(
                cloudwatch_metrics_enabled=True,
                metric_name=name,
                # A sample holds headers, and those hold tokens.
                sampled_requests_enabled=False,
            ),
        )
        Wafv2WebAclAssociation(
            self, "association", resource_arn=stage_arn, web_acl_arn=access_list.arn
        )


def _rule(priority: int, name: str, statement: dict[str, Any], **action: Any) -> Wafv2WebAclRule:
    return Wafv2WebAclRule(
        name=name,
        priority=priority,
        statement=statement,
        visibility_config=Wafv2WebAclRuleVisibilityConfig(
            cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
        ),
        **action,
    )


def _whole_group(*, blocks: bool) -> Wafv2WebAclRuleOverrideAction:
    if blocks:
        return Wafv2WebAclRuleOverrideAction(none=Wafv2WebAclRuleOverrideActionNone())
    return Wafv2WebAclRuleOverrideAction(count=Wafv2WebAclRuleOverrideActionCount())


def _one_rule(*, blocks: bool) -> Wafv2WebAclRuleAction:
    if blocks:
        return Wafv2WebAclRuleAction(block=Wafv2WebAclRuleActionBlock())
    return Wafv2WebAclRuleAction(count=Wafv2WebAclRuleActionCount())
