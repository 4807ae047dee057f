"""AWS's service models, as botocore carries them, for the services that the emulator has."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from services.local_aws.requests.constraints import Compiler
from services.local_aws.requests.exemptions import exempted
from services.local_aws.requests.routes import Routes

# Where the emulator calls a service otherwise than botocore does.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "airflow": ("mwaa",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "documentdb": ("docdb",),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2",),
    "elasticmapreduce": ("emr",),
    "monitoring": ("cloudwatch",),
    "ses": ("sesv2", "ses"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
}


@dataclass(frozen=True)
class Model:
    """One service's model, ready for use.

    Attributes
    ----------
    name : str
        As botocore calls the service.
    protocol : str
        json, rest-json, query, ec2 or rest-xml; of a service that speaks several, the first.
    """

    name: str
    protocol: str
    service: ServiceModel
    routes: Routes
    compiler: Compiler

    @functools.cached_property
    def operations(self) -> frozenset[str]:
        """The names of its operations."""
        return frozenset(self.service.operation_names)

    @property
    def rest(self) -> bool:
        """Whether method and path name an operation, and not the request."""
        return self.protocol in ("rest-json", "rest-xml")


@functools.cache
def models_of(service: str) -> tuple[Model, ...]:
    """Return the models of one of the emulator's services; none if botocore does not know it."""
    return tuple(
        model for name in _NAMES.get(service, (service,)) if (model := _load(name)) is not None
    )


@functools.cache
def _load(name: str) -> Model | None:
    try:
        document = Loader().load_service_model(name, "service-2")
    except UnknownServiceError:
        return None
    service = ServiceModel(document, name)
    return Model(
        name, service.metadata["protocol"], service, Routes(service), Compiler(exempted(name))
    )
