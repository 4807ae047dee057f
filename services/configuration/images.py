"""`images.lock.json`: the digests of a release's images, for synthesis to name images by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.tenancy.problems import InputError, Problem, show

LOCK_NAME: Final = "images.lock.json"
_WRITTEN: Final = "what `ecs-saas images push` writes: an object with release and digests"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class ImageLock:
    """Which image each name of a release is.

    Parameters
    ----------
    release : str
        The tag that was pushed.
    digests : mapping of str to str
        By the image's name, as the registry has it.
    """

    release: str
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> ImageLock | None:
        """Return what the file says, None if there is none; raise `InputError` if it is odd."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise InputError(str(path), [Problem("(file)", str(error), _WRITTEN)]) from None
        digests = data.get("digests") if isinstance(data, dict) else None
        if not isinstance(digests, dict) or not isinstance(data.get("release"), str):
            raise InputError(str(path), [Problem("(file)", show(data), _WRITTEN)])
        if problems := [p for name, value in digests.items() if (p := _problem(name, value))]:
            raise InputError(str(path), problems)
        return cls(data["release"], digests)

    def with_digest(self, name: str, digest: str | None) -> ImageLock:
        """Return the lock with one more image; raise `InputError` if `digest` is none."""
        if problem := _problem(name, digest):
            raise InputError("push", [problem])
        return ImageLock(self.release, {**self.digests, name: str(digest)})

    def write(self, path: Path) -> None:
        """Write the file; a reader finds the old content or the new one."""
        draft = path.with_suffix(".tmp")
        content = {"release": self.release, "digests": dict(sorted(self.digests.items()))}
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)


def _problem(name: str, digest: object) -> Problem | None:
    if isinstance(digest, str) and _DIGEST.fullmatch(digest):
        return None
    return Problem(f"digests.{name}", show(digest), "sha256: and 64 hexadecimal digits")
