"""The fleet's one rollout, as an object beside the states, written by condition.

Each write names the version that it was made of, so that of two who write one has to read again.
There is one current rollout, whatever has become of it; the next one takes its place when it has
ended, and each is kept under its own id.
"""

from __future__ import annotations

import random
import time
from typing import Final

from services.provisioning.aws import access_errors
from services.provisioning.errors import FleetBusyError, PreconditionError
from services.provisioning.fleet.rollout import Change, Rollout
from services.provisioning.terraform.state import StateStore

_CURRENT: Final = "fleet/current.json"
_ATTEMPTS: Final = 40
_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class RolloutRecord:
    """The record of the rollout.

    Parameters
    ----------
    store : StateStore
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def find(self) -> Rollout | None:
        """Return the current rollout, or the last one; None if there was none."""
        return self._read()[0]

    def require_ended(self) -> str | None:
        """Return the version that a new rollout is written over; None if there was none.

        Raises
        ------
        FleetBusyError
            If there is one that has not ended.
        """
        current, version = self._read()
        if current is not None and not current.status.ended:
            raise FleetBusyError(_busy(current))
        return version

    def begin(self, rollout: Rollout) -> None:
        """Store a new rollout.

        Raises
        ------
        FleetBusyError
            If there is one that has not ended.
        """
        version = self.require_ended()
        if not self._write(rollout, version) and (other := self.current()).id != rollout.id:
            raise FleetBusyError(_busy(other))

    def current(self) -> Rollout:
        """Return the current rollout, or the last one.

        Raises
        ------
        PreconditionError
            If there was none.
        """
        return _there(self.find())

    def change(self, change: Change) -> Rollout:
        """Store what `change` makes of the rollout as it is then.

        Parameters
        ----------
        change : callable
            Is asked again if somebody else wrote meanwhile; what it raises passes.
        """
        for attempt in range(_ATTEMPTS):
            found, version = self._read()
            rollout = _there(found)
            changed = change(rollout)
            if changed == rollout or self._write(changed, version):
                return changed
            time.sleep(random.uniform(0, 0.02 * min(attempt + 1, 10)))  # noqa: S311
        raise FleetBusyError(f"the rollout's record was not written after {_ATTEMPTS} attempts")

    def _read(self) -> tuple[Rollout | None, str | None]:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            with access_errors():
                found = self._store.s3.get_object(Bucket=self._store.bucket, Key=_CURRENT)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None, None
            if error.response["Error"]["Code"] == "NoSuchBucket":
                self._store.require_bucket()
            raise
        return Rollout.parse(found["Body"].read()), found["ETag"]

    def _write(self, rollout: Rollout, version: str | None) -> bool:
        """Store it over `version`, or where there is none; False if there is another by now."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        content = rollout.dump()
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            with access_errors():
                self._store.s3.put_object(
                    Bucket=self._store.bucket,
                    Key=_CURRENT,
                    Body=content,
                    **condition,  # type: ignore[arg-type]
                )
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise
        if rollout.status.ended:
            self._store.put_object(f"fleet/{rollout.id}.json", content)
        return True


def _there(rollout: Rollout | None) -> Rollout:
    if rollout is None:
        raise PreconditionError("there is no rollout: `ecs-saas fleet apply` begins one")
    return rollout


def _busy(rollout: Rollout) -> str:
    """Return why nobody can begin another one."""
    holder = rollout.holder
    who = f"carried on by {holder.who}" if holder else f"begun by {rollout.started_by}"
    return (
        f"a rollout has not ended: {rollout.headline()}; {who}, since "
        f"{rollout.started:%Y-%m-%d %H:%M} UTC. Nothing was changed: `ecs-saas fleet status` shows "
        "it, `resume` carries it on, `cancel` ends it"
    )
