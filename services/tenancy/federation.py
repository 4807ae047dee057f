"""A silo tenant's own identity providers: who signs in its people besides its user pool."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.tenancy.problems import not_allowed, one_of
from services.tenancy.variables import (
    CREDENTIAL_ARN_PATTERN,
    FEDERATED_ATTRIBUTES,
    HTTPS_URL_PATTERN,
    PROVIDER_NAME_PATTERN,
    RESERVED_PROVIDER_NAMES,
)

_SAML_METADATA_LIMIT: Final = 131_072


class ProviderKind(StrEnum):
    """The protocol that an identity provider speaks."""

    OIDC = "oidc"
    SAML = "saml"


class IdentityProvider(BaseModel):
    """One identity provider of a tenant's user pool.

    Parameters
    ----------
    name : str
        As its users see it; unique in the tenant.
    kind : ProviderKind
    attribute_mapping : mapping of str to str, optional
        The pool's attribute and the provider's claim. Only `email` and `name` may be mapped:
        tenant, tier and role are never a provider's to say. By default, `email` and `name` of an
        OIDC provider and the e-mail address of a SAML provider.
    issuer, client_id : str, optional
        Of OIDC, both required.
    client_secret_arn : str, optional
        Of OIDC, required: the secret of Secrets Manager that holds the client's secret. Its name
        has the tenant's id as a path segment, so that no tenant can be given another's.
    metadata_url, metadata_xml : str, optional
        Of SAML, exactly one of both: where the provider's metadata is, or the metadata itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=PROVIDER_NAME_PATTERN,
        description="1 to 32 letters, digits and '-', first a letter",
    )
    kind: ProviderKind = Field(description=one_of(ProviderKind))
    attribute_mapping: Mapping[str, str] = Field(default_factory=dict)
    issuer: str | None = Field(default=None, validate_default=True)
    client_id: str | None = Field(default=None, validate_default=True)
    client_secret_arn: str | None = Field(default=None, validate_default=True)
    metadata_url: str | None = Field(default=None, validate_default=True)
    metadata_xml: str | None = Field(default=None, validate_default=True)

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, value: str) -> str:
        if value.lower() in RESERVED_PROVIDER_NAMES:
            raise not_allowed(f"any name but Cognito's own {one_of(RESERVED_PROVIDER_NAMES)}")
        return value

    @field_validator("attribute_mapping")
    @classmethod
    def _nothing_about_tenants(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if not value.keys() <= set(FEDERATED_ATTRIBUTES):
            raise not_allowed(
                f"only {one_of(FEDERATED_ATTRIBUTES)}: tenant, tier and role are never a "
                "provider's to say"
            )
        return value

    @field_validator("issuer", "client_id", "client_secret_arn")
    @classmethod
    def _of_oidc(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if kind is ProviderKind.SAML and value is not None:
            raise not_allowed("nothing: it belongs to oidc")
        if kind is not ProviderKind.OIDC:
            return value
        pattern, allowed = _OIDC[str(info.field_name)]
        if value is None or not re.match(pattern, value) or value.endswith("\n"):
            secret = value and info.field_name == "client_secret_arn"
            # Whoever gives the secret in place of its ARN must not find it in a log.
            raise not_allowed(allowed, "a text that is no ARN") if secret else not_allowed(allowed)
        return value

    @field_validator("metadata_url", "metadata_xml")
    @classmethod
    def _of_saml(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if kind is ProviderKind.OIDC and value is not None:
            raise not_allowed("nothing: it belongs to saml")
        if kind is not ProviderKind.SAML:
            return value
        if info.field_name == "metadata_url":
            if value is not None and not re.match(HTTPS_URL_PATTERN, value):
                raise not_allowed("an https URL")
            return value
        if "metadata_url" in info.data and (value is None) == (info.data["metadata_url"] is None):
            raise not_allowed("exactly one of metadata_url and metadata_xml")
        if value is not None and len(value) > _SAML_METADATA_LIMIT:
            raise not_allowed(
                f"{_SAML_METADATA_LIMIT} characters at most", f"{len(value)} characters"
            )
        return value


_OIDC: Final[Mapping[str, tuple[str, str]]] = {
    "issuer": (HTTPS_URL_PATTERN, "the provider's issuer, an https URL"),
    "client_id": (r"^\S{1,255}$", "the id that the provider gave the user pool as its client"),
    "client_secret_arn": (
        CREDENTIAL_ARN_PATTERN,
        "the ARN of a secret of Secrets Manager, and never the secret itself",
    ),
}
