"""A browser's names and AWS's are put in for each other, and for nobody else."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

import pytest

from services.local_aws.browsers import LocalNames

NAMES = LocalNames(4566, "eu-west-1")
PAIRS = [
    ("https://d1abc.cloudfront.net", "http://d1abc.cloudfront.localhost:4566"),
    ("https://a1b2.execute-api.eu-west-1.amazonaws.com", "http://a1b2.execute-api.localhost:4566"),
    (
        "https://shop-dev-1.auth.eu-west-1.amazoncognito.com",
        "http://shop-dev-1.auth.localhost:4566",
    ),
]


@pytest.mark.parametrize(("aws", "local"), PAIRS)
def test_each_name_has_its_other(aws: str, local: str) -> None:
    assert NAMES.local(f"{aws}/x?y=1") == f"{local}/x?y=1"
    assert NAMES.aws(f"{local}/x?y=1") == f"{aws}/x?y=1"


def test_a_policy_for_pages_names_all_apis_of_a_region() -> None:
    assert (
        NAMES.local("connect-src https://*.execute-api.eu-west-1.amazonaws.com;")
        == "connect-src http://*.execute-api.localhost:4566;"
    )


@pytest.mark.parametrize(
    "text",
    [
        # Who issues tokens is the same in both places.
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc",
        "https://app.saas.example.com/",
        "http://d1abc.cloudfront.localhost:4567/",
    ],
)
def test_other_names_stay(text: str) -> None:
    assert NAMES.local(text) == text
    assert NAMES.aws(text) == text


def _ask(
    host: str, path: str, *, query: str = "", body: bytes = b"", answer: bytes = b"", **headers: str
) -> tuple[dict[str, Any], bytes, list[dict[str, Any]]]:
    """Ask an application that answers with `answer`; return what it was asked and what was sent."""
    seen: dict[str, Any] = {}
    got = bytearray()
    sent: list[dict[str, Any]] = []

    async def inner(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.update(scope)
        got.extend((await receive())["body"])
        told = [(b"location", b"https://d1.cloudfront.net/"), (b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": told})
        await send({"type": "http.response.body", "body": answer})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": "POST" if body else "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }

    async def ask() -> None:
        await NAMES.app(inner)(scope, receive, send)

    asyncio.run(ask())
    return seen, bytes(got), sent


def test_who_asks_the_port_itself_is_told_aws_names() -> None:
    _, _, sent = _ask("127.0.0.1:4566", "/config.json", answer=b"https://d1.cloudfront.net")
    assert sent[0]["headers"][0] == (b"location", b"https://d1.cloudfront.net/")
    assert sent[1]["body"] == b"https://d1.cloudfront.net"


def test_what_a_page_is_told_has_local_names_and_its_length() -> None:
    told = b'{"api": "https://a1.execute-api.eu-west-1.amazonaws.com"}'
    seen, _, sent = _ask("d1.cloudfront.localhost:4566", "/config.json", answer=told)
    assert (b"x-forwarded-proto", b"https") in seen["headers"]
    assert sent[1]["body"] == b'{"api": "http://a1.execute-api.localhost:4566"}'
    headers = dict(sent[0]["headers"])
    assert headers[b"location"] == b"http://d1.cloudfront.localhost:4566/"
    assert headers[b"content-length"] == str(len(sent[1]["body"])).encode()


def test_other_bodies_pass_as_they_are() -> None:
    script = b"const name = 'https://d1.cloudfront.net'"
    _, _, sent = _ask("d1.cloudfront.localhost:4566", "/assets/a.js", answer=script)
    assert sent[1]["body"] == script


def test_an_api_knows_the_origin_that_it_allows() -> None:
    seen, _, _ = _ask(
        "a1.execute-api.localhost:4566", "/x", origin="http://d1.cloudfront.localhost:4566"
    )
    assert (b"origin", b"https://d1.cloudfront.net") in seen["headers"]


def test_callbacks_are_compared_by_aws_names() -> None:
    asked = "client_id=a&redirect_uri=http%3A%2F%2Fd1.cloudfront.localhost%3A4566%2F&scope=a+b"
    seen, _, _ = _ask("p.auth.localhost:4566", "/oauth2/authorize", query=asked)
    found = parse_qs(seen["query_string"].decode())
    assert found == {
        "client_id": ["a"],
        "redirect_uri": ["https://d1.cloudfront.net/"],
        "scope": ["a b"],
    }
    form = "application/x-www-form-urlencoded"
    seen, got, _ = _ask("p.auth.localhost:4566", "/login", body=asked.encode(), content_type=form)
    assert parse_qs(got.decode()) == found
    assert dict(seen["headers"])[b"content-length"] == str(len(got)).encode()
