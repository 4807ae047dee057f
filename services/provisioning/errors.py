"""What can go wrong in the provisioner.

::

    ProvisionerError                exit code 1: the operation was tried and failed
    ├── TerraformFailedError        Terraform reported errors; state holds what was done
    ├── GuardRefusalError           the plan would delete data outside an offboarding
    ├── StateLockedError            another run holds the state lock
    ├── InterruptedRunError         stopped by a signal; the same command resumes
    ├── LeftoverResourcesError      an offboarded tenant still owns resources
    ├── SiteBuildError              a console's site could not be built
    └── PreconditionError           exit code 2: wrong input or environment, nothing was tried
        ├── TerraformMissingError
        ├── ModuleMissingError      the root module was not synthesised
        ├── CapacityError           one more tenant would exceed a quota of the account
        ├── AwsAccessError          no credentials, or an endpoint that does not answer
        ├── SiteMissingError        a console's site is not applied or built, or has no such release
        ├── StateBackendMissingError
        ├── ForeignBucketError      a name of ours is another account's bucket
        ├── PlanUnreadableError     a file that is no plan, or of a Terraform that nobody knows
        ├── WaiverError             a waiver without a reason, or of a policy that is not there
        ├── StateUnusableError      a state object that is broken, or another tenant's
        └── WrongWorkspaceError     one tenant's values for another tenant's workspace
"""

from __future__ import annotations


class ProvisionerError(Exception):
    """An operation failed; the message says what happened and what to do."""

    exit_code = 1


class GuardRefusalError(ProvisionerError):
    """The plan deletes or replaces what holds data."""


class StateLockedError(ProvisionerError):
    """Someone else's run holds the lock of this state."""


class InterruptedRunError(ProvisionerError):
    """A signal stopped the run after Terraform had saved its state."""


class LeftoverResourcesError(ProvisionerError):
    """Resources are still tagged with the tenant after its modules were destroyed."""


class PreconditionError(ProvisionerError):
    """The operation cannot start; nothing was created or changed."""

    exit_code = 2


class TerraformMissingError(PreconditionError):
    """There is no Terraform CLI, or one that is too old."""


class ModuleMissingError(PreconditionError):
    """A root module is not where synthesis writes it."""


class CapacityError(PreconditionError):
    """A tenant does not fit into what AWS lets the account have."""


class AwsAccessError(PreconditionError):
    """AWS cannot be called: credentials or endpoint."""


class StateBackendMissingError(PreconditionError):
    """The bucket of the Terraform state does not exist."""


class ForeignBucketError(PreconditionError):
    """A bucket of a name that is ours by the configuration is not of our account."""


class StateUnusableError(PreconditionError):
    """A state object is no state, or not of the workspace whose it is by its key."""


class WrongWorkspaceError(PreconditionError):
    """One tenant's values would be applied in another tenant's workspace."""


class PlanUnreadableError(PreconditionError):
    """What is to be reviewed is no plan."""


class WaiverError(PreconditionError):
    """A waiver has no reason, or names a policy that does not exist."""
