"""Who mails the users of every pool: Cognito itself, or an identity of SES."""

from __future__ import annotations

from collections.abc import Callable

from services.configuration import Configuration
from tests.synth.sample import configured
from tests.synth.template import Template

_IDENTITY = "arn:aws:ses:eu-central-1:123456789012:identity/example.com"


def senders(templates: dict[str, Template]) -> dict[str, object]:
    """Return by stack what its pool mails with."""
    return {
        stack: pool.get("email_configuration")
        for stack, template in templates.items()
        for pool in template.resources("aws_cognito_user_pool").values()
    }


def test_cognito_mails_by_default(templates: dict[str, Template]) -> None:
    assert set(senders(templates).values()) == {None}


def test_every_pool_mails_by_the_identity(
    synthesised: Callable[[Configuration], dict[str, Template]], templates: dict[str, Template]
) -> None:
    mail = {"identity_arn": _IDENTITY, "sender": "Example <no-reply@example.com>"}
    data = configured().model_dump(mode="json", exclude_unset=True)
    for service in data["services"].values():
        service.pop("name", None)
    found = senders(synthesised(Configuration.model_validate({**data, "mail": mail})))
    assert found.keys() == senders(templates).keys() >= {"control-plane", "tier-basic"}
    sender = {
        "email_sending_account": "DEVELOPER",
        "from_email_address": mail["sender"],
        "source_arn": _IDENTITY,
    }
    assert all(each == sender for each in found.values())
