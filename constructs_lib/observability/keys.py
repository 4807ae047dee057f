"""The key that topics of alarms are encrypted with."""

from __future__ import annotations

import json

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

__all__ = ["AlarmKey"]

# What an administrator of keys may do, as the console grants it: not to use them.
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_ADMINISTRATION = (
    *("kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey"),
    *("kms:DisableKey", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy"),
    *("kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies"),
    *("kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
    "kms:UpdateKeyDescription",
)


class AlarmKey(Construct):
    """A key that CloudWatch may use for the alarms of this account, and nobody else.

    SNS encrypts with the key of whoever publishes. The one that AWS manages for SNS does not let
    CloudWatch in, and its policy cannot be changed: alarms would be lost in silence [1]_.

    Parameters
    ----------
    alias : str
        What it is called by, beginning with `alias/`.
    account : str
        Whose policies say who administers it; may be an expression.

    Attributes
    ----------
    alias : str
        For topics, which then wait for it.

    References
    ----------
    .. [1] https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    def __init__(self, scope: Construct, id_: str, *, alias: str, account: str) -> None:
        super().__init__(scope, id_)
        key = KmsKey(
            self,
            "Resource",
            description=f"Messages of alarms: {alias}",
            policy=_policy(account),
            enable_key_rotation=True,
            deletion_window_in_days=7,
        )
        self.alias: str = KmsAlias(self, "alias", name=alias, target_key_id=key.id).name


def _policy(account: str) -> str:
    """Return the key's policy, in which `*` is the key itself."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Administration",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": list(_ADMINISTRATION),
                    "Resource": "*",
                },
                {
                    "Sid": "Alarms",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
                    "Resource": "*",
                    # Of this account: whoever knows the topic could else have CloudWatch use it.
                    "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                },
            ],
        }
    )
