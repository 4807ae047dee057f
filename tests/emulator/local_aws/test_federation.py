"""Identity providers of a user pool: made, changed and used, and what they cannot say."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cdktf import App, TerraformOutput, TerraformVariable

from constructs_lib import SaasStack
from constructs_lib.identity import Federation, SignInPage, UserPool
from constructs_lib.observability import AlarmTopic
from services.configuration import Configuration, load
from services.local_aws.machine import LocalAws
from services.provisioning.terraform.mirror import cli_config
from services.tenancy import TenantDocument, Tier
from services.tenancy.variables import variables_of
from tests.emulator.local_aws.conftest import Aws
from tiers.deployment import stack_settings
from tiers.federation import ADMINISTRATORS, TokenClaims
from tiers.platform import _table

pytestmark = [pytest.mark.terraform, pytest.mark.local_aws]

ROOT = Path(__file__).parents[3]
SAML_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
PASSWORD = "Correct-horse-7"
METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:acme">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
 Location="https://idp.example.com/sso"/></IDPSSODescriptor></EntityDescriptor>"""
SAML_RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion><saml:Subject><saml:NameID>eve</saml:NameID></saml:Subject>
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion></samlp:Response>"""


class Tenant(SaasStack):
    """What a silo tenant has of identity, with what the platform has for it."""

    def __init__(self, app: App, configuration: Configuration) -> None:
        super().__init__(
            app, "federated", settings=stack_settings(configuration), tags={"TenantId": "acme"}
        )
        (variable,) = (each for each in variables_of(Tier.PREMIUM) if each.name == "federation")
        TerraformVariable(self, variable.name, type=variable.type, default=variable.default)
        mapping = _table(self, "mapping", "federated-mapping", keep=False, tenantId="S")
        claims = TokenClaims(
            self,
            "claims",
            configuration=configuration,
            mapping=mapping,
            topic=AlarmTopic(self, "topic", name="federated", emails=[]),
        )
        pool = UserPool(
            self,
            "pool",
            name="federated",
            region=configuration.region,
            deletion_protection=False,
            sign_in=SignInPage("federated", "http://localhost:4201/"),
            federation=Federation(
                providers="var.federation",
                claims_function_arn=claims.arn,
                groups=[ADMINISTRATORS],
            ),
        )
        for name, value in {"pool_id": pool.id, "client_id": pool.client_id}.items():
            TerraformOutput(self, name, value=value)


@pytest.fixture(scope="module")
def aws(patched: Aws) -> Aws:
    return patched


@pytest.fixture(scope="module")
def providers(aws: Aws) -> list[dict[str, Any]]:
    """One of each kind, as the tenant's document has them."""
    secret = aws.client("secretsmanager").create_secret(
        Name="ecs-saas-dev/acme/entra", SecretString="the-clients-secret"
    )["ARN"]
    document = TenantDocument.parse(
        {
            "tenant_id": "acme",
            "tenant_name": "acme",
            "tier": "premium",
            "admin_email": "admin@acme.example",
            "federation": [
                {
                    "name": "Entra",
                    "kind": "oidc",
                    "issuer": "https://login.example.com/acme",
                    "client_id": "acme-pool",
                    "client_secret_arn": secret,
                },
                {"name": "Corp", "kind": "saml", "metadata_xml": METADATA},
            ],
        }
    )
    found: list[dict[str, Any]] = document.variables()["federation"]
    return found


@pytest.fixture(scope="module")
def terraform(
    local: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    out = tmp_path_factory.mktemp("federated")
    app = App(outdir=str(out))
    Tenant(app, load(ROOT / "saas.tfvars"))
    app.synth()
    directory = out / "stacks" / "federated"
    override: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}
    (directory / "backend_override.tf.json").write_text(json.dumps(override))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = kept | local.environment() | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    environment["TF_CLI_CONFIG_FILE"] = str(cli_config(out))

    def run(*arguments: str, federation: list[dict[str, Any]] | None = None) -> str:
        if federation is not None:
            values = json.dumps({"federation": federation})
            (directory / "terraform.tfvars.json").write_text(values)
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
        return done.stdout

    run("init")
    yield run
    run("destroy", "-auto-approve")
    shutil.rmtree(out)


def test_providers_are_made_used_and_taken_away(
    aws: Aws, terraform: Callable[..., str], providers: list[dict[str, Any]]
) -> None:
    shown = terraform("apply", "-auto-approve", federation=providers)
    terraform("plan", "-detailed-exitcode")
    assert "the-clients-secret" not in shown
    outputs = json.loads(terraform("output", "-json"))
    assert "the-clients-secret" not in json.dumps(outputs)
    pool, client = outputs["pool_id"]["value"], outputs["client_id"]["value"]
    cognito = aws.client("cognito-idp")
    entra = cognito.describe_identity_provider(UserPoolId=pool, ProviderName="Entra")[
        "IdentityProvider"
    ]
    assert entra["ProviderDetails"]["client_secret"] == "the-clients-secret"
    assert entra["AttributeMapping"] == {"username": "sub", "email": "email", "name": "name"}
    described = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)
    assert sorted(described["UserPoolClient"]["SupportedIdentityProviders"]) == [
        "COGNITO",
        "Corp",
        "Entra",
    ]

    _map(aws, pool)
    assert _signed_in(cognito, pool, client) == {
        "custom:tenantId": "acme",
        "custom:tenantName": "acme",
        "custom:tenantTier": "premium",
        "custom:userRole": "TenantAdmin",
    }
    eve = _signed_in_by_saml(aws, pool, client)
    assert eve == {
        "custom:tenantId": "acme",
        "custom:tenantName": "acme",
        "custom:tenantTier": "premium",
        "custom:userRole": "TenantUser",
    }
    (federated,) = (
        user["Username"]
        for user in cognito.list_users(UserPoolId=pool)["Users"]
        if user["Username"] != "native"
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=federated, GroupName=ADMINISTRATORS)
    promoted = _signed_in_by_saml(aws, pool, client)
    assert promoted == {**eve, "custom:userRole": "TenantAdmin"}
    _map(aws, pool, suspendedAt={"S": "2026-01-01T00:00:00Z"})
    with pytest.raises(Exception, match="suspended"):
        _signed_in(cognito, pool, client)

    # The emulator keeps the pool's function where AWS drops what an update leaves out, so that
    # the plan after this one is not looked at.
    terraform("apply", "-auto-approve", federation=[])
    assert cognito.list_identity_providers(UserPoolId=pool, MaxResults=10)["Providers"] == []


def _map(aws: Aws, pool: str, **more: Any) -> None:
    """Write the row that the tenant's root module writes."""
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool}"
    row = {"tenantId": "acme", "tenantName": "acme", "tier": "premium", "issuer": issuer}
    aws.client("dynamodb").put_item(
        TableName="federated-mapping",
        Item={name: {"S": value} for name, value in row.items()} | more,
    )


def _signed_in(cognito: Any, pool: str, client: str) -> dict[str, str]:
    """Return the claims of a user of the pool itself, whose profile lies about its tenant."""
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username="native",
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "custom:tenantId", "Value": "another"},
                {"Name": "custom:userRole", "Value": "TenantAdmin"},
            ],
        )
        cognito.admin_set_user_password(
            UserPoolId=pool, Username="native", Password=PASSWORD, Permanent=True
        )
    except cognito.exceptions.UsernameExistsException:
        pass
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "native", "PASSWORD": PASSWORD},
    )
    return _claims(answer["AuthenticationResult"]["IdToken"])


def _signed_in_by_saml(aws: Aws, pool: str, client: str) -> dict[str, str]:
    """Return the claims of a user whose provider says things that are not its to say."""
    callback = "http://localhost:4201/"
    query = urllib.parse.urlencode(
        {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": callback,
            "identity_provider": "Corp",
            "scope": "openid email",
        }
    )
    sent_to = _redirect(f"{aws.endpoint}/oauth2/authorize?{query}")
    relay_state = urllib.parse.parse_qs(urllib.parse.urlsplit(sent_to).query)["RelayState"][0]
    attributes = "".join(
        f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue>'
        "</saml:Attribute>"
        for name, value in {
            f"{SAML_CLAIMS}/emailaddress": "eve@acme.example",
            "custom:tenantId": "another",
            "custom:userRole": "TenantAdmin",
        }.items()
    )
    response = base64.b64encode(SAML_RESPONSE.format(attributes=attributes).encode()).decode()
    back = _redirect(
        f"{aws.endpoint}/saml2/idpresponse",
        {"SAMLResponse": response, "RelayState": relay_state},
    )
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "code": code,
        "redirect_uri": callback,
    }
    request = urllib.request.Request(
        f"{aws.endpoint}/oauth2/token", urllib.parse.urlencode(form).encode(), method="POST"
    )
    request.add_header("content-type", "application/x-www-form-urlencoded")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return _claims(json.loads(answer.read())["id_token"])


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def _redirect(url: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        urllib.request.build_opener(_Stay).open(url, data, timeout=20)
    except urllib.error.HTTPError as answer:
        assert answer.code in (302, 303), answer.read()
        return answer.headers["Location"]
    raise AssertionError(f"no redirect from {url}")


def _claims(token: str) -> dict[str, str]:
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {name: value for name, value in claims.items() if name.startswith("custom:")}
