"""Plans the named basic tenants as `ecs-saas fleet plan` does, which asks the registry for them.

python -m benchmarks.fleet_plans PARALLEL TENANT...
"""

import sys
from pathlib import Path

from services.cli.settings import Settings, Target
from services.provisioning.fleet.planning import plans_of
from services.provisioning.fleet.report import report_of
from services.provisioning.fleet.selection import Member
from services.tenancy import TenantDocument
from services.tenancy.operations import State

EMAIL = "admin@example.com"


def main(parallel: int, names: list[str]) -> int:
    """Return the exit code of the fleet's plans."""
    settings = Settings(Path("saas.tfvars"), Target.AWS)
    with settings.deployment(plain=True) as deployment:
        release = deployment.configuration.release
        members = [
            Member(
                TenantDocument.parse(
                    {
                        "tenant_id": name,
                        "tenant_name": name,
                        "tier": "basic",
                        "admin_email": EMAIL,
                        "release": release,
                    }
                ),
                release,
                State.ACTIVE,
            )
            for name in names
        ]
        report = report_of(plans_of(deployment, members, parallel))
    print(report.headline(), *(error for _, error in report.failed.values()), sep="\n")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
