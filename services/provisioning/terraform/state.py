"""What the state bucket knows: which tenants exist, what they output, who locks them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from services.provisioning.aws import Aws, access_errors
from services.provisioning.errors import (
    ForeignBucketError,
    StateBackendMissingError,
    StateUnusableError,
)
from services.provisioning.terraform.locks import Begun, LockInfo
from services.tenancy import Tier

if TYPE_CHECKING:
    from services.configuration import Configuration

DEFAULT_WORKSPACE = "default"
# By type, the attribute by which a resource refuses to be deleted.
_PROTECTION = {
    "aws_cognito_user_pool": "deletion_protection",
    "aws_db_instance": "deletion_protection",
    "aws_dynamodb_table": "deletion_protection_enabled",
    "aws_lb": "enable_deletion_protection",
}
_UNFINISHED = "workspaces/unfinished"
_TENANT_STACKS = frozenset(tier.tenant_stack for tier in Tier)


@dataclass(frozen=True)
class State:
    """One workspace's state: its outputs, and how many resources it holds."""

    outputs: Mapping[str, Any]
    resources: int


@dataclass(frozen=True)
class TenantEntry:
    """A tenant that has a workspace."""

    tenant_id: str
    tier: Tier
    modified: datetime


class StateStore:
    """The bucket of the Terraform state and its locks.

    Parameters
    ----------
    aws : Aws
    configuration : Configuration
        Names the bucket, the lock table and the kind of lock.
    """

    def __init__(self, aws: Aws, configuration: Configuration) -> None:
        self._aws = aws
        self.bucket = configuration.state_bucket
        self._lock_table = configuration.lock_table
        self._use_lockfile = configuration.state.use_lockfile

    def require_bucket(self) -> None:
        """Raise `StateBackendMissingError` unless the bucket is there."""
        if not self.bucket_exists():
            raise StateBackendMissingError(
                f"the bucket of the Terraform state, {self.bucket}, does not exist: run "
                "`ecs-saas platform apply` first"
            )

    def bucket_exists(self) -> bool:
        """Whether the state bucket exists; raise `ForeignBucketError` if it is not ours to use."""
        return bucket_exists(self._aws, self.bucket)

    def exists(self, stack: str, workspace: str) -> bool:
        """Whether the workspace has a state."""
        return self._get(object_key(stack, workspace), head=True) is not None

    def stored(self, stack: str, workspace: str) -> bytes | None:
        """Return the workspace's state as it is stored, None if there is none."""
        return self._get(object_key(stack, workspace))

    def read(self, stack: str, workspace: str) -> State | None:
        """Return the workspace's state, None if there is none.

        Raises
        ------
        StateUnusableError
            If what is there is no state, or another tenant's.
        """
        document = self.document(stack, workspace)
        if document is None:
            return None
        outputs = {name: output["value"] for name, output in document["outputs"].items()}
        managed = (item for item in document["resources"] if item["mode"] == "managed")
        return State(outputs, sum(len(item["instances"]) for item in managed))

    def tiers_touched(self, tenant_id: str) -> list[Tier]:
        """Return the tiers in which it has a workspace, or a run that may have made something."""
        return [
            tier
            for tier in Tier
            if self.exists(tier.tenant_stack, tenant_id)
            or self.in_doubt(tier.tenant_stack, tenant_id)
        ]

    def identities(self, stack: str, workspace: str) -> dict[str, str]:
        """Return the ARN, or else the id, of each resource that the workspace's state knows."""
        document = self.document(stack, workspace) or {"resources": []}
        return {
            f"{item['type']}.{item['name']}{index(instance)}": str(
                instance["attributes"].get("arn") or instance["attributes"].get("id")
            )
            for item in document["resources"]
            if item["mode"] == "managed"
            for instance in item["instances"]
        }

    def protected(self, stack: str, workspace: str) -> list[str]:
        """Return the addresses of the workspace's resources that refuse to be deleted."""
        document = self.document(stack, workspace) or {"resources": []}
        return [
            f"{item['type']}.{item['name']}{index(instance)}"
            for item in document["resources"]
            if item["mode"] == "managed" and item["type"] in _PROTECTION
            for instance in item["instances"]
            if instance["attributes"].get(_PROTECTION[item["type"]]) in (True, "ACTIVE")
        ]

    def tenants(self) -> Iterator[TenantEntry]:
        """Yield every tenant with a workspace, by tier and id."""
        for tier in Tier:
            for tenant_id, modified in self._states(tier.tenant_stack):
                yield TenantEntry(tenant_id, tier, modified)

    def workspaces(self, stack: str) -> list[str]:
        """Return the workspaces of a root module, by name.

        Those too that a run has begun to make, and ended before there was a state.
        """
        prefix = f"{_UNFINISHED}/{stack}/"
        begun = (key.removeprefix(prefix).partition("/")[0] for key, _ in self._keys(prefix))
        return sorted({*begun, *(workspace for workspace, _ in self._states(stack))})

    def document(self, stack: str, workspace: str) -> dict[str, Any] | None:
        """Return the workspace's state as it is stored, read; see `read`."""
        key = object_key(stack, workspace)
        content = self._get(key)
        if content is None:
            return None
        try:
            document: dict[str, Any] = json.loads(content)
            owners = _owners(document)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._refuse(key, "is no Terraform state")
        if stack in _TENANT_STACKS and (others := owners - {(workspace, stack)}):
            named = ", ".join(f"{tenant} in {of}" for tenant, of in sorted(others))
            self._refuse(key, f"is of {named}, not of {workspace} in {stack}")
        return document

    def _refuse(self, key: str, fault: str) -> NoReturn:
        raise StateUnusableError(
            f"the state object s3://{self.bucket}/{key} {fault}: nothing was changed. Bring back "
            "its own last version, which the bucket has kept, or delete it; then repeat the "
            "operation, which finds again what the state does not know"
        )

    def _states(self, stack: str) -> Iterator[tuple[str, datetime]]:
        """Yield each workspace of a root module, and when its state was last stored."""
        prefix = f"workspaces/{stack}/"
        for key, modified in self._keys(prefix):
            workspace, _, name = key.removeprefix(prefix).partition("/")
            if name == f"{stack}.tfstate":
                yield workspace, modified

    def _keys(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        with access_errors():
            pages = self._aws.s3.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"], item["LastModified"]

    def tiers_of(self, tenant_id: str) -> list[Tier]:
        """Return the tiers in which the tenant has a workspace: two while it moves."""
        return [tier for tier in Tier if self.exists(tier.tenant_stack, tenant_id)]

    def in_doubt(self, stack: str, workspace: str) -> bool:
        """Whether a run of the workspace has begun and not succeeded since."""
        return any(self._keys(_begun_key(stack, workspace)))

    def remembers(self, stack: str, workspace: str, run_id: str) -> bool:
        """Whether the run of this id has begun and not succeeded since."""
        return self._get(_begun_key(stack, workspace) + run_id, head=True) is not None

    def begin(self, stack: str, workspace: str, run: Begun) -> Sequence[Begun]:
        """Note that a run begins; return those that began before and have not succeeded.

        The notes are in the bucket, because the machine of a run may end with it: one object each,
        so that runs that begin at once cannot overwrite one another's.
        """
        prefix = _begun_key(stack, workspace)
        self.put_object(prefix + run.id, json.dumps(asdict(run)).encode())
        noted = [self._get(key) for key, _ in self._keys(prefix) if key != prefix + run.id]
        return [Begun(**json.loads(each)) for each in noted if each is not None]

    def settle(self, stack: str, workspace: str, runs: Iterable[Begun]) -> None:
        """Note of runs that the state knows what they made."""
        for run in runs:
            self.delete_object(_begun_key(stack, workspace) + run.id)

    def is_over(self, build: str) -> bool:
        """Whether a CodeBuild build has ended, however."""
        with access_errors():
            found = self._aws.client("codebuild").batch_get_builds(ids=[build])["builds"]
        return all(each["buildComplete"] for each in found)

    def replaced(self, stack: str, workspace: str) -> bool:
        """Whether the object is gone, or another than Terraform has stored last.

        The S3 backend keeps an MD5 of it beside the locks, and refuses any other object. It stores
        the object first: while the lock is held, nothing can be said.
        https://developer.hashicorp.com/terraform/language/backend/s3#dynamodb-state-locking
        """
        digest = self._lock_item(stack, workspace, "-md5").get("Digest")
        if digest is None or "Info" in self._lock_item(stack, workspace):
            return False
        content = self._get(object_key(stack, workspace))
        return content is None or hashlib.md5(content).hexdigest() != digest["S"]  # noqa: S324

    def accept(self, stack: str, workspace: str) -> None:
        """Let Terraform take the object that is there, or none."""
        if not self._use_lockfile:
            key = {"LockID": {"S": f"{self.bucket}/{object_key(stack, workspace)}-md5"}}
            with access_errors():
                self._aws.dynamodb.delete_item(TableName=self._lock_table, Key=key)

    def _lock_item(self, stack: str, workspace: str, suffix: str = "") -> Mapping[str, Any]:
        if self._use_lockfile:
            return {}
        key = {"LockID": {"S": f"{self.bucket}/{object_key(stack, workspace)}{suffix}"}}
        with access_errors():
            found = self._aws.dynamodb.get_item(
                TableName=self._lock_table, Key=key, ConsistentRead=True
            )
        return found.get("Item", {})

    def release(self, lock: LockInfo) -> bool:
        """Remove exactly `lock`, and nobody else's that came in between; False if it was gone."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        with access_errors():
            if self._use_lockfile:
                key = f"{lock.path.removeprefix(f'{self.bucket}/')}.tflock"
                if lock.id.encode() not in (self._get(key) or b""):
                    return False
                self._aws.s3.delete_object(Bucket=self.bucket, Key=key)
                return True
            try:
                self._aws.dynamodb.delete_item(
                    TableName=self._lock_table,
                    Key={"LockID": {"S": lock.path}},
                    ConditionExpression="contains(Info, :id)",
                    ExpressionAttributeValues={":id": {"S": lock.id}},
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def get_object(self, key: str) -> bytes | None:
        """Return an object of the bucket, None if there is none."""
        return self._get(key)

    def put_object(self, key: str, content: bytes) -> None:
        """Store an object in the bucket."""
        with access_errors():
            self._aws.s3.put_object(Bucket=self.bucket, Key=key, Body=content)

    def delete_object(self, key: str) -> None:
        """Delete an object of the bucket, if it is there."""
        with access_errors():
            self._aws.s3.delete_object(Bucket=self.bucket, Key=key)

    def _get(self, key: str, *, head: bool = False) -> bytes | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            with access_errors():
                if head:
                    self._aws.s3.head_object(Bucket=self.bucket, Key=key)
                    return b""
                return self._aws.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                self.require_bucket()
            if _status(error) == 404:
                return None
            raise


def bucket_exists(aws: Aws, bucket: str) -> bool:
    """Whether there is a bucket of this name in our account.

    Raises
    ------
    ForeignBucketError
        If it is another account's, or these credentials may not use it.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        with access_errors():
            aws.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if _status(error) == 404:
            return False
        if _status(error) == 403:
            account = aws.check_access()  # says more than a HEAD request's answer can
            raise ForeignBucketError(
                f"bucket {bucket} exists, and is not of account {account} or closed to these "
                "credentials: bucket names are one space for all accounts; nothing was made. "
                "Choose another `name` or `environment`, or for the state's `state.bucket`"
            ) from error
        raise
    return True


def object_key(stack: str, workspace: str) -> str:
    """Return where the S3 backend keeps the state of a workspace."""
    if workspace == DEFAULT_WORKSPACE:
        return f"{stack}.tfstate"
    return f"workspaces/{stack}/{workspace}/{stack}.tfstate"


def _owners(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the tenants and root modules whose resources a state says that it holds."""
    tags = (
        instance["attributes"].get("tags_all") or {}
        for item in document["resources"]
        if item["mode"] == "managed"
        for instance in item["instances"]
    )
    found = {
        (each["TenantId"], f"tenant-{each['Tier']}")
        for each in tags
        if "TenantId" in each and "Tier" in each
    }
    if named := document["outputs"].get("tenant_id"):
        tier = document["outputs"].get("tier")
        stack = f"tenant-{tier['value']}" if tier else None
        known = {stack} if stack else {of for _, of in found}
        found |= {(named["value"], of) for of in known}
    return found


def _begun_key(stack: str, workspace: str) -> str:
    return f"{_UNFINISHED}/{stack}/{workspace}/"


def index(instance: Mapping[str, Any]) -> str:
    """Return what tells an instance from its siblings in an address, as `[0]` or `["name"]`."""
    key = instance.get("index_key")
    return "" if key is None else f"[{json.dumps(key)}]"


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
