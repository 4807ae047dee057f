"""Typed values that one stack publishes and another reads.

A contract is a frozen dataclass. Publishing writes it as one JSON document to the SSM Parameter
Store; reading declares one data source and gives back the same dataclass with tokens in its
fields. The reader needs no rights on the state of the publisher.

Fields may be `str`, `int`, `list[str]`, `tuple[str, ...]` and `Mapping[str, str]`.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from cdktf import Fn, Token
from cdktf_cdktf_provider_aws.data_aws_ssm_parameter import DataAwsSsmParameter
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

from constructs_lib import naming
from constructs_lib.errors import ConfigError

__all__ = ["publish", "read"]

T = TypeVar("T")

# Each reads a token of the field's type out of the decoded document.
_READERS: dict[Any, Callable[[Any], Any]] = {
    str: Token.as_string,
    int: Token.as_number,
    list[str]: Token.as_list,
    tuple[str, ...]: lambda value: tuple(Token.as_list(value)),
    Mapping[str, str]: Token.as_string_map,
    typing.Mapping[str, str]: Token.as_string_map,
    dict[str, str]: Token.as_string_map,
}


def publish(scope: Construct, path: str, contract: Any) -> SsmParameter:
    """Write `contract` to the SSM parameter `path`.

    Parameters
    ----------
    scope : Construct
        The stack that owns the values. One contract is published in a scope.
    path : str
        Absolute name of the parameter, for example `/shop/dev/platform`.
    contract : dataclass instance
        Its fields may hold tokens. As a standard parameter it takes up to 4 KB of JSON.

    Returns
    -------
    SsmParameter

    Raises
    ------
    ConfigError
        If `contract` is no dataclass instance, a field has a type that a contract cannot hold,
        or `path` is no absolute parameter name.
    """
    if not dataclasses.is_dataclass(contract) or isinstance(contract, type):
        raise ConfigError(f"contract: got {contract!r}; allowed an instance of a dataclass")
    readers = _readers_of(type(contract))
    values = {name: _plain(getattr(contract, name)) for name in readers}
    return SsmParameter(
        scope,
        "contract",
        name=_checked(path),
        type="String",
        description=f"Published values: {type(contract).__name__}",
        # `value` is marked as sensitive, and so would be all that a reader derives from it.
        insecure_value=Fn.jsonencode(values),
    )


def read(scope: Construct, id_: str, path: str, contract_type: type[T]) -> T:
    """Declare the reading of the contract at `path`.

    Parameters
    ----------
    scope : Construct
    id_ : str
        Of the data source.
    path : str
        As it was published.
    contract_type : type
        The dataclass that was published.

    Returns
    -------
    contract_type
        With a token in each field.

    Raises
    ------
    ConfigError
        As `publish` does.
    """
    readers = _readers_of(contract_type)
    source = DataAwsSsmParameter(scope, id_, name=_checked(path))
    document = Fn.jsondecode(source.insecure_value)
    return contract_type(
        **{name: reader(Fn.lookup_nested(document, [name])) for name, reader in readers.items()}
    )


def _readers_of(contract_type: type[Any]) -> dict[str, Callable[[Any], Any]]:
    if not dataclasses.is_dataclass(contract_type):
        raise ConfigError(f"contract: got {contract_type!r}; allowed a dataclass")
    hints = typing.get_type_hints(contract_type)
    names = [each.name for each in dataclasses.fields(contract_type)]
    unsupported = [
        f"{contract_type.__name__}.{name}: got type {_shown(hints[name])}; "
        "allowed str, int, list[str], tuple[str, ...] and Mapping[str, str]"
        for name in names
        if hints[name] not in _READERS
    ]
    if unsupported:
        raise ConfigError(unsupported)
    return {name: _READERS[hints[name]] for name in names}


def _plain(value: Any) -> Any:
    """jsii passes lists and dicts, not tuples and other mappings."""
    if isinstance(value, tuple):
        return list(value)
    return dict(cast(Mapping[str, str], value)) if isinstance(value, Mapping) else value


def _checked(path: str) -> str:
    if not path.startswith("/"):
        raise ConfigError(f"contract path: got {path!r}; allowed an absolute parameter name")
    if "${" in path:
        # A tenant's variable names the contract, as that of its routing cell; only Terraform
        # knows the length.
        return path
    return naming.fit(naming.PARAMETER, path)


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)
