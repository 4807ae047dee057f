"""The functions of the pipeline under test."""

import json
import os
from typing import Any

import boto3


def outbox(event: dict[str, Any], context: object) -> dict[str, list[str]]:
    """Publish new requests."""
    entries = [
        {
            "EventBusName": os.environ["BUS"],
            "Source": "control",
            "DetailType": "requested",
            "Detail": json.dumps({"id": record["dynamodb"]["Keys"]["id"]["S"]}),
        }
        for record in event["Records"]
        if record["dynamodb"].get("NewImage", {}).get("kind", {}).get("S") == "request"
    ]
    if entries:
        boto3.client("events").put_events(Entries=entries)
    return {"batchItemFailures": []}


def done(event: dict[str, Any], context: object) -> None:
    """Record what the build said."""
    item = {
        "id": {"S": f"{event['detail']['id']}-{event['detail-type']}"},
        "detail": {"S": json.dumps(event["detail"])},
    }
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item=item)


def api(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Say who called."""
    authorizer = event["requestContext"].get("authorizer", {})
    return {"statusCode": 200, "body": json.dumps({"path": event["rawPath"], "who": authorizer})}
