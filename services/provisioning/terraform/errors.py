"""What Terraform itself reports; the tree is in `services.provisioning.errors`."""

from __future__ import annotations

from collections.abc import Sequence

from services.provisioning.errors import ProvisionerError
from services.provisioning.terraform.log import Diagnostic


class TerraformFailedError(ProvisionerError):
    """Terraform ended with errors. What it had done is in the state: the same command resumes."""

    def __init__(self, what: str, diagnostics: Sequence[Diagnostic], text: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        lines = [f"  {diagnostic}" for diagnostic in self.diagnostics]
        if not lines and text:
            lines = [f"  {line}" for line in text.strip().splitlines()[-12:]]
        super().__init__("\n".join([f"{what} failed", *lines]))
