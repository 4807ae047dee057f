"""A service's settings: the environment variables that its task definition sets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.application import ApplicationError


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
    database_host : str or None
        Of the PostgreSQL server that documents are kept on, in place of a table; the other
        attributes name the service's database and user on it.
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
    table_name: Annotated[_Text | None, Field(alias="TABLE_NAME")] = None
    database_host: Annotated[_Text | None, Field(alias="DATABASE_HOST")] = None
    database_port: Annotated[int, Field(alias="DATABASE_PORT", ge=1, le=65535)] = 5432
    database_name: Annotated[str, Field(alias="DATABASE_NAME")] = ""
    database_user: Annotated[str, Field(alias="DATABASE_USER")] = ""
    database_ssl_mode: Annotated[
        str, Field(alias="DATABASE_SSLMODE", pattern=r"^(disable|verify-full)$")
    ] = "verify-full"
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
        if self.isolation is Isolation.POOL and self.tenant_role_arn is None and self.table_name:
            raise ValueError(
                "TENANT_ROLE_ARN: got nothing; a pool service with a table needs the role it "
                "assumes for each tenant"
            )
        if self.database_host and not (self.database_name and self.database_user):
            raise ValueError(
                "DATABASE_NAME, DATABASE_USER: got nothing; a service with a database needs both"
            )
        if self.database_host and self.table_name:
            raise ValueError(
                f"TABLE_NAME: got {self.table_name}; allowed none with DATABASE_HOST: documents "
                "are kept in one place"
            )
        return self

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
            return cls.model_validate({name: value for name, value in environment.items() if value})
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
