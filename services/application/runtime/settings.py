"""A service's settings: the environment variables that its task definition sets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.application import ApplicationError
from services.storage.engine import Engine
from services.storage.registry import engines_at


class SettingsError(ApplicationError, ValueError):
    """The environment of a service is incomplete or wrong; the message names every problem."""


class Isolation(StrEnum):
    """Whether a service is shared by tenants or belongs to one.

    A `pool` service takes on a role for each tenant it serves; a `silo` service has one tenant,
    and its own role is that tenant's.
    """

    POOL = "pool"
    SILO = "silo"


_Text = Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """What a microservice is told.

    Attributes
    ----------
    tenant_id : str or None
        The only tenant of a silo service.
    place : mapping of str to str
        The whole environment, in which a storage engine finds where documents are.
    admin_only : bool
        Whether the service is for a tenant's administrators alone.
    tenant_role_arn : str or None
        The role that a pool service assumes with the session tag `TenantId`.
    products_url : str or None
        Where the products service is found, for those that ask it.
    metrics_namespace : str
        Where CloudWatch puts the service's metrics.
    bind_host : str
        Set by the local AWS alone, where many tasks share one machine.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service_name: Annotated[_Text, Field(alias="SERVICE_NAME")]
    port: Annotated[int, Field(alias="PORT", ge=1, le=65535)]
    tier: Annotated[_Text, Field(alias="TIER")]
    isolation: Annotated[Isolation, Field(alias="ISOLATION")]
    user_pool_id: Annotated[str, Field(alias="USER_POOL_ID", pattern=r"^[\w-]+_\w+$")]
    app_client_id: Annotated[_Text, Field(alias="APP_CLIENT_ID")]
    region: Annotated[_Text, Field(alias="AWS_REGION")]
    log_level: Annotated[str, Field(alias="LOG_LEVEL", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")] = (
        "INFO"
    )
    metrics_namespace: Annotated[_Text, Field(alias="METRICS_NAMESPACE")] = "Microservices"
    admin_only: Annotated[bool, Field(alias="ADMIN_ONLY")] = False
    place: Annotated[Mapping[str, str], Field(repr=False)] = {}
    products_url: Annotated[
        str | None, Field(alias="PRODUCTS_URL", pattern=r"^https?://[\w.-]+(:\d+)?$")
    ] = None
    tenant_id: Annotated[_Text | None, Field(alias="TENANT_ID")] = None
    tenant_role_arn: Annotated[
        str | None, Field(alias="TENANT_ROLE_ARN", pattern=r"^arn:[\w-]+:iam::\d{12}:role/.+$")
    ] = None
    bind_host: Annotated[_Text, Field(alias="BIND_HOST")] = "0.0.0.0"  # noqa: S104 - a container

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.isolation is Isolation.SILO and self.tenant_id is None:
            raise ValueError("TENANT_ID: got nothing; a silo service needs its tenant's id")
        named = engines_at(self.place)
        if len(named) > 1:
            first, *others = sorted(each.variable for each in named)
            raise ValueError(
                f"{', '.join(others)}: got {', '.join(self.place[each] for each in others)}; "
                f"allowed none with {first}: documents are kept in one place"
            )
        problems = [problem for each in named for problem in each.problems(self.place)]
        if self.isolation is Isolation.POOL and self.tenant_role_arn is None:
            problems += [
                f"TENANT_ROLE_ARN: got nothing; a pool service with {each.variable} needs the "
                "role it assumes for each tenant"
                for each in named
                if each.tenant_credentials
            ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def engine(self) -> Engine | None:
        """What keeps the service's documents, if it has any."""
        return next(iter(engines_at(self.place)), None)

    @property
    def issuer(self) -> str:
        """Who must have signed a token."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings; an empty variable counts as unset.

        Raises
        ------
        SettingsError
            With one line for each problem: variable, value, what is allowed.
        """
        try:
            given = {name: value for name, value in environment.items() if value}
            return cls.model_validate({**given, "place": given})
        except ValidationError as error:
            lines = []
            for problem in error.errors(include_url=False):
                name = str(problem["loc"][0]) if problem["loc"] else ""
                if not name:
                    lines.append(problem["msg"].removeprefix("Value error, "))
                elif problem["type"] == "missing":
                    lines.append(f"{name}: got nothing; it must be set")
                else:
                    lines.append(f"{name}: got {problem['input']!r}; {problem['msg']}")
            raise SettingsError("\n".join(lines)) from error
