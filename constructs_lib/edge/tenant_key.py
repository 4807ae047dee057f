"""A tenant's API key in the usage plan of its tier."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.api_gateway_api_key import ApiGatewayApiKey
from cdktf_cdktf_provider_aws.api_gateway_usage_plan_key import ApiGatewayUsagePlanKey
from constructs import Construct


class TenantKey(Construct):
    """A key by which API Gateway counts one tenant's requests; no client ever holds it.

    The authorizer names it for each request (`apiKeySource` is AUTHORIZER), so a tenant is
    throttled by who it is and not by what it sends. It names a tenant and proves nothing: what
    stands in states and plans of it is no secret.

    Parameters
    ----------
    name : str
    description : str
    usage_plan_id : str
        The plan of the tenant's tier on its API.
    of : str
        What no other key of the account and region is of, as text that may hold `${...}`; the
        key's value is the hash of that. AWS refuses a second key of the same value.

    Attributes
    ----------
    value : str
        Of 64 characters; Terraform marks it as sensitive, and so what is made from it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        usage_plan_id: str,
        of: str,
    ) -> None:
        super().__init__(scope, id_)
        # Not by a function of cdktf, which would escape the variables in it: one value for all.
        value = f'${{sha256("{of}")}}'
        key = ApiGatewayApiKey(self, "Resource", name=name, description=description, value=value)
        ApiGatewayUsagePlanKey(
            self, "plan", key_id=key.id, key_type="API_KEY", usage_plan_id=usage_plan_id
        )
        self.value: str = key.value
