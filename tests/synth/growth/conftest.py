"""A copy of the project to which one of each is added, by editing its files; synthesised once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.synth.growth.tree import Tree
from tests.synth.sample import CONFIGURATION
from tests.synth.template import Template

_ROUTE = '    GREETING = _read("/tenants/{id}/greeting")\n'
_ENDPOINT = '''

class Greeting(responses.Shown):
    """What a tenant is greeted with."""

    said_to: str


@endpoint(Routes.GREETING, responses.one(Greeting, 404))
def greeting(tenant_id: Id) -> _Answer:
    """Greet a tenant."""
    return views.data({"saidTo": current().registry.tenant(tenant_id).name})
'''
_TIER = """    PLUS = (
        "plus",
        TierPolicy(
            number=3,
            sharing=Sharing.CLUSTER,
            throttle=Throttle(rate=50, burst=60, quota_per_day=4_000),
            max_tasks_per_service=20,
            ec2=Ec2Sizing("m6i.xlarge", min=3, max=30),
            compute=Compute.EC2,
        ),
    )

"""
_WATCH = """    Watch(GREETINGS, "Somebody asks too often whether it runs", highest=100, periods=3),
"""
_MEASURED = """    metrics.measured(metrics.GREETINGS, 1)
"""
_SERVICE = "services/application/reviews"
_APPLICATION = '''"""The HTTP API of reviews."""

from fastapi import APIRouter, FastAPI

from services.application.runtime import CurrentTenant, Settings, create_app

router = APIRouter(prefix="/reviews", tags=["reviews"])


@router.get("")
def reviews(tenant: CurrentTenant) -> dict[str, list[str]]:
    """List reviews."""
    return {"data": [f"{tenant.id} is good"]}


def create_reviews_app(settings: Settings) -> FastAPI:
    """Return the service."""
    return create_app(settings, [router])
'''
_MAIN = '''"""Runs the service."""

from services.application.reviews.application import create_reviews_app
from services.application.runtime import serve

serve(create_reviews_app)
'''
_BLOCK = """  reviews = {
    path    = "/reviews"
    storage = { sort_key = "reviewId" }
  }
"""


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The copy, with a route, a tier, an alarm and a microservice more."""
    tree = Tree(tmp_path_factory.mktemp("grown"))
    with tree.adding("route"):
        tree.insert(
            "services/contracts/http_routes.py", before="    OPERATIONS = _read(", text=_ROUTE
        )
        tree.append("services/control_plane/http/endpoints/tenants.py", _ENDPOINT)
    with tree.adding("tier"):
        tree.insert(
            "services/tenancy/tier.py", before="    @property\n    def silo(self)", text=_TIER
        )
    with tree.adding("alarm"):
        metrics = "services/contracts/metrics.py"
        tree.insert(metrics, before="OUTBOX_RESENT: Final", text='GREETINGS: Final = "Greetings"\n')
        tree.insert(metrics, before="    Watch(\n        SWEEP_PROBLEMS", text=_WATCH)
        health = "services/control_plane/http/endpoints/health.py"
        tree.insert(
            health,
            before="from services.contracts.http_routes",
            text="from services.contracts import metrics\n",
        )
        tree.insert(health, before='    return {"status"', text=_MEASURED)
    with tree.adding("microservice"):
        tree.insert("saas.tfvars", before="  products = {\n", text=_BLOCK)
        tree.write(f"{_SERVICE}/__init__.py", '"""Reviews."""\n')
        tree.write(f"{_SERVICE}/__main__.py", _MAIN)
        tree.write(f"{_SERVICE}/application.py", _APPLICATION)
    return tree


@pytest.fixture(scope="session")
def stacks(grown: Tree, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The root modules that the copy's own `main.py` writes."""
    outdir = tmp_path_factory.mktemp("grown-stacks")
    configuration = outdir / "saas.tfvars"
    configuration.write_text(CONFIGURATION.replace("services = {\n", f"services = {{\n{_BLOCK}"))
    grown.run(
        f"import main\nassert main.main([{str(configuration)!r}]) == 0", CDKTF_OUTDIR=str(outdir)
    )
    written = (each for each in (outdir / "stacks").iterdir() if each.is_dir())
    return {each.name: Template.read(each) for each in written}


@pytest.fixture(scope="session")
def home() -> Path:
    """Where a new microservice lives."""
    return Path(_SERVICE)
