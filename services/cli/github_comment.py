"""One comment in a pull request on GitHub, written again in its place at every run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.failures import CommentError
from services.provisioning.errors import PreconditionError

if TYPE_CHECKING:
    import httpx

_PAGE = 100
_PAGES_AT_MOST = 30
_SECONDS = 30


@dataclass(frozen=True)
class PullRequest:
    """Where a comment goes, and the token that may write it there."""

    api: str
    repository: str
    number: int
    token: str

    @classmethod
    def of(cls, variables: Mapping[str, str] = os.environ) -> PullRequest:
        """Return the pull request that a workflow runs for.

        Raises
        ------
        PreconditionError
            The variables that GitHub Actions sets are missing.
        """
        token = variables.get("GITHUB_TOKEN", "")
        repository = variables.get("GITHUB_REPOSITORY", "")
        number = variables.get("ECS_SAAS_PULL_REQUEST", "") or _number_of(variables)
        missing = [
            name
            for name, value in (
                ("GITHUB_TOKEN", token),
                ("GITHUB_REPOSITORY", repository),
                ("ECS_SAAS_PULL_REQUEST", number),
            )
            if not value
        ]
        if missing:
            raise PreconditionError(
                f"--github-comment: {', '.join(missing)} not set; allowed is what GitHub Actions "
                "sets for a pull request, and ECS_SAAS_PULL_REQUEST for its number elsewhere"
            )
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository) or not re.fullmatch(r"\d+", number):
            raise PreconditionError(
                f"--github-comment: got {repository!r} and {number!r}; allowed owner/name and a "
                "pull request's number"
            )
        api = variables.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        return cls(api, repository, int(number), token)

    def write(self, body: str) -> str:
        """Write a comment, over the one of the same first line if there is one; return its address.

        Raises
        ------
        CommentError
            GitHub does not answer, or does not take it.
        """
        import httpx  # noqa: PLC0415 - only who comments needs it

        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        base = f"/repos/{self.repository}/issues"
        with httpx.Client(base_url=self.api, headers=headers, timeout=_SECONDS) as http:
            try:
                found = self._find(http, f"{base}/{self.number}/comments", body)
                if found is None:
                    answer = http.post(f"{base}/{self.number}/comments", json={"body": body})
                else:
                    answer = http.patch(f"{base}/comments/{found}", json={"body": body})
            except httpx.TransportError as error:
                raise CommentError(f"{self.api} does not answer: {error}") from error
            return str(_taken(answer).get("html_url", ""))

    def _find(self, http: httpx.Client, path: str, body: str) -> int | None:
        marker = body.partition("\n")[0]
        for page in range(1, _PAGES_AT_MOST + 1):
            listed = _json(http.get(path, params={"per_page": _PAGE, "page": page}))
            comments = listed if isinstance(listed, list) else []
            for each in comments:
                first = str(each.get("body") or "").partition("\n")[0].strip()
                if first == marker:
                    return int(each["id"])
            if len(comments) < _PAGE:
                break
        return None


def _number_of(variables: Mapping[str, str]) -> str:
    """Return the number in the ref of a pull request, or in the event that a workflow runs for."""
    if found := re.fullmatch(r"refs/pull/(\d+)/\w+", variables.get("GITHUB_REF", "")):
        return found[1]
    try:
        event = json.loads(Path(variables["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        return str(event["pull_request"]["number"])
    except (KeyError, TypeError, OSError, ValueError):
        return ""


def _taken(answer: httpx.Response) -> dict[str, Any]:
    given = _json(answer)
    return given if isinstance(given, dict) else {}


def _json(answer: httpx.Response) -> Any:
    if answer.is_error:
        hint = ""
        if answer.status_code in (401, 403, 404):
            hint = "; the token needs `pull-requests: write`, which a fork's does not have"
        request = f"{answer.request.method} {answer.request.url.path}"
        raise CommentError(f"{request}: {answer.status_code} {answer.text[:300]}{hint}")
    try:
        return answer.json()
    except ValueError as error:
        raise CommentError(f"{answer.request.url.path}: no JSON came back") from error
