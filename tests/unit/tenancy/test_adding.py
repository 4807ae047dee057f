"""What it takes to add an operation or an event: done in a copy of the tree, and the files counted.

An operation is its row, its parameters if it has any, and its job: three files. An event is one
row, with its model: one file. JSON Schemas are generated; what is generated is not counted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.copies import ROOT, contents, copy_project

TABLE: Final = "services/tenancy/operations.py"
CATALOGUE: Final = "services/tenancy/events/catalogue.py"
JOBS: Final = "services/provisioning/jobs/operations.py"
TESTS: Final = "tests/unit/tenancy/test_operations.py"
JOB_TESTS: Final = "tests/unit/provisioning/test_job.py"
EVENT_TESTS: Final = "tests/unit/tenancy/events/test_events.py"
SCHEMA_TEST: Final = f"{EVENT_TESTS}::test_the_schema_files_are_what_the_models_say"
OPTIONS: Final = ("-q", "-p", "no:cacheprovider", "-c", os.devnull)

GENERATED_AND_TESTED: Final = """
import runpy
import pytest

runpy.run_module("services.tenancy.events.schema_files", run_name="__main__")
assert pytest.main({arguments!r}) == 0
"""

THROUGH_THE_SYSTEM: Final = """
import json
from datetime import UTC, datetime

import services
from services.control_plane.registry import FieldRefusedError, RegistrationRecord, TenantRecord
from services.control_plane.registry import changes, outbox, validation
from services.provisioning.jobs import job, starter
from services.provisioning.jobs.operations import Operations
from services.tenancy import Operation, OperationKind, OperationStatus, State, Tier
from services.tenancy.events import Event
from services.tenancy.events.catalogue import TenantRequest
from services.tenancy.operations import SPECS, failures, reported_by

assert services.__file__.startswith({root!r}), services.__file__
AT = datetime(2026, 1, 1, tzinfo=UTC)
kind = OperationKind("rotate")
tenant = TenantRecord("t1", "r1", "acme", Tier.BASIC, "a@b.io", State.SUSPENDED, "v1", AT, AT)
registration = RegistrationRecord("r1", "t1", {{}}, AT, AT)

parameters = validation.checked_parameters(tenant, kind, {{"secret": "signing"}})
try:
    validation.checked_parameters(tenant, kind, {{"tier": "premium"}})
    raise SystemExit("another kind's parameter was taken")
except FieldRefusedError as refused:
    assert str(refused) == "tier: rotate takes secret", refused
asked = Operation("o1", "t1", "r1", kind, OperationStatus.QUEUED, "ann", AT, parameters=parameters)
begun = changes.beginning(tenant, registration, asked)
assert begun.tenant.status is State.UPDATING

entry = outbox.request_event(begun, begun.begun[0], "e1").entry("bus")
envelope = {{"detail-type": entry["DetailType"], "source": entry["Source"]}}
envelope["detail"] = json.loads(entry["Detail"])
given = starter.execution_input(envelope, failures())
assert given["failureDetailType"] == SPECS[kind].events.failure.detail_type

request = Event.parse(json.loads(given["operation"])).narrowed(TenantRequest)


class WithoutDeployment(Operations):
    def __init__(self):
        pass


answer = job.carry_out(request, WithoutDeployment())
told = answer.detail.job_output.tenant_registration_data
assert told == {{"rotated": "signing"}}, answer.document
assert kind in reported_by(answer.name)
ended = changes.ending(begun.tenant, registration, begun.begun[0], at=AT, registration_data=told)
assert ended.tenant.status is State.SUSPENDED
assert ended.registration.data["rotated"] == "signing"
"""

OF_THE_EVENT: Final = """
import services
from services.tenancy.events import Event, EventName, InvalidDetailError, Source
from services.tenancy.events.registered import registered_name, registered_schema

assert services.__file__.startswith({root!r}), services.__file__
name = EventName("tenantRenamed")
assert name.source is Source.CONTROL_PLANE
assert registered_name(name) == "sbt.control.plane@sbt_aws_tenantRenamed"
detail = registered_schema(name)["definitions"]["Detail"]
assert "newName" in detail["required"], detail
envelope = {{"id": "b1", "source": name.source, "detail-type": name.detail_type}}
event = Event.parse({{**envelope, "detail": {{"newName": "ajax", "more": 1}}}})
assert (event.detail.new_name, event.document["more"], event.event_id) == ("ajax", 1, "b1")
try:
    Event.of(name, {{}})
    raise SystemExit("it has no newName and is an event")
except InvalidDetailError as refused:
    assert "newName" in str(refused)
"""


class Copy:
    """The code and some of its tests, to be edited; it remembers what was."""

    def __init__(self, root: Path) -> None:
        self.root = root
        copy_project(["services"], root)
        for test in (TESTS, JOB_TESTS, EVENT_TESTS):
            for folder in Path(test).parents:
                (root / folder).mkdir(parents=True, exist_ok=True)
                (root / folder / "__init__.py").touch()
            shutil.copy(ROOT / test, root / test)
        (root / "__init__.py").unlink()
        self._before = contents(self.root, "services")

    def edit(self, file: str, *changes: tuple[str, str]) -> None:
        """Put each text in front of the one place that it belongs to."""
        path = self.root / file
        text = path.read_text()
        for before, added in changes:
            assert text.count(before) == 1, f"{file}: {text.count(before)} times {before!r}"
            text = text.replace(before, added + before)
        path.write_text(text)

    def edited(self) -> set[str]:
        """Return which files are other ones, or new; the generated schemas are not counted."""
        now = contents(self.root, "services")
        changed = {name for name, content in now.items() if self._before.get(name) != content}
        assert not self._before.keys() - now.keys()
        return {name for name in changed if "/schemas/" not in name}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy, which comes first on the path."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they take longer than these tests
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test(self, *tests: str) -> str:
        """Run tests in the copy; return what they say."""
        return self.run("-m", "pytest", *OPTIONS, *tests).stdout

    def complete(self, tests: list[str], shown: str) -> None:
        """Generate the schemas, run tests and then `shown`, and fail with what fails."""
        generated = GENERATED_AND_TESTED.format(arguments=[*OPTIONS, *tests])
        done = self.run("-c", generated + shown.format(root=str(self.root)))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_an_operation_is_three_files(copy: Copy) -> None:
    copy.edit(
        TABLE,
        ('    OFFBOARD = "offboard"\n', '    ROTATE = "rotate"\n'),
        (
            "    # These two hold the tenant where it is:",
            """    OperationSpec(
        OperationKind.ROTATE,
        origins=_SETTLED,
        running=State.UPDATING,
        done=None,
        events=CHANGE,
        parameters=frozenset({"secret"}),
    ),
""",
        ),
    )
    # Half of it is noticed: the table names a parameter that no request carries, and no job.
    found = copy.test(TESTS, JOB_TESTS)
    assert "test_its_request_can_say_what_it_asks_for[rotate]" in found
    assert "test_every_kind_has_a_job_of_its_own" in found
    assert "2 failed" in found

    copy.edit(
        CATALOGUE,
        (
            '    release: str | None = Field(default=None, description="update:',
            '    secret: str | None = Field(default=None, description="rotate: which one")\n',
        ),
    )
    copy.edit(
        JOBS,
        (
            "            case OperationKind.OFFBOARD:\n",
            "            case OperationKind.ROTATE:\n                job = self._rotate\n",
        ),
        (
            "    def _offboard(self, request: TenantRequest) -> Done:\n",
            """    def _rotate(self, request: TenantRequest) -> Done:
        return Done({}, {"rotated": str(parameters_of(request).secret)})

""",
        ),
    )
    copy.complete([TESTS, JOB_TESTS, SCHEMA_TEST], THROUGH_THE_SYSTEM)
    assert copy.edited() == {TABLE, CATALOGUE, JOBS}


def test_an_event_is_one_file(copy: Copy) -> None:
    copy.edit(
        CATALOGUE,
        (
            "class Metric(_OnTheWire):",
            'class TenantRenamed(Detail):\n    """A tenant has another name."""\n\n'
            "    new_name: str\n\n\n",
        ),
        (
            '    BILLING_SUCCESS = "billingSuccess"',
            '    TENANT_RENAMED = "tenantRenamed", _CONTROL, TenantRenamed\n',
        ),
    )
    stale = "run: python -m services.tenancy.events.schema_files"
    assert stale in copy.test(SCHEMA_TEST)
    copy.complete([TESTS, SCHEMA_TEST], OF_THE_EVENT)
    assert (copy.root / "services/tenancy/events/schemas/tenantRenamed.json").exists()
    assert copy.edited() == {CATALOGUE}
