"""What an account has once for all its deployments: each knows whether it makes it or finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.provisioning.aws import access_errors
from services.provisioning.errors import PreconditionError
from services.provisioning.recovery.presence import is_there

if TYPE_CHECKING:
    from services.provisioning.deployment import Deployment


def check_account_wide(deployment: Deployment) -> None:
    """Refuse what would take something from another deployment, or stand on what is not there.

    Raises
    ------
    PreconditionError
        Naming the setting of `account_wide`, what is there, and what is allowed.
    """
    with access_errors():
        _check_api_logs(deployment)
        if deployment.configuration.repository:
            _check_provider(deployment)


def _check_api_logs(deployment: Deployment) -> None:
    """API Gateway has one role for the logs of a region: the last who sets it takes it from others.

    https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateAccount.html
    """
    configuration = deployment.configuration
    role = deployment.aws.client("apigateway").get_account().get("cloudwatchRoleArn")
    there = bool(role) and is_there(deployment.aws, role)
    own = bool(role) and role.rpartition("/")[2] == configuration.api_logs_role
    if configuration.account_wide.api_gateway_logs == "create" and there and not own:
        raise PreconditionError(
            "account_wide.api_gateway_logs: got create; allowed existing, since API Gateway in "
            f"{configuration.region} writes its logs by {role}, which another deployment has made: "
            "change the configuration and run `make synth`"
        )
    if configuration.account_wide.api_gateway_logs == "existing" and not there:
        raise PreconditionError(
            "account_wide.api_gateway_logs: got existing; allowed create, since API Gateway in "
            f"{configuration.region} has {'a role that is gone' if role else 'no role'} to write "
            "logs by: change the configuration and run `make synth`"
        )


def _check_provider(deployment: Deployment) -> None:
    """IAM takes one provider of each URL in an account.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    """
    configuration = deployment.configuration
    arn = configuration.github_provider_arn
    found = _provider(deployment, arn)
    given = configuration.account_wide.github_oidc_provider
    if given == "existing" and found is None:
        raise PreconditionError(
            f"account_wide.github_oidc_provider: got existing; allowed create, since {arn} is not "
            "there: change the configuration and run `make synth`"
        )
    tags = {each["Key"]: each["Value"] for each in (found or {}).get("Tags", ())}
    own = {"Project": configuration.name, "Environment": configuration.environment}
    if given == "create" and found is not None and not own.items() <= tags.items():
        raise PreconditionError(
            f"account_wide.github_oidc_provider: got create; allowed existing, since {arn} is "
            "there and not of this deployment: change the configuration and run `make synth`"
        )


def _provider(deployment: Deployment, arn: str) -> dict[str, Any] | None:
    iam = deployment.aws.client("iam")
    try:
        found: dict[str, Any] = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except iam.exceptions.NoSuchEntityException:
        return None
    return found
