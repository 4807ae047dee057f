"""Stands in for `docker` on a machine that has none: lays images out, and pushes them as ECR asks.

What Docker sends to the registry's own address, ECR asks of IAM as the calls that are made here, in
the name of who asked for the token:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
"""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3

from services.local_aws.images.layer import Machine
from services.local_aws.images.pushing import build, push
from services.provisioning.terraform.mirror import candidates, find_mirror

PROJECT = Path(__file__).parents[3]
HOME = "LOCAL_AWS_HOME"


def main(arguments: list[str]) -> int:
    """Do what the builder asks of `docker`."""
    if arguments[0] == "login":
        sys.stdin.read()
    if arguments[:2] == ["buildx", "build"]:
        value = dict(pairwise(arguments))
        _, _, repository = value["--tag"].partition("/")
        repository, _, tag = repository.rpartition(":")
        digest = _push(repository, tag)
        metadata = json.dumps({"containerimage.digest": digest})
        Path(value["--metadata-file"]).write_text(metadata)
    return 0


def _push(repository: str, tag: str) -> str:
    home = Path(os.environ[HOME])
    machine = Machine(providers=find_mirror(candidates(os.environ)))
    image = build(home, PROJECT, repository.rpartition("/")[2], machine)
    ecr: Any = boto3.client("ecr")
    of = {"repositoryName": repository}
    ecr.batch_check_layer_availability(**of, layerDigests=[image.digest])
    upload = ecr.initiate_layer_upload(**of)["uploadId"]
    ecr.upload_layer_part(
        **of, uploadId=upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"x"
    )
    ecr.complete_layer_upload(**of, uploadId=upload, layerDigests=[image.digest])
    return push(ecr, home, image, repository, tag)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
