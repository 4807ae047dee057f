"""What a tenant root module takes as Terraform variables: pure data, for modules and provisioner.

The modules declare exactly these variables, and the provisioner checks a tenant document against
them, so that a value Terraform would refuse is refused before Terraform starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from services.tenancy.tier import Tier

TENANT_ID_PATTERN: Final = "^[a-z0-9](?:[a-z0-9-]{0,34}[a-z0-9])?$"
TENANT_NAME_PATTERN: Final = "^[a-z][a-z0-9-]{1,29}$"
EMAIL_PATTERN: Final = '^[^@\\s"\\\\]+@[^@\\s"\\\\]+\\.[^@\\s"\\\\]+$'
RELEASE_PATTERN: Final = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"
"""What a container image tag may be, because a release names the images too."""
CELL_PATTERN: Final = "^[a-z][a-z0-9-]{0,31}$"
PROVIDER_NAME_PATTERN: Final = "^[A-Za-z][A-Za-z0-9-]{0,31}$"
RESERVED_PROVIDER_NAMES: Final = (
    "cognito",
    "facebook",
    "google",
    "loginwithamazon",
    "signinwithapple",
)
"""Names of identity providers that have a meaning of their own in Cognito, in lower case."""
HTTPS_URL_PATTERN: Final = '^https://[^\\s"\\\\]+$'
CREDENTIAL_ARN_PATTERN: Final = (
    "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}$"
)
FEDERATED_ATTRIBUTES: Final = ("email", "name")
"""What an identity provider may say of a user; all else about a user is the platform's to say."""

FIRST_PRIORITY: Final = 100
"""The first listener priority of a silo tenant; the lower ones are the pool's and spare."""
LAST_PRIORITY: Final = 999

TASK_SIZES: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {
        256: (512, 1024, 2048),
        512: tuple(range(1024, 4096 + 1, 1024)),
        1024: tuple(range(2048, 8192 + 1, 1024)),
        2048: tuple(range(4096, 16384 + 1, 1024)),
        4096: tuple(range(8192, 30720 + 1, 1024)),
    }
)
"""Memory in MiB that Fargate offers for each number of CPU units [1]_.

.. [1] https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

SERVICE_OVERRIDES: Final = ("min", "max", "cpu", "memory")
"""What `overrides.services.<service>` and `overrides.gateway` may set; all optional numbers.

`min` and `max` are tasks; `cpu` (CPU units) and `memory` (MiB) must be given together.
"""


@dataclass(frozen=True)
class Variable:
    """One variable of a tenant root module."""

    name: str
    type: str
    description: str
    default: Any = None
    """None if it must be given."""
    silo_only: bool = False
    pattern: str | None = None
    """What a string must match, if there is more to say than its type does."""
    refusal: str = ""
    """What is said of one that does not."""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is None


_SIZE: Final = f"object({{{', '.join(f'{name}=optional(number)' for name in SERVICE_OVERRIDES)}}})"

_VARIABLES: Final = (
    Variable("tenant_id", "string", "The tenant's id, which is also its workspace's name."),
    Variable(
        "tenant_name",
        "string",
        "The tenant's name, unique, as in its users' addresses.",
        pattern=TENANT_NAME_PATTERN,
        refusal="tenant_name must be 2 to 30 lower-case letters, digits or hyphens, and must begin "
        "with a letter.",
    ),
    Variable(
        "admin_email",
        "string",
        "Where the tenant's first administrator is invited.",
        pattern=EMAIL_PATTERN,
        refusal="admin_email must be an e-mail address.",
    ),
    Variable(
        "release",
        "string",
        "The release that the tenant runs; also its images' tag.",
        pattern=RELEASE_PATTERN,
        refusal="release must be possible as an image tag.",
    ),
    # Declared for a pooled tenant too, where it must be empty: to ignore a size that someone
    # has asked for would be a silent failure.
    Variable(
        "overrides",
        f"object({{services=optional(map({_SIZE}), {{}}), gateway=optional({_SIZE}, {{}})}})",
        "Sizes in which this tenant differs from its tier, by service.",
        default={},
    ),
    Variable(
        "federation",
        "list(object({name=string, kind=string, attribute_mapping=optional(map(string), {}), "
        "issuer=optional(string), client_id=optional(string), "
        "client_secret_arn=optional(string), metadata_url=optional(string), "
        "metadata_xml=optional(string)}))",
        "The identity providers, OIDC or SAML, that sign in the tenant's people besides its pool.",
        default=[],
    ),
    # One copy of a tenant is served at a time; the mapping row is that copy's.
    Variable(
        "serving",
        "bool",
        "Whether requests reach this copy of the tenant; false in one that a move makes or keeps.",
        default=True,
    ),
    Variable(
        "refusal",
        "string",
        "Attributes of the mapping row by which the tenant is refused, as DynamoDB's JSON.",
        default="{}",
    ),
    Variable(
        "placement",
        "object({cell=string, listener_priority=number})",
        "The routing cell that holds the tenant, and the priority of its listener rule there.",
        silo_only=True,
    ),
    # Never in a tenant's document: only what removes a copy says no, before it removes anything.
    Variable(
        "deletion_protection",
        "bool",
        "Whether tables, user pool and database are protected, where the deployment protects.",
        default=True,
    ),
)


def variables_of(tier: Tier) -> tuple[Variable, ...]:
    """Return the variables of the root module of a tenant of `tier`."""
    return tuple(each for each in _VARIABLES if tier.silo or not each.silo_only)


OUTPUTS: Final = (
    "tenant_id",
    "tenant_name",
    "tier",
    "admin_email",
    "admin_username",
    "release",
    "tenant_path",
    "user_pool_id",
    "app_client_id",
    "issuer",
    "sign_in_url",
    "api_url",
    "rest_api_id",
    "load_balancer_dns_name",
    "cluster_name",
    "tables",
    "data_task",
)
"""The outputs of every tenant root module, whatever its tier."""


def size_problem(cpu: int | None, memory: int | None) -> str | None:
    """Say why a task cannot have this size, or nothing if it can.

    >>> size_problem(256, 4096)
    'memory: got 4096 with cpu 256; allowed 512, 1024, 2048'
    >>> size_problem(None, None) is None
    True
    """
    if cpu is None and memory is None:
        return None
    if cpu is None or memory is None:
        return "cpu and memory: only one is given; give both or none"
    if cpu not in TASK_SIZES:
        return f"cpu: got {cpu}; allowed {', '.join(map(str, TASK_SIZES))}"
    if memory not in TASK_SIZES[cpu]:
        allowed = ", ".join(map(str, TASK_SIZES[cpu]))
        return f"memory: got {memory} with cpu {cpu}; allowed {allowed}"
    return None
