"""The schemas of a bus's events, where those who consume them find them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cdktf_cdktf_provider_aws.schemas_registry import SchemasRegistry
from cdktf_cdktf_provider_aws.schemas_schema import SchemasSchema
from constructs import Construct

from constructs_lib.errors import ConfigError

_LONGEST: Final = 100_000
"""https://docs.aws.amazon.com/eventbridge/latest/schema-reference/v1-registries-name-registryname-schemas-name-schemaname.html"""


class SchemaRegistry(Construct):
    """A registry of EventBridge with JSON Schemas of draft 4; a change makes a new version.

    Parameters
    ----------
    name, description : str
    schemas : mapping of str to str
        By name, as JSON. The part of a name after its last `@` is unique, and the construct's id.

    Attributes
    ----------
    name, arn : str

    Raises
    ------
    ConfigError
        If a schema is longer than the registry takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        schemas: Mapping[str, str],
    ) -> None:
        problems = [
            f"schema {schema}: got {len(content)} characters; allowed {_LONGEST}"
            for schema, content in schemas.items()
            if len(content) > _LONGEST
        ]
        if problems:
            raise ConfigError(problems)
        super().__init__(scope, id_)
        registry = SchemasRegistry(self, "Resource", name=name, description=description)
        self.name: str = registry.name
        self.arn: str = registry.arn
        for schema, content in schemas.items():
            SchemasSchema(
                self,
                schema.rpartition("@")[2],
                name=schema,
                registry_name=self.name,
                type="JSONSchemaDraft4",
                content=content,
            )
