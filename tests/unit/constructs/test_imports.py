"""Dependencies point one way: main, tiers, constructs_lib; services stay free of cdktf."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SYNTHESIS = ("cdktf", "constructs", "jsii", "cdktf_cdktf_provider_aws")

# Who may import what of ours. The longest name that matches counts, on both sides.
ALLOWED_EDGES = {
    "main": ("tiers", "constructs_lib", "services.configuration", "services.tenancy"),
    "tiers": (
        "constructs_lib",
        "services.configuration",
        # Pure data of the control plane: who may call what, the table's shape, names of events.
        "services.control_plane.metrics",
        "services.control_plane.routes",
        "services.events.names",
        "services.events.registered",
        "services.gateway.config",
        "services.gateway.upstream",
        "services.metering.names",
        "services.provisioner.rights",
        "services.registry.table",
        "services.tenancy",
        "tiers",
    ),
    "constructs_lib": ("constructs_lib",),
    "services": (
        "constructs_lib.hcl",
        "constructs_lib.naming",
        "services",
        "tiers.contracts",
        "tiers.policy",
        "tiers.tenant_variables",
    ),
    # An error of the HCL reader is an error of the configuration.
    "services.configuration": (
        "constructs_lib.errors",
        "constructs_lib.hcl",
        "constructs_lib.naming",
        "services.configuration",
        "services.gateway",
        "services.tenancy",
        "tiers.policy",
        "tiers.tenant_variables",
    ),
    "services.tenancy": ("services.tenancy", "tiers.policy", "tiers.tenant_variables"),
}
# Imported by what must start without cdktf.
PURE = (
    "constructs_lib",
    "constructs_lib.errors",
    "constructs_lib.hcl",
    "constructs_lib.hcl_interface",
    "constructs_lib.hcl_types",
    "constructs_lib.lazy_exports",
    "constructs_lib.lazy_provider",
    "constructs_lib.naming",
    "constructs_lib.network.addresses",
    "tiers",
    "tiers.contracts",
    "tiers.policy",
    "tiers.tenant_variables",
)
OURS = ("main", "tiers", "constructs_lib", "services")


def _sources() -> Iterator[tuple[str, Path]]:
    for root in OURS:
        files = [ROOT / f"{root}.py"] if root == "main" else sorted((ROOT / root).rglob("*.py"))
        for file in files:
            parts = file.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), file


SOURCES = {name: file for name, file in _sources() if file.is_file()}


def _imports(module: str, *, eager: bool = False) -> Iterator[tuple[str, int]]:
    """Yield what a module imports; `eager` leaves out functions and type checking."""
    tree = ast.parse(SOURCES[module].read_text())
    is_package = SOURCES[module].name == "__init__.py"
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if eager and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        ):
            continue
        pending.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")
            above = parents[: len(parents) - node.level + is_package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in SOURCES else base), node.lineno


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _allowed(module: str) -> tuple[str, ...]:
    rule = max((rule for rule in ALLOWED_EDGES if _within(module, rule)), key=len)
    return ALLOWED_EDGES[rule]


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_where_they_may(module: str) -> None:
    wrong = [
        f"{module}:{line} imports {name}"
        for name, line in _imports(module)
        if name.split(".")[0] in OURS
        and not any(_within(name, allowed) for allowed in _allowed(module))
    ]

    assert wrong == []


@pytest.mark.parametrize("module", [name for name in SOURCES if _within(name, "services")])
def test_services_never_load_the_synthesis(module: str) -> None:
    assert [name for name, _ in _imports(module) if name.split(".")[0] in SYNTHESIS] == []


@pytest.mark.parametrize("module", [name for name in PURE if name in SOURCES])
def test_pure_modules_import_pure_modules_only(module: str) -> None:
    wrong = [
        name
        for name, _ in _imports(module, eager=True)
        if name.split(".")[0] in SYNTHESIS or (name in SOURCES and name not in PURE)
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "module",
    [name for name, file in SOURCES.items() if name.startswith(("constructs_lib", "tiers"))],
)
def test_nested_blocks_are_typed_structs(module: str) -> None:
    """cdktf drops the snake_case keys of dict literals inside lists, without a word."""
    tree = ast.parse(SOURCES[module].read_text())
    wrong = [
        f"{module}:{element.lineno}: {keyword.arg}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _is_construct(call)
        for keyword in call.keywords
        if isinstance(keyword.value, ast.List | ast.ListComp)
        for element in _elements(keyword.value)
        if isinstance(element, ast.Dict)
    ]

    assert wrong == []


def _is_construct(call: ast.Call) -> bool:
    return (
        bool(call.args)
        and isinstance(call.args[0], ast.Name)
        and call.args[0].id
        in (
            "self",
            "scope",
            "stack",
        )
    )


def _elements(value: ast.List | ast.ListComp) -> list[ast.expr]:
    return value.elts if isinstance(value, ast.List) else [value.elt]


def test_the_package_exports_what_it_lists() -> None:
    import constructs_lib

    exported = set(constructs_lib.__all__)

    assert exported <= set(dir(constructs_lib))
    with pytest.raises(AttributeError):
        _ = constructs_lib.nothing
