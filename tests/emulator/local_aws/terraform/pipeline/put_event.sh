python - <<'PYTHON'
import boto3, json, os
detail = {"id": os.environ["WHO"], "caller": os.environ["AWS_ACCESS_KEY_ID"][:4]}
entry = {"EventBusName": os.environ["BUS"], "Source": "application", "DetailType": "done", "Detail": json.dumps(detail)}
answer = boto3.client("events").put_events(Entries=[entry])
assert not answer["FailedEntryCount"], answer
PYTHON
