"""CodeBuild: projects as the provider knows them, builds that run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import codebuild

from services.local_aws.builds import builds
from services.local_aws.patches.registry import patch, replace

Handler = Callable[[dict[str, Any]], Any]

#: What a project has beside the fields that stock keeps, with the defaults of AWS.
_FIELDS: dict[str, Any] = {
    "queuedTimeoutInMinutes": 480,
    "logsConfig": None,
    "cache": {"type": "NO_CACHE"},
    "vpcConfig": None,
    "concurrentBuildLimit": None,
    "secondarySources": None,
    "secondaryArtifacts": None,
    "secondarySourceVersions": None,
    "fileSystemLocations": None,
    "buildBatchConfig": None,
    "projectVisibility": "PRIVATE",
    "autoRetryLimit": None,
}


@patch
def project_fields() -> None:
    """A project keeps all its fields, and its environment and source get their defaults.

    Stock drops `queuedTimeoutInMinutes`, `logsConfig` and others: the second plan wants to set
    them.
    """

    def keep(data: dict[str, Any], project: dict[str, Any] | None) -> None:
        if project is None:
            return
        for name, default in _FIELDS.items():
            if name in data:
                project[name] = data[name]
            elif default is not None:
                project.setdefault(name, copy.deepcopy(default))
        environment = project["environment"]
        environment.setdefault("privilegedMode", False)
        environment.setdefault("imagePullCredentialsType", "CODEBUILD")
        for variable in environment.setdefault("environmentVariables", []):
            variable.setdefault("type", "PLAINTEXT")

    def make(original: Handler) -> Handler:
        def write(data: dict[str, Any]) -> Any:
            answer = original(data)
            if answer[0] != 200:
                return answer
            project = codebuild._projects[data["name"]]
            keep(data, project)
            return json_response({"project": codebuild._project_shape(project)})

        return write

    def make_shape(original: Handler) -> Handler:
        def shape(project: dict[str, Any]) -> Any:
            kept = {name: project[name] for name in _FIELDS if project.get(name) is not None}
            return {**original(project), **copy.deepcopy(kept)}

        return shape

    replace(codebuild, "_project_shape", make_shape)
    replace(codebuild, "_create_project", make)
    replace(codebuild, "_update_project", make)


@patch
def projects_by_arn() -> None:
    """A project is deleted and changed by its ARN as well.

    Stock knows the name only, and the provider deletes by ARN: a destroy fails.
    """

    def make(original: Handler) -> Handler:
        def handle(data: dict[str, Any]) -> Any:
            given = data.get("name", "")
            return original(
                {**data, "name": codebuild._project_name_from_identifier(given) or given}
            )

        return handle

    replace(codebuild, "_delete_project", make)
    replace(codebuild, "_update_project", make)


@patch
def builds_run() -> None:
    """A build runs its buildspec, under the project's service role.

    Stock says SUCCEEDED at once and forgets the variables of the call.
    """

    def make_start(_original: Handler) -> Handler:
        def start(data: dict[str, Any]) -> Any:
            given = data.get("projectName", "")
            name = codebuild._project_name_from_identifier(given) or given
            project = codebuild._projects.get(name)
            if project is None:
                return error_response_json(
                    "ResourceNotFoundException", f"Project cannot be found: {given}", 400
                )
            try:
                build = builds.start(copy.deepcopy(project), data)
            except builds.RefusedError as error:
                return error_response_json("InvalidInputException", str(error), 400)
            return json_response({"build": _shown(build)})

        return start

    def make_get(_original: Handler) -> Handler:
        def get(data: dict[str, Any]) -> Any:
            found, missing = [], []
            for given in data.get("ids", []):
                build = codebuild._builds.get(_build_id(given))
                if build is None:
                    missing.append(given)
                else:
                    found.append(_shown(build))
            return json_response({"builds": found, "buildsNotFound": missing})

        return get

    def make_stop(_original: Handler) -> Handler:
        def stop(data: dict[str, Any]) -> Any:
            build = builds.stop(_build_id(data.get("id", "")))
            if build is None:
                return error_response_json(
                    "ResourceNotFoundException", f"Build cannot be found: {data.get('id')}", 400
                )
            return json_response({"build": _shown(build)})

        return stop

    replace(codebuild, "_start_build", make_start)
    replace(codebuild, "_batch_get_builds", make_get)
    replace(codebuild, "_stop_build", make_stop)


def _build_id(given: str) -> str:
    return given.rpartition(":build/")[2]


def _shown(build: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(json.dumps(build))
    return shown
