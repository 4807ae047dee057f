"""A site, an API behind it and a pool's pages, as a browser comes to them: under local names."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.emulator.local_aws.conftest import Aws

PASSWORD = "Correct-horse-7"
NEVER_KEPT = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_CODE = "function handler(event) { var request = event.request; %s return request; }"


def get(aws: Aws, host: str, path: str, **headers: str) -> httpx.Response:
    """Ask as the browser does that found 127.0.0.1 behind a name below localhost."""
    return httpx.get(
        f"{aws.endpoint}{path}",
        headers={"Host": host, "x-forwarded-proto": "https", **headers},
        timeout=20,
    )


def distribution(aws: Aws, origin: str, code: str = "", **behaviour: Any) -> str:
    """Make a distribution before `origin`, an API's host name; return its host."""
    front = aws.client("cloudfront")
    name = f"f-{secrets.token_hex(4)}"
    made = front.create_function(
        Name=name,
        FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
        FunctionCode=(_CODE % code).encode(),
    )
    front.publish_function(Name=name, IfMatch=made["ETag"])
    arn = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    associated = {"EventType": "viewer-request", "FunctionARN": arn}
    found = front.create_distribution(
        DistributionConfig={
            "CallerReference": name,
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "o",
                        "DomainName": origin,
                        "CustomOriginConfig": {
                            "HTTPPort": 80,
                            "HTTPSPort": 443,
                            "OriginProtocolPolicy": "https-only",
                        },
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "o",
                "ViewerProtocolPolicy": "https-only",
                "CachePolicyId": NEVER_KEPT,
                "FunctionAssociations": {"Quantity": 1, "Items": [associated]},
                **behaviour,
            },
        }
    )
    label, _, _ = found["Distribution"]["DomainName"].partition(".")
    return f"{label}.cloudfront.localhost"


def api(aws: Aws) -> str:
    """Make an HTTP API that has no route; return the name that AWS gives it."""
    made = aws.client("apigatewayv2").create_api(Name="site", ProtocolType="HTTP")
    aws.client("apigatewayv2").create_stage(
        ApiId=made["ApiId"], StageName="$default", AutoDeploy=True
    )
    return f"{made['ApiId']}.execute-api.us-east-1.amazonaws.com"


@dataclass(frozen=True)
class Page:
    """The pages of one pool, and what a browser there keeps in mind."""

    aws: Aws
    pool: str
    client: str
    callback: str
    domain: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @classmethod
    def of(cls, aws: Aws, callback: str = "https://app.example.com/", **more: Any) -> Page:
        """Make a pool with a domain, a public client and a user whose password is temporary."""
        cognito = aws.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName="pages", **more)["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName="site",
            SupportedIdentityProviders=["COGNITO"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email"],
            CallbackURLs=[callback],
            LogoutURLs=[callback],
        )["UserPoolClient"]["ClientId"]
        domain = f"pages-{secrets.token_hex(6)}"
        cognito.create_user_pool_domain(Domain=domain, UserPoolId=pool)
        return cls(aws, pool, client, callback, domain)

    def user(self, name: str, password: str, *, permanent: bool = True) -> None:
        cognito = self.aws.client("cognito-idp")
        cognito.admin_create_user(
            UserPoolId=self.pool,
            Username=name,
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": f"{name}@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
        if permanent:
            cognito.admin_set_user_password(
                UserPoolId=self.pool, Username=name, Password=password, Permanent=True
            )

    @property
    def host(self) -> str:
        return f"{self.domain}.auth.localhost"

    def open(self, path: str = "/oauth2/authorize", **changed: str) -> httpx.Response:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "client_id": self.client,
            "redirect_uri": self.callback,
            "response_type": "code",
            "scope": "openid email",
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changed,
        }
        return httpx.get(
            f"{self.aws.endpoint}{path}", params=asked, headers={"Host": self.host}, timeout=20
        )

    def fill(self, page: httpx.Response, **values: str) -> httpx.Response:
        """Send the form of a page with what a person wrote into it."""
        assert page.status_code == 200, page.text
        form = re.search(r'<form method="POST" action="([^"]+)">(.*?)</form>', page.text, re.S)
        assert form, page.text
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[2])
        fields = set(
            re.findall(r'<input type="(?:text|password)" id="[^"]+" name="([^"]+)"', form[2])
        )
        assert fields == set(values), page.text
        given = {name: unescape(value) for name, value in hidden} | values
        return self.send(form[1], **given)

    def send(self, path: str, **form: str) -> httpx.Response:
        return httpx.post(
            f"{self.aws.endpoint}{path}", data=form, headers={"Host": self.host}, timeout=20
        )

    def redeem(self, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client,
            "redirect_uri": self.callback,
            "code": code,
            "code_verifier": self.verifier,
            **changed,
        }
        return self.send("/oauth2/token", **form)


def code_of(answer: httpx.Response, callback: str) -> str:
    """Return the code that a browser is sent back with."""
    assert answer.status_code == 302, answer.text
    location = answer.headers["Location"]
    assert location.startswith(callback), location
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["s"]
    return query["code"][0]
