"""What a root module is apart from the build that it comes from."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.synth.template import Template

# What differs with the code that is packaged and with the machine that packages it.
_BUILT = (
    (r"/[0-9a-f]{32}/code\.zip", "/DIGEST/code.zip"),
    (r'"python3\.\d+"', '"PYTHON"'),
    (r'"(x86_64|arm64)"', '"ARCHITECTURE"'),
)


def stable(template: Template) -> dict[str, Any]:
    """Return the root module without what differs from build to build."""
    text = json.dumps(template.document)
    for pattern, replacement in _BUILT:
        text = re.sub(pattern, replacement, text)
    document: dict[str, Any] = json.loads(text)
    return document
