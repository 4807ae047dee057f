"""A further routing cell, made before the last one is full: one workspace for each cell."""

from __future__ import annotations

import json
from typing import Final

from cdktf import TerraformVariable, TerraformVariableValidationConfig
from constructs import Construct

from constructs_lib import SaasStack
from constructs_lib.compute import Names
from constructs_lib.contract import read
from constructs_lib.edge import AuthorizerRef
from constructs_lib.naming import Evaluated
from constructs_lib.routing import RoutingCell
from services.configuration import Configuration
from services.contracts.stacks import FIRST_CELL, ROUTING_CELL, PlatformContract
from tiers.deployment import platform_path, stack_settings
from tiers.edge import CellEdge
from tiers.workload import network_of

CELL: Final = "${var.cell}"
# The first cell is the platform's own.
_PATTERN: Final = "^cell-([2-9]|[1-9][0-9]{1,3})$"
_LONGEST: Final = len("cell-9999")


class RoutingCellModule(SaasStack):
    """The root module of the cells after the first: load balancers, VPC link and API of one cell.

    The variable `cell` must name the selected workspace. Tenants find the cell by its contract.

    Parameters
    ----------
    configuration : Configuration
        The deployment.
    """

    def __init__(self, scope: Construct, *, configuration: Configuration) -> None:
        super().__init__(
            scope,
            ROUTING_CELL,
            settings=stack_settings(configuration),
            addressed=True,
            tags={"Cell": CELL},
        )
        TerraformVariable(
            self,
            "cell",
            type="string",
            nullable=False,
            description="Id of the cell; the Terraform workspace has the same name.",
            validation=[
                TerraformVariableValidationConfig(
                    condition=f"${{can(regex({json.dumps(_PATTERN)}, var.cell))}}",
                    error_message=(
                        f"cell must be cell-2 to cell-9999; {FIRST_CELL} is part of the platform."
                    ),
                ),
                TerraformVariableValidationConfig(
                    condition="${var.cell == terraform.workspace}",
                    error_message=(
                        "The values are those of ${var.cell}, but the selected workspace is "
                        "${terraform.workspace}. Select the cell's workspace first."
                    ),
                ),
            ],
        )
        platform = read(self, "platform", platform_path(configuration), PlatformContract)
        cell = RoutingCell(
            self,
            "cell-resources",
            network=network_of(platform),
            name=Names((configuration.prefix, Evaluated(CELL, _LONGEST))),
            capacity=configuration.routing.cell_capacity,
            access_log_bucket=platform.access_log_bucket,
            deletion_protection=configuration.deletion_protection,
        )
        CellEdge(
            self,
            "edge",
            configuration=configuration,
            cell_id=CELL,
            name=f"{configuration.prefix}-{CELL}",
            cell=cell,
            authorizer=AuthorizerRef(platform.authorizer_name, platform.authorizer_invoke_arn),
        )
