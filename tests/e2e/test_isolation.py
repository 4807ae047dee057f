"""Tenants of all tiers at each other: by the API, by AWS's own APIs, and from within a service."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from random import Random
from typing import Any

import httpx
import jwt
import pytest
from botocore.exceptions import ClientError

from tests.e2e import api_attacks
from tests.e2e.api_attacks import Pair, Try
from tests.e2e.aws_attacks import AwsAttacker, Taken, client_of
from tests.e2e.careless_image import MODULE, push_careless
from tests.e2e.conftest import Present
from tests.e2e.forgeries import Forger, forger_of
from tests.e2e.system import PREFIX, System
from tests.e2e.tasks import Tasks
from tests.e2e.tenant_data import TenantData
from tests.e2e.users import CLAIMS, KETTLE, NAMES, Place, SignedInUser, anybody, suspended
from tests.waiting import eventually

# The suspension needs the time that all these tests take.
pytestmark = [
    pytest.mark.terraform,
    pytest.mark.local_aws,
    pytest.mark.usefixtures("suspension"),
]

# Nobody else's tenant: it is suspended for a while.
SUSPENDED = "basic-01"

REFUSALS = 1_200
TRIES = 1_400
POOL = f"{PREFIX}-basic"
# Whose products service an intruder is in; nobody has asked for these two suspended ones before.
TAKEN = ("demo-basic", "demo-advanced", "demo-premium")
OWING = ("basic-05", "premium-02")
SEED = int(os.environ.get("ECS_SAAS_SEED", "0")) or secrets.randbits(32)
TIERS = ("basic", "advanced", "premium")
WAYS = {
    *("path", "detour", "body", "header", "remembered answer", "suspended", "token replayed"),
    *("claims", "sign-up", "platform", *(f"role, from {tier}" for tier in TIERS)),
    *(f"table, from {mine} to {theirs}" for mine in TIERS for theirs in TIERS),
}


@pytest.fixture(scope="module")
def forger(system: System, admins: dict[str, SignedInUser]) -> Iterator[Forger]:
    cognito = system.client("cognito-idp")
    pool = cognito.create_user_pool(
        PoolName="of-an-intruder",
        Schema=[{"Name": claim, "AttributeDataType": "String"} for claim in CLAIMS],
    )["UserPool"]["Id"]
    try:
        yield forger_of(system, pool, list(admins.values()))
    finally:
        cognito.delete_user_pool(UserPoolId=pool)


@pytest.fixture(scope="module")
def careless(system: System, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of an image of a products service with bugs."""
    return push_careless(system, tmp_path_factory.mktemp("careless"))


@pytest.fixture(scope="module")
def attacker(
    system: System, admins: dict[str, SignedInUser], tasks: Tasks, careless: str
) -> AwsAttacker:
    """Who is in a service of each tier."""

    def leaked(name: str) -> dict[str, Any]:
        place = admins[name].place
        cluster, family = _products(place)
        with tasks.instead(cluster, family, MODULE, careless) as url:
            given: dict[str, Any] = httpx.post(f"{url}/careless/credentials").json()
            return given

    with ThreadPoolExecutor(len(TAKEN)) as many:
        given = dict(zip(TAKEN, many.map(leaked, TAKEN), strict=True))
    pool = given["demo-basic"]
    taken = {
        admins[name].place.id: Taken.of(system, admins[name].place, given[name], pool["role"])
        for name in TAKEN
    }
    return AwsAttacker(system, taken, pool["table"])


@pytest.fixture(scope="module")
def suspension(
    system: System, http: httpx.Client, present: Present
) -> Iterator[Future[tuple[float, float]]]:
    """A suspension that takes its time while the other tests run: see its test."""
    present(SUSPENDED, *OWING, *NAMES)
    place = Place.of(system, SUSPENDED)
    user = SignedInUser.of(system, place, http)
    eventually(user.is_served)

    def until(status: int) -> float:
        began = time.monotonic()
        eventually(lambda: user.patient("GET", "/products").status_code == status, 90, every=1)
        return time.monotonic() - began

    def suspend_and_resume() -> tuple[float, float]:
        with suspended(system, place):
            refused = until(403)
        return refused, until(200)

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(suspend_and_resume)


@pytest.fixture(scope="module")
def owing(system: System, http: httpx.Client, present: Present) -> Iterator[list[SignedInUser]]:
    """Users of tenants that are suspended."""
    present(*OWING)
    with ExitStack() as stack:
        places = [Place.of(system, name) for name in OWING]
        for place in places:
            stack.enter_context(suspended(system, place))
        yield [SignedInUser.of(system, place, http) for place in places]


def _drawn(
    chance: Random,
    holders: list[TenantData],
    forger: Forger,
    attacker: AwsAttacker,
    owing: list[SignedInUser],
) -> Try:
    me, other = chance.sample(holders, 2)
    pair = Pair(me, chance.choice([me.admin, me.user]), other)
    draws: list[tuple[int, Callable[[], Try]]] = [
        (12, lambda: api_attacks.by_path(chance, pair)),
        (12, lambda: api_attacks.by_detour(chance, pair)),
        (4, lambda: api_attacks.by_query(chance, pair)),
        (12, lambda: api_attacks.by_body(chance, pair)),
        (12, lambda: api_attacks.by_header(chance, pair)),
        (6, lambda: api_attacks.by_remembered_answer(chance, pair)),
        # A token that is refused costs the local AWS a cold start of the authorizer.
        (5, lambda: api_attacks.by_token(chance, pair, forger)),
        (6, lambda: api_attacks.of_a_suspended_tenant(chance, chance.choice(owing), other)),
        (10, lambda: attacker.as_user(chance, pair)),
    ]
    if attacker.is_in(me):
        draws.append((40, lambda: attacker.as_service(chance, pair)))
    (draw,) = chance.choices([each for _, each in draws], [weight for weight, _ in draws])
    return draw()


def test_no_way_leads_to_another_tenant(
    system: System,
    admins: dict[str, SignedInUser],
    forger: Forger,
    attacker: AwsAttacker,
    owing: list[SignedInUser],
) -> None:
    """With what is tried of tokens and tables without the API: 10,000 refusals and more."""
    chance = Random(SEED)
    with ThreadPoolExecutor(len(admins)) as many:
        holders = list(many.map(lambda admin: TenantData.make(system, admin), admins.values()))
    drawn: list[Try] = []
    # However they fall, none of these is left out.
    while len(drawn) < TRIES or not {tried.way for tried in drawn} >= WAYS:
        drawn.append(_drawn(chance, holders, forger, attacker, owing))

    def refused(numbered: tuple[int, Try]) -> bool:
        number, tried = numbered
        try:
            return tried.refused()
        except AssertionError as error:
            raise AssertionError(f"ECS_SAAS_SEED={SEED}, try {number}: {tried}: {error}") from error

    try:
        before = [each.seen() for each in holders]
        with ThreadPoolExecutor(8) as many:
            outcomes = list(many.map(refused, enumerate(drawn)))
        assert [each.seen() for each in holders] == before, f"ECS_SAAS_SEED={SEED}"
        counted = Counter(tried.way for tried, was in zip(drawn, outcomes, strict=True) if was)
        assert counted.total() >= REFUSALS, counted
        assert set(counted) >= WAYS
    finally:
        for each in holders:
            each.remove()


@pytest.mark.parametrize("name", ["demo-basic", "demo-advanced", "demo-premium"])
def test_no_user_writes_claims(system: System, admins: dict[str, SignedInUser], name: str) -> None:
    cognito, me = anybody(system), admins[name]
    for claim in CLAIMS:
        attribute = {"Name": f"custom:{claim}", "Value": admins["premium-00"].place.id}
        with pytest.raises(ClientError, match="NotAuthorized"):
            cognito.update_user_attributes(AccessToken=me.tokens.access, UserAttributes=[attribute])
    user = system.client("cognito-idp").admin_get_user(
        UserPoolId=me.place.pool, Username=me.place.administrator
    )
    told = {each["Name"]: each["Value"] for each in user["UserAttributes"]}
    assert told["custom:tenantId"] == me.place.id


def test_who_has_signed_out_gets_nothing_new(
    system: System, admins: dict[str, SignedInUser]
) -> None:
    """An ID token is good until it ends, and nothing shortens that: it proves itself.

    So it has to end soon. What gives new ones ends at once.
    """
    admin = admins["demo-advanced"]
    name = f"leaver-{secrets.token_hex(3)}"
    invitation = {"userName": name, "userEmail": f"{name}@example.com"}
    leaver = admin.colleague(system, admin.data("POST", "/users", invitation)["userName"])
    told = jwt.decode(leaver.tokens.id, options={"verify_signature": False})
    assert told["exp"] - told["iat"] <= 3600
    cognito, client = anybody(system), admin.place.client

    def refreshed() -> dict[str, str]:
        answer: dict[str, str] = cognito.initiate_auth(
            ClientId=client,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": leaver.tokens.refresh},
        )["AuthenticationResult"]
        return answer

    # Users may write what is no claim: it is not that nothing is.
    own_name = [{"Name": "name", "Value": "Ada"}]
    cognito.update_user_attributes(AccessToken=leaver.tokens.access, UserAttributes=own_name)
    new = refreshed()["IdToken"]
    assert leaver.patient("GET", "/products?limit=1", token=new).status_code == 200
    admin.data("PUT", f"/users/{leaver.name}/disable")
    with pytest.raises(ClientError, match="NotAuthorized"):
        refreshed()
    with pytest.raises(ClientError, match="NotAuthorized"):
        cognito.get_user(AccessToken=leaver.tokens.access)
    assert leaver.patient("GET", "/products?limit=1").status_code == 200
    admin.data("DELETE", f"/users/{leaver.name}")


def test_a_careless_service_reaches_no_other_tenant(
    admins: dict[str, SignedInUser], tasks: Tasks, careless: str
) -> None:
    me, other = admins["demo-basic"], admins["basic-00"]
    theirs = other.data("POST", "/products", {**KETTLE, "sku": "secret-of-theirs"})
    body = {"tenantId": other.place.id, "productId": theirs["productId"]}
    with tasks.instead(POOL, f"{POOL}-products", MODULE, careless) as url:

        def ask(mistake: str, who: SignedInUser) -> httpx.Response:
            bearer = {"Authorization": f"Bearer {who.tokens.id}"}
            return httpx.post(f"{url}/careless/{mistake}", json=body, headers=bearer)

        for mistake in ("store", "page", "unbound", "item", "query", "scan", "own-role"):
            refused = ask(mistake, me)
            assert refused.status_code in (403, 500), (mistake, refused.text)
            assert "secret-of-theirs" not in refused.text
            if mistake not in ("scan", "own-role"):
                assert "secret-of-theirs" in ask(mistake, other).text
    other.data("DELETE", f"/products/{theirs['productId']}")


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_of_a_service_reaches_its_own_tenant(
    system: System, admins: dict[str, SignedInUser], attacker: AwsAttacker, name: str
) -> None:
    """Else it would prove nothing that it reaches no other."""
    me = admins[name]
    taken = attacker.taken[me.place.id]
    mine = me.data("POST", "/products", KETTLE)
    key = {"tenantId": {"S": me.place.id}, "productId": {"S": mine["productId"]}}
    tables = client_of(system, "dynamodb", taken.tenant)
    assert tables.get_item(TableName=taken.table, Key=key)["Item"].items() >= key.items()
    me.data("DELETE", f"/products/{mine['productId']}")


def test_a_suspended_tenants_token_is_refused_within_a_minute_and_taken_again(
    suspension: Future[tuple[float, float]],
) -> None:
    """The row was changed when the first test began: API and authorizer may remember 30 s each."""
    refused, taken = suspension.result(timeout=180)
    assert refused <= 62
    assert taken <= 62


def _products(place: Place) -> tuple[str, str]:
    """Return the cluster and the task family of a tenant's products service."""
    own = f"{PREFIX}-{place.id}-{place.tier}"
    cluster = own if place.tier == "premium" else f"{PREFIX}-{place.tier}"
    return cluster, f"{POOL if place.tier == 'basic' else own}-products"
