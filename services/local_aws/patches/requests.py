"""Every service: what AWS's own models do not allow is refused."""

from __future__ import annotations

from ministack import app

from services.local_aws.patches.quotas import walls
from services.local_aws.patches.registry import patch, symbol
from services.local_aws.requests.gate import guarded


@patch
def requests_as_models_allow() -> None:
    """A request must be as AWS's model of the service has it: required, enum, length, pattern.

    Stock takes nearly everything, so that what works here may be refused by AWS. The models are
    botocore's: https://github.com/boto/botocore/tree/develop/botocore/data
    And what an account may have at most, it has at most.
    """
    handlers = symbol(app, "SERVICE_HANDLERS")
    for service, handler in list(handlers.items()):
        handlers[service] = guarded(service, handler, walls)
