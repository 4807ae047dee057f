"""What a root module names by a reference is a reference, and not the text of one."""

from __future__ import annotations

import json
import re

import pytest

from tests.synth.conftest import Templates
from tests.synth.template import Template

#: Of Terraform's own names; `$${aws:...}` is a variable of an IAM policy, which AWS resolves.
ESCAPED = re.compile(r"\$\$\{\s*(?:var|local|data|module|each|count|self|path|terraform|aws_\w+)\b")


@pytest.fixture(params=["templates", "ec2_templates"])
def made(request: pytest.FixtureRequest) -> list[Template]:
    found: Templates = request.getfixturevalue(request.param)
    return list(found.values())


def test_no_reference_is_escaped(made: list[Template]) -> None:
    """A function of cdktf escapes what its arguments refer to: all tenants then had one value."""
    for template in made:
        assert not ESCAPED.findall(json.dumps(template.document)), template.name
