"""The CLI of cdktf, as npm has it, on a local AWS with a checkout's configuration."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.provisioning.terraform.mirror import cli_config
from tests.emulator.authorization.roles import PROJECT, Account

HERE: Final = Path(__file__).parent
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class NotInstalledError(Exception):
    """npm is not there, or has not the packages."""


def install() -> Path:
    """Install what `package-lock.json` pins, once, and return the program."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError("npm is not on the PATH: it comes with Node 20 or newer")
    lock = HERE / "package-lock.json"
    kept = PROJECT / "build/cdktf-cli" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / "installation").open("a+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.seek(0)
        if not held.read():
            for name in ("package.json", lock.name):
                shutil.copy(HERE / name, kept / name)
            # Nothing is compiled: the packages have binaries with them.
            command = (npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            done = subprocess.run(command, cwd=kept, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotInstalledError(f"npm ci: {done.stderr.strip()[-600:]}")
            held.write("complete\n")
    return kept / "node_modules/.bin/cdktf"


@dataclass(frozen=True)
class Checkout:
    """An account, and beside its configuration what `cdktf` starts in a checkout."""

    account: Account
    program: Path

    @classmethod
    def create(cls, directory: Path, port: int, program: Path) -> Checkout:
        """Start a local AWS with a checkout of its own."""
        account = Account.create(directory, port, (PROJECT / "saas.tfvars").read_text())
        for name in ("main.py", "cdktf.json"):
            (directory / name).symlink_to(PROJECT / name)
        return cls(account, program)

    def cdktf(self, command: str, *arguments: str) -> str:
        """Run a command of the CLI and return what it says, without colours."""
        environment = {
            **self.account.environment(),
            "PATH": f"{Path(sys.executable).parent}:{self.account.environment()['PATH']}",
            "TF_CLI_CONFIG_FILE": str(cli_config(self.account.directory, environment=os.environ)),
            "CDKTF_HOME": str(self.account.directory / "home"),
            "CHECKPOINT_DISABLE": "1",
            "CI": "1",
        }
        # Or it asks the public registry for the provider's checksums.
        options = () if command == "synth" else ("--skip-provider-lock",)
        done = subprocess.run(
            [str(self.program), command, *arguments, *options],
            cwd=self.account.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        said = _COLOUR.sub("", done.stdout + done.stderr)
        assert done.returncode == 0, "\n".join(line[:300] for line in said.splitlines()[-60:])
        return said

    def root_modules(self) -> Iterator[str]:
        """Yield the names of the directories that synthesis writes."""
        for path in sorted((self.account.directory / "cdktf.out/stacks").iterdir()):
            if (path / "cdk.tf.json").is_file():
                yield path.name
