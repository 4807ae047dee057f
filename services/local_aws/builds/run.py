"""One build: its phases, one after the other, in processes of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import selectors
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import get_region

from services.local_aws.builds.buildspec import (
    BuildspecError,
    Phase,
    Variable,
    parse,
    script,
    variables,
)
from services.local_aws.builds.log import BuildLog
from services.local_aws.errors import LocalAwsError
from services.local_aws.images.curated import PREFIX, curated
from services.local_aws.images.errors import ImageNotFoundError
from services.local_aws.images.image import Image
from services.local_aws.images.pulling import Registry
from services.local_aws.images.store import ImageStore
from services.local_aws.service_roles import client, endpoint

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
#: What a test may shorten by the server's own environment: nobody else has a use for it.
_SHORTENED = ("ECS_SAAS_REFUSAL_SECONDS",)


class BuildInterruptedError(LocalAwsError):
    """The build was stopped or ran out of time."""


class _PhaseFailedError(LocalAwsError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Run:
    """One build that runs.

    Parameters
    ----------
    build : dict
        The record that BatchGetBuilds answers with; kept up to date.
    credentials : dict
        The service role's.
    """

    def __init__(
        self,
        build: dict[str, Any],
        project: dict[str, Any],
        request: dict[str, Any],
        credentials: dict[str, str],
    ) -> None:
        self.build = build
        self.interruption: str | None = None
        self._project = project
        self._overrides = request.get("environmentVariablesOverride", [])
        self._credentials = credentials
        self._region = get_region()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        uuid = build["id"].rpartition(":")[2]
        self._home = Path(os.environ["STATE_DIR"]).parent
        self._directory = self._home / "builds" / uuid
        self._source = self._directory / "src"
        self._own_home = self._directory / "home"
        self._image = Image("", self._directory / "no-image")
        self._log: BuildLog | None = None

    def interrupt(self, status: str) -> None:
        """End the build with a status of its own: STOPPED or TIMED_OUT."""
        with self._lock:
            if self.interruption is None:
                self.interruption = status
            if self._process is not None:
                self._process.terminate()

    def execute(self) -> None:
        """Run everything after the queue."""
        steps = ("PROVISIONING", self._provision), ("DOWNLOAD_SOURCE", self._prepare)
        for name, step in steps:
            self.begin(name)
            try:
                step()
            except _PhaseFailedError as error:
                self.fail(error.code, str(error))
                self.finish("FAILED")
                return
        succeeded = self._run_phases()
        if succeeded:
            self.begin("UPLOAD_ARTIFACTS")
        self.finish("SUCCEEDED" if succeeded else "FAILED")

    def begin(self, phase: str) -> None:
        """Enter a phase; the one before has succeeded unless it says otherwise."""
        if self.interruption is not None:
            raise BuildInterruptedError
        now = time.time()
        self._end_phase("SUCCEEDED", now)
        self.build["phases"].append({"phaseType": phase, "startTime": now})
        self.build["currentPhase"] = phase
        if self._log is not None:
            self._log.write(f"[Container] Entering phase {phase}")

    def fail(self, code: str, message: str) -> None:
        """Say that the current phase failed, and why."""
        self._end_phase("FAILED", time.time(), [{"statusCode": code, "message": message}])
        if self._log is not None:
            self._log.write(f"[Container] Phase context status code: {code} Message: {message}")

    def finish(self, status: str) -> None:
        """Record the end of the build."""
        now = time.time()
        self._end_phase("SUCCEEDED" if status in ("SUCCEEDED", "FAILED") else status, now)
        self.build["phases"] += [
            {
                "phaseType": "FINALIZING",
                "phaseStatus": "SUCCEEDED",
                "startTime": now,
                "endTime": now,
                "durationInSeconds": 0,
            },
            {"phaseType": "COMPLETED", "startTime": now},
        ]
        if self._log is not None:
            self._log.write(f"[Container] Build {status}")
            self._log.flush()
        # The status comes last: whoever polls for it finds everything else in place.
        self.build.update(endTime=now, currentPhase="COMPLETED", buildComplete=True)
        self.build["buildStatus"] = status

    def clean(self) -> None:
        """Remove what the build left on disk."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _end_phase(
        self, status: str, now: float, contexts: list[dict[str, str]] | None = None
    ) -> None:
        if self.build["phases"] and "endTime" not in (phase := self.build["phases"][-1]):
            phase.update(
                phaseStatus=status,
                endTime=now,
                durationInSeconds=int(now - phase["startTime"]),
                contexts=contexts or [],
            )

    def _client(self, service: str) -> Any:
        return client(service, self._credentials, self._region)

    def _provision(self) -> None:
        self._source.mkdir(parents=True)
        self._own_home.mkdir()
        self._image = self._pull(str(self.build["environment"].get("image", "")))
        logs = self.build["logs"]
        if logs["cloudWatchLogs"]["status"] == "DISABLED":
            return
        log = BuildLog(self._client("logs"), logs["groupName"], logs["streamName"])
        try:
            log.open()
        except ClientError as error:
            raise _PhaseFailedError(
                "ACCESS_DENIED",
                "Service role does not allow AWS CodeBuild to create Amazon CloudWatch Logs log"
                f" streams for the build: {error}",
            ) from error
        self._log = log

    @property
    def _scratch(self) -> Path:
        """What the image calls /tmp: one for all builds of an image, and there for the next one.

        On AWS it is empty each time. Here Terraform would take seconds of every build, on a laptop
        that does the work of all of AWS, to look at 700 MB of provider again.
        """
        digest = self._image.digest.removeprefix("sha256:")[:24] or "machine"
        place = self._home / "builds" / "tmp" / digest
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _pull(self, reference: str) -> Image:
        """Return the project's image, or fail the phase as CodeBuild does."""
        store = ImageStore(self._home)
        if reference.startswith(PREFIX):
            return curated(store)
        try:
            return Registry(store).pull(reference).image
        except ImageNotFoundError as error:
            raise _PhaseFailedError(
                "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                f"Unable to pull customer's container image. CannotPullContainerError: {error}",
            ) from error

    def _prepare(self) -> None:
        try:
            self._download()
            self._buildspec = parse(self._buildspec_text())
            project = self._project.get("environment", {}).get("environmentVariables", [])
            self._values = {
                name: self._value(variable)
                for name, variable in variables(self._buildspec, project, self._overrides).items()
            }
        except BuildspecError as error:
            raise _PhaseFailedError("YAML_FILE_ERROR", str(error)) from error
        except (ClientError, BotoCoreError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise _PhaseFailedError("CLIENT_ERROR", str(error)) from error

    def _download(self) -> None:
        source = self.build["source"]
        kind = source.get("type", "NO_SOURCE")
        if kind == "NO_SOURCE":
            return
        if kind != "S3":
            raise ValueError(f"source type {kind} does not run here; allowed: NO_SOURCE, S3")
        bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
        body = self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for entry in archive.infolist():
                path = Path(archive.extract(entry, self._source))
                if (mode := entry.external_attr >> 16 & 0o777) and not entry.is_dir():
                    path.chmod(mode)

    def _buildspec_text(self) -> str:
        given = str(self.build["source"].get("buildspec") or "buildspec.yml")
        if "\n" in given or given.lstrip().startswith("{"):
            return given
        try:
            return Path(self._source, given).read_text()
        except OSError as error:
            raise BuildspecError(f"YAML_FILE_ERROR: {given}: {error.strerror}") from error

    def _value(self, variable: Variable) -> str:
        if variable.type == "PARAMETER_STORE":
            found = self._client("ssm").get_parameter(Name=variable.value, WithDecryption=True)
            return str(found["Parameter"]["Value"])
        if variable.type == "SECRETS_MANAGER":
            return self._secret(variable.value)
        return variable.value

    def _secret(self, reference: str) -> str:
        """Read `secret[:json key[:version stage[:version id]]]`; an ARN may stand for the name."""
        head, separator, rest = "", "", reference
        if reference.startswith("arn:"):
            parts = reference.split(":")
            head, separator, rest = ":".join(parts[:6]), ":", ":".join(parts[6:])
        name, key, stage, version, *_ = [*rest.split(":"), "", "", ""]
        wanted = {"VersionStage": stage, "VersionId": version}
        text = self._client("secretsmanager").get_secret_value(
            SecretId=f"{head}{separator}{name}", **{k: v for k, v in wanted.items() if v}
        )["SecretString"]
        return str(json.loads(text)[key]) if key else str(text)

    def _environment(self) -> dict[str, str]:
        build = self.build
        shortened = {name: os.environ[name] for name in _SHORTENED if name in os.environ}
        return {
            "HOME": str(self._own_home),
            **self._image.variables(self._scratch),
            **shortened,
            "CI": "true",
            "CODEBUILD_BUILD_ARN": build["arn"],
            "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_BUILD_IMAGE": build["environment"].get("image", ""),
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_BUILD_SUCCEEDING": "1",
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_LOG_PATH": build["logs"]["streamName"],
            "CODEBUILD_SRC_DIR": str(self._source),
            "CODEBUILD_START_TIME": str(int(build["startTime"] * 1000)),
            "CODEBUILD_BUILD_URL": build["logs"]["deepLink"],
            **self._values,
            **self._credentials,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_ENDPOINT_URL": endpoint(),
            # The build is its service role and nobody whom this machine has a profile for.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _run_phases(self) -> bool:
        environment = self._environment()
        succeeded = True
        for phase in self._buildspec.phases:
            if not succeeded and phase.name != "post_build":
                break
            self.begin(phase.type)
            if not (phase.commands or phase.after):
                continue
            code, failed, environment = self._run_phase(phase, environment)
            if self.interruption is not None:
                raise BuildInterruptedError
            if code != 0:
                self.fail(
                    "COMMAND_EXECUTION_ERROR",
                    f"Error while executing command: {failed}. Reason: exit status {code}",
                )
                if not phase.ignore_failure:
                    succeeded = False
                    environment["CODEBUILD_BUILD_SUCCEEDING"] = "0"
                    if phase.name != "build":
                        break
        self.build["exportedEnvironmentVariables"] = [
            {"name": name, "value": environment[name]}
            for name in self._buildspec.exported
            if name in environment
        ]
        return succeeded

    def _run_phase(
        self, phase: Phase, environment: dict[str, str]
    ) -> tuple[int, str, dict[str, str]]:
        left, failed = self._directory / "environment", self._directory / "failed"
        left.unlink(missing_ok=True)
        failed.write_text("")
        own = {"BUILD_LEFT": str(left), "BUILD_FAILED": str(failed)}
        directory = environment.get("PWD", str(self._source))
        with self._lock:
            if self.interruption is not None:
                raise BuildInterruptedError
            self._process = subprocess.Popen(
                # Without site packages and user settings: this starts in 15 ms.
                [
                    *(sys.executable, "-S", "-E", str(_SUPERVISOR)),
                    *(self._buildspec.shell, "-c", script(phase)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=directory if Path(directory).is_dir() else self._source,
                env={**environment, **own, "BUILD_PARENT": str(os.getpid())},
                start_new_session=True,
            )
        self._follow(self._process)
        code = self._process.wait()
        with self._lock:
            self._process = None
        after = dict(environment)
        with contextlib.suppress(OSError):
            entries = left.read_bytes().decode(errors="replace").split("\0")
            after = dict(entry.split("=", 1) for entry in entries if "=" in entry)
            for name in own:
                after.pop(name, None)
        return code, failed.read_text(), after

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Put what the phase prints into the log, a few times a second."""
        output = process.stdout
        if output is None:
            return
        rest = b""
        with selectors.DefaultSelector() as selector, output:
            selector.register(output, selectors.EVENT_READ)
            while True:
                if not selector.select(0.25):
                    if self._log is not None:
                        self._log.flush()
                    continue
                data = os.read(output.fileno(), 1 << 16)
                *lines, rest = (rest + data).split(b"\n") if data else ([rest, b""])
                if self._log is not None:
                    for line in lines:
                        self._log.write(line.decode(errors="replace"))
                if not data:
                    break
        if self._log is not None:
            self._log.flush()
