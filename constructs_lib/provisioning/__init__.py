"""What carries out operations: a state machine, builds, and the rights that they need."""

from constructs_lib.provisioning.build_project import BuildProject
from constructs_lib.provisioning.pipeline import OperationMachine, OperationsDashboard
from constructs_lib.provisioning.rights import RIGHTS, Rights, required_statements
from constructs_lib.provisioning.state_machine import Retry, Task, operation_definition

__all__ = [
    "RIGHTS",
    "BuildProject",
    "OperationMachine",
    "OperationsDashboard",
    "Retry",
    "Rights",
    "Task",
    "operation_definition",
    "required_statements",
]
