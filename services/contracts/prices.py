"""What AWS asks for what tenants use: a dated table of list prices, in US dollars. Pure data.

Each row is a row of AWS's price list, named by its SKU there. A deployment's own prices, such as
of a region that the table lacks or after a discount, are in its `saas.tfvars` (`prices`). What is
not in the table is not priced: `NOT_COUNTED` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

CURRENCY: Final = "USD"
HOURS_A_MONTH: Final = 730
"""As AWS's own calculator has it: 365 days, 12 months. https://calculator.aws/"""


@dataclass(frozen=True)
class ListPrice:
    """What one unit costs in one region.

    Attributes
    ----------
    key : str
        Names the row in this program and in `saas.tfvars`.
    service : str
        The AWS service.
    unit : str
        Of which the price is for one.
    usd : Decimal
    published : str
        The day on which AWS published the list; of a page without one, that as of which it was so.
    source : str
        Where the row is, with its SKU.
    """

    key: str
    service: str
    unit: str
    usd: Decimal
    published: str
    source: str


VCPU_HOUR: Final = "fargate-vcpu-hour"
GB_HOUR: Final = "fargate-gb-hour"
BALANCER_HOUR: Final = "application-load-balancer-hour"
REQUEST: Final = "rest-api-request"

_OFFERS: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"


def _prices(
    *, vcpu: str, gb: str, balancer: str, request: str, sources: Mapping[str, tuple[str, str]]
) -> tuple[ListPrice, ...]:
    rows = (
        (VCPU_HOUR, "AWS Fargate", "vCPU-hour", vcpu),
        (GB_HOUR, "AWS Fargate", "GB-hour", gb),
        (BALANCER_HOUR, "Elastic Load Balancing", "hour", balancer),
        (REQUEST, "Amazon API Gateway", "request", request),
    )
    return tuple(
        ListPrice(key, service, unit, Decimal(usd), *sources[key])
        for key, service, unit, usd in rows
    )


LIST_PRICES: Final = {
    "eu-west-1": _prices(
        vcpu="0.04048",
        gb="0.004445",
        balancer="0.0252",
        request="0.0000035",
        sources={
            VCPU_HOUR: (
                "2026-09-11",
                f"{_OFFERS}/AmazonECS/20260911124425/eu-west-1/index.json#K4EXFQ5YFQCP98EN",
            ),
            GB_HOUR: (
                "2026-09-11",
                f"{_OFFERS}/AmazonECS/20260911124425/eu-west-1/index.json#UP5ETC3QSW2QZGEY",
            ),
            BALANCER_HOUR: (
                "2026-07-01",
                "https://aws.amazon.com/elasticloadbalancing/pricing/#EU-LoadBalancerUsage",
            ),
            REQUEST: (
                "2026-09-21",
                f"{_OFFERS}/AmazonApiGateway/current/eu-west-1/index.json#EU-ApiGatewayRequest",
            ),
        },
    ),
    "us-east-1": _prices(
        vcpu="0.04048",
        gb="0.004445",
        balancer="0.0225",
        request="0.0000035",
        sources={
            VCPU_HOUR: (
                "2026-05-15",
                f"{_OFFERS}/AmazonECS/current/us-east-1/index.json#8CESGAFWKAJ98PME",
            ),
            GB_HOUR: (
                "2026-05-15",
                f"{_OFFERS}/AmazonECS/current/us-east-1/index.json#PBZNQUSEXZUC34C9",
            ),
            BALANCER_HOUR: (
                "2026-07-20",
                f"{_OFFERS}/AWSELB/current/us-east-1/index.json#37CUWUT8GSNQEPUV",
            ),
            REQUEST: (
                "2026-09-21",
                f"{_OFFERS}/AmazonApiGateway/current/us-east-1/index.json#USE1-ApiGatewayRequest",
            ),
        },
    ),
}
"""By region. Fargate's are of Linux on x86, which is what tasks ask for; API Gateway's are those of
the first of four steps, which ends at 333 million requests of an account in a month."""

KEYS: Final = (VCPU_HOUR, GB_HOUR, BALANCER_HOUR, REQUEST)

NOT_COUNTED: Final = (
    "Amazon Cognito's active users",
    "Amazon DynamoDB's reads, writes and storage, and databases",
    "data transfer, NAT gateways and interface endpoints",
    "logs, metrics and alarms",
    "network load balancers, and the capacity units of all load balancers",
    "tasks beyond the least number of their service",
    "the platform, the control plane and builds",
)
"""What an estimate leaves out."""
