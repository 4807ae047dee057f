"""Whose request it is: only what a tenant's own pool has signed for the tenant's client counts."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from services.application.authorizer import keys, mapping, policy
from services.application.authorizer.function import UnauthorizedError
from services.application.authorizer.mapping import MAPPING_TTL_SECONDS, MappingBrokenError
from services.application.signing_keys import (
    FRESH_SECONDS,
    LAST_SECONDS,
    REFRESH_SECONDS,
    KeysUnavailableError,
)
from tests.unit.application.authorizer.world import (
    ISSUERS,
    STAGE,
    World,
    assembled,
    claims,
    private_key,
    public_key,
    signed,
)


@pytest.fixture
def world() -> World:
    return World()


def effect(answer: dict[str, Any], path: str) -> str:
    """Return what API Gateway makes of an answer for a path, as IAM evaluates policies."""
    for statement in answer["policyDocument"]["Statement"]:
        for resource in statement["Resource"]:
            whole, star, _ = resource.partition("*")
            arn = f"{STAGE}/{path}"
            if arn == resource or (star and arn.startswith(whole)):
                return str(statement["Effect"])
    return "none"


def test_a_tenants_user_is_let_in_with_what_the_platform_knows(world: World) -> None:
    answer = world.ask(signed(claims()))

    assert answer["usageIdentifierKey"] == "key-of-t-a"
    assert answer["context"] == {
        "tenantId": "t-a",
        "tenantName": "t-a-name",
        "tier": "basic",
        "tenantPath": "basic",
        "userId": "user-1",
        "userName": "ada",
        "userRole": "TenantAdmin",
    }
    assert all(isinstance(value, str) for value in answer["context"].values())
    silo = world.ask(signed(claims("t-silo", "pool-silo"), "silo"))
    assert (silo["context"]["tenantPath"], silo["context"]["tier"]) == ("t-silo", "premium")


NOW = int(time.time())
BAD = {
    "of another pool": signed(claims(), "silo"),
    "of a pool that belongs to nobody": signed(claims(pool="pool-nobody"), "nobody"),
    "of another tenant's own pool": signed(claims("t-a", "pool-silo"), "silo"),
    "of the pool for a silo tenant": signed(claims("t-silo", "pool-basic"), "basic"),
    "with another issuer": signed(claims(iss=f"{ISSUERS}pool-silo")),
    "of another region": signed(
        claims(iss="https://cognito-idp.eu-west-1.amazonaws.com/pool-basic")
    ),
    "for another client": signed(claims(aud="another-client")),
    "for several clients": signed(claims(aud=["client-of-pool-basic", "another-client"])),
    "an access token": signed(claims(token_use="access")),
    "a token of no use": signed(claims(token_use=None)),
    "expired": signed(claims(exp=NOW - 60)),
    "without an end": signed(claims(exp=None)),
    "not yet valid": signed(claims(nbf=NOW + 600)),
    "of the future": signed(claims(iat=NOW + 600)),
    "without a beginning": signed(claims(iat=None)),
    "of nobody": signed(claims(sub=None)),
    "without a tenant": signed(claims(own={"custom:tenantId": None})),
    "with a list of tenants": signed(claims(own={"custom:tenantId": ["t-a"]})),
    "with a tenant that is no id": signed(claims("T-A")),
    "with a path as tenant": signed(claims("../t-a")),
    "of another tier": signed(claims(own={"custom:tenantTier": "premium"})),
    "without a tier": signed(claims(own={"custom:tenantTier": None})),
    "without a key id": signed(claims(), kid=None),
    "with an unknown key": signed(claims(), kid="k2"),
    "with a key of another pool": signed(claims(), "silo", kid="k1"),
    "empty": "",
    "no token": "a.b.c",
    "too long": signed(claims(padding="x" * 9000)),
    "not signed": assembled({"alg": "none", "kid": "k1"}, claims(), b""),
    "not signed, in other letters": assembled({"alg": "nOnE", "kid": "k1"}, claims(), b""),
    "of an unknown kind": assembled({"alg": "RS257", "kid": "k1"}, claims(), b"x"),
    "without a kind": assembled({"kid": "k1"}, claims(), b"x"),
    "signed with nothing": assembled({"alg": "RS256", "kid": "k1"}, claims(), b""),
    "no object": assembled({"alg": "RS256", "kid": "k1"}, ["t-a"], b"x"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", BAD)
def test_what_proves_nothing_is_answered_with_401(world: World, kind: str) -> None:
    with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
        world.ask(BAD[kind])


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret(world: World, algorithm: str) -> None:
    public = private_key("basic").public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = assembled({"alg": algorithm, "kid": "k1"}, claims(), b"").rstrip(".")
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    signature = hmac.new(secret, unsigned.encode(), digest).digest()

    with pytest.raises(UnauthorizedError):
        world.ask(assembled({"alg": algorithm, "kid": "k1"}, claims(), signature))


def test_keys_that_the_token_brings_are_not_believed(world: World) -> None:
    header = {"alg": "RS256", "kid": "k1", "jwk": public_key("nobody", "k1")}
    header["jku"] = f"{ISSUERS}pool-nobody/.well-known/jwks.json"
    token = signed(claims(), "nobody")
    forged = assembled(header, claims(), b"").rstrip(".") + "." + token.rpartition(".")[2]

    with pytest.raises(UnauthorizedError):
        world.ask(forged)
    assert set(world.fetches) <= {f"{ISSUERS}pool-basic"}


def test_without_bearer_it_is_no_token(world: World) -> None:
    token = signed(claims())

    for header in ("", token, f"Basic {token}", "Bearer", f"Bearer{token}"):
        with pytest.raises(UnauthorizedError):
            world.authorizer({"authorizationToken": header, "methodArn": f"{STAGE}/GET/orders"})


def test_an_unknown_tenants_token_is_answered_as_a_forged_one(world: World) -> None:
    for tenant in ("t-gone", "t-a"):
        with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
            world.ask(signed(claims(tenant), "nobody"))
    with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
        world.ask(signed(claims("t-gone")))
    assert world.fetches == [f"{ISSUERS}pool-basic"]


def test_a_suspended_tenant_is_denied_and_let_in_again(world: World) -> None:
    token = signed(claims())
    assert effect(world.ask(token), "GET/orders") == "Allow"

    world.rows["t-a"]["suspendedAt"] = {"S": "2026-01-01T00:00:00Z"}
    world.now += 30
    denied = world.ask(token)
    assert effect(denied, "GET/orders") == "Deny"
    # For the access log.
    assert (denied["context"]["tenantId"], denied["context"]["userName"]) == ("t-a", "ada")
    assert effect(world.ask(signed(claims("t-b"))), "GET/orders") == "Allow"

    del world.rows["t-a"]["suspendedAt"]
    world.now += 30
    assert effect(world.ask(token), "GET/orders") == "Allow"


def test_a_suspended_tenants_forged_token_is_still_forged(world: World) -> None:
    world.rows["t-a"]["suspendedAt"] = {"S": "2026-01-01T00:00:00Z"}

    with pytest.raises(UnauthorizedError):
        world.ask(signed(claims(), "silo"))


def test_the_answer_is_the_same_for_every_path(world: World) -> None:
    token = signed(claims(own={"custom:userRole": "TenantUser"}))

    answers = [
        world.ask(token, path)
        for path in ("GET/orders", "DELETE/users/1", "GET/users", "POST/nothing/at/all")
    ]

    assert all(answer == answers[0] for answer in answers)
    for path, expected in {
        "GET/orders": "Allow",
        "POST/orders": "Allow",
        "DELETE/orders/1/2": "Allow",
        "GET/users": "none",
        "GET/users/1": "none",
        "GET/users/orders/1": "none",
        "GET/ordersandmore": "none",
        "GET/%6Frders": "none",
        "OPTIONS/orders": "none",
        "GET": "none",
    }.items():
        assert effect(answers[0], path) == expected, path


@pytest.mark.parametrize("role", ["SystemAdmin", "tenantadmin", "", None, "TenantAdmin "])
def test_an_unknown_role_may_call_nothing(world: World, role: str | None) -> None:
    answer = world.ask(signed(claims(own={"custom:userRole": role})))

    assert effect(answer, "GET/orders") == "Deny"
    assert answer["context"]["tenantId"] == "t-a"


def test_a_new_key_is_found_and_an_old_one_lasts(world: World) -> None:
    old, new = signed(claims()), signed(claims(), "rotated", "k2")
    world.ask(old)
    world.key_sets["pool-basic"] = [public_key("rotated", "k2"), public_key("basic", "k1")]

    with pytest.raises(UnauthorizedError):
        world.ask(new)  # the pool has just been asked
    world.now += 30
    assert world.ask(new)
    assert world.ask(old)
    assert len(world.fetches) == 2


def test_a_key_that_is_gone_is_refused_in_the_end(world: World) -> None:
    old = signed(claims())
    world.ask(old)
    world.key_sets["pool-basic"] = [public_key("rotated", "k2")]
    world.now += 3600

    with pytest.raises(UnauthorizedError):
        world.ask(old)


def test_invented_keys_do_not_make_the_pool_be_asked_each_time(world: World) -> None:
    world.ask(signed(claims()))
    for number in range(50):
        with pytest.raises(UnauthorizedError):
            world.ask(signed(claims(), kid=f"invented-{number}"))
        world.now += 0.1

    assert len(world.fetches) == 1


def test_the_warm_path_asks_nobody_and_is_quick(world: World) -> None:
    token = signed(claims())
    world.ask(token)

    started = time.thread_time()  # what it costs, however busy the machine is
    for _ in range(20):
        world.ask(token)
    each = (time.thread_time() - started) / 20

    assert (len(world.reads), len(world.fetches)) == (1, 1)
    assert each < 0.005


def test_known_keys_serve_while_the_pool_does_not_answer(world: World) -> None:
    token = signed(claims())
    world.ask(token)
    world.offline = True
    world.now += FRESH_SECONDS

    for _ in range(10):
        assert world.ask(token)["context"]["tenantId"] == "t-a"
        world.now += REFRESH_SECONDS / 10
    assert len(world.fetches) == 2
    world.now += LAST_SECONDS
    with pytest.raises(KeysUnavailableError, match="pool-basic"):
        world.ask(token)


def test_without_keys_nobody_is_judged(world: World) -> None:
    world.offline = True

    with pytest.raises(KeysUnavailableError):
        world.ask(signed(claims()))


def test_a_broken_row_is_the_platforms_fault(world: World) -> None:
    del world.rows["t-a"]["apiKey"], world.rows["t-a"]["clientId"]

    with pytest.raises(MappingBrokenError, match="apiKey, clientId"):
        world.ask(signed(claims()))


def test_a_row_cannot_name_an_issuer_elsewhere(world: World) -> None:
    elsewhere = "https://cognito-idp.us-east-1.amazonaws.com.example.com/pool-basic"
    world.tenant("t-a", "basic", "pool-basic", issuer=elsewhere)

    with pytest.raises(UnauthorizedError):
        world.ask(signed(claims(iss=elsewhere)))
    assert world.fetches == []


def test_a_new_tenant_is_known_within_seconds(world: World) -> None:
    token = signed(claims("t-new"))
    with pytest.raises(UnauthorizedError):
        world.ask(token)
    world.tenant("t-new", "basic", "pool-basic")
    world.now += 5

    assert effect(world.ask(token), "GET/orders") == "Allow"


def test_secrets_are_not_shown_or_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    token = signed(claims(), "silo")
    with pytest.raises(UnauthorizedError):
        world.ask(token)
    with pytest.raises(UnauthorizedError):
        world.ask(signed(claims("t-gone")))
    row = world.authorizer._judge._mappings.find("t-a")

    assert token not in caplog.text
    assert "t-gone" in caplog.text
    assert "key-of-t-a" not in repr(row)


def test_an_event_of_another_kind_is_refused(world: World) -> None:
    with pytest.raises(policy.MethodArnError):
        world.authorizer({"authorizationToken": "Bearer x"})


def test_a_policy_fits_what_api_gateway_takes() -> None:
    import json

    many = [f"/service-number-{number:02}" for number in range(6)]

    assert len(json.dumps(policy.allow(STAGE, many))) < 8192


def test_the_row_that_was_used_least_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "MAPPING_ENTRIES", 2)
    world = World()
    for tenant_id in ("t-a", "t-b", "t-a", "t-c", "t-a", "t-b"):
        world.tenant(tenant_id, "basic", "pool-basic")
        world.ask(signed(claims(tenant_id)))

    assert world.reads == ["t-a", "t-b", "t-c", "t-b"]


def test_a_row_is_believed_for_its_time(world: World) -> None:
    token = signed(claims())
    world.ask(token)
    world.now += MAPPING_TTL_SECONDS - 0.1
    world.ask(token)
    assert len(world.reads) == 1
    world.now += 0.1
    world.ask(token)

    assert len(world.reads) == 2


def test_invented_tenants_do_not_drive_out_real_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "MAPPING_ENTRIES", 2)
    world = World()
    world.ask(signed(claims()))
    for number in range(5):
        with pytest.raises(UnauthorizedError):
            world.ask(signed(claims(f"t-invented-{number}")))
    world.ask(signed(claims()))

    assert world.reads.count("t-a") == 1


def test_the_keys_of_the_pools_that_were_seen_last_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "POOLS", 1)
    world = World()
    for pool in ("pool-basic", "pool-silo", "pool-basic", "pool-basic"):
        world.keys.find(f"{ISSUERS}{pool}", "k1")

    assert [name.rpartition("/")[2] for name in world.fetches] == [
        "pool-basic",
        "pool-silo",
        "pool-basic",
    ]


_GOOD = signed(claims())
_WORLD = World()


@pytest.mark.many
@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, len(_GOOD) - 1), character=st.characters(codec="ascii"))
def test_no_changed_token_is_let_in(position: int, character: str) -> None:
    changed = _GOOD[:position] + character + _GOOD[position + 1 :]
    if changed.rstrip() == _GOOD or _same_bytes(changed):
        return
    try:
        answer = _WORLD.ask(changed)
    except UnauthorizedError:
        return
    assert effect(answer, "GET/orders") == "Deny"


def _same_bytes(token: str) -> bool:
    """Whether only bits were changed that base64 leaves unused at the end of a part."""
    import base64

    def decoded(text: str) -> list[bytes]:
        return [base64.urlsafe_b64decode(part + "==") for part in text.split(".")]

    try:
        return decoded(token) == decoded(_GOOD)
    except ValueError:
        return False


@settings(max_examples=100, deadline=None)
@given(
    changed=st.dictionaries(
        st.sampled_from(["iss", "aud", "token_use", "custom:tenantId", "custom:tenantTier", "exp"]),
        st.one_of(
            st.none(),
            st.text(max_size=8),
            st.integers(-10, 10**9),
            st.lists(st.text(max_size=3), max_size=2),
            st.sampled_from(["t-b", "t-silo", f"{ISSUERS}pool-silo", "client-of-pool-silo"]),
        ),
        min_size=1,
    )
)
def test_only_the_tenants_own_claims_make_its_caller(changed: dict[str, Any]) -> None:
    try:
        answer = _WORLD.ask(signed(claims(own=changed)))
    except UnauthorizedError:
        return
    # The pool may sign for any of its own tenants; nobody else's key is ever named.
    told = answer.get("context", {}).get("tenantId")
    assert told == changed.get("custom:tenantId", "t-a") or told is None
    assert told in ("t-a", "t-b", None)
