"""Which attributes hold secrets by what AWS and its provider call them.

Most are marked by the provider's schema already. The list is for what is not: values that a
module copies into a plain attribute, older providers, and the environment of containers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SECRET_ATTRIBUTES: Final = {
    "aws_api_gateway_api_key": ("value",),
    "aws_appsync_api_key": ("key",),
    "aws_cognito_user": ("password", "temporary_password"),
    "aws_cognito_user_pool_client": ("client_secret",),
    "aws_db_instance": ("password",),
    "aws_directory_service_directory": ("password",),
    "aws_dms_endpoint": ("password",),
    "aws_docdb_cluster": ("master_password",),
    "aws_elasticache_replication_group": ("auth_token",),
    "aws_elasticache_user": ("passwords",),
    "aws_iam_access_key": ("secret", "ses_smtp_password_v4", "encrypted_secret"),
    "aws_iam_user_login_profile": ("password", "encrypted_password"),
    "aws_lightsail_key_pair": ("private_key",),
    "aws_memorydb_user": ("authentication_mode",),
    "aws_mq_broker": ("user",),
    "aws_neptune_cluster": ("master_password",),
    "aws_rds_cluster": ("master_password",),
    "aws_redshift_cluster": ("master_password",),
    "aws_redshiftserverless_namespace": ("admin_user_password",),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary"),
    "aws_ssm_parameter": ("value", "value_wo"),
    "random_password": ("result", "bcrypt_hash"),
    "tls_private_key": ("private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"),
}
"""By resource type: attributes whose whole value is secret."""

_SECRET_NAME: Final = re.compile(
    r"(?:^|[_-])(?:pass(?:word|wd|phrase)?s?|secret|secret_?key|secret_?string|client_?secret"
    r"|secret_?access_?key|auth_?token|access_?token|api_?token|token_?secret|private_?key"
    r"|api_?key|credentials)(?:_v\d+|_wo)?$",
    re.IGNORECASE,
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=8192)
def names_a_secret(name: str) -> bool:
    """Whether what has this name is secret whatever has it.

    >>> [names_a_secret(name) for name in ("DB_PASSWORD", "clientSecret", "client_secret_arn")]
    [True, True, False]
    """
    return _SECRET_NAME.search(_CAMEL.sub("_", name)) is not None
