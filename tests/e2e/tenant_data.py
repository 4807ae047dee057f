"""What tenants have, so that others can try to get at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.system import System
from tests.e2e.users import KETTLE, SignedInUser, Tokens, anybody, sign_in


@dataclass(frozen=True)
class TenantData:
    """What an administrator has made, and the mark that all of it bears.

    Attributes
    ----------
    user : SignedInUser
        Somebody of the tenant who administers nothing.
    ended : Tokens
        Those of a user who has signed out everywhere.
    """

    admin: SignedInUser
    user: SignedInUser
    ended: Tokens
    absent: str
    mark: str
    product: str
    order: str
    cursor: str

    @classmethod
    def make(cls, system: System, admin: SignedInUser) -> TenantData:
        mark = f"secret-{admin.place.id[:8]}"
        products = [
            admin.data("POST", "/products", {**KETTLE, "sku": mark})["productId"] for _ in range(2)
        ]
        line = {"productId": products[0], "quantity": 1}
        order = {"orderName": mark, "orderProducts": [line]}
        # Not by the mark: who asks for a user is told the name asked for.
        user, absent = (
            admin.data(
                "POST",
                "/users",
                {
                    "userName": f"{kind}-{products[0][:8]}",
                    "userEmail": f"{kind}@{mark}.example.com",
                },
            )["userName"]
            for kind in ("user", "absent")
        )
        ended = sign_in(system, admin.place, absent)
        anybody(system).global_sign_out(AccessToken=ended.access)
        return cls(
            admin=admin,
            user=admin.colleague(system, user),
            ended=ended,
            absent=absent,
            mark=mark,
            product=products[0],
            order=admin.data("POST", "/orders", order)["orderId"],
            cursor=admin.patient("GET", "/products?limit=1").json()["next_token"],
        )

    def seen(self) -> list[list[dict[str, Any]]]:
        """Return all that there is, as its owner sees it."""
        return [self.admin.listed(path) for path in ("/products", "/orders", "/users")]

    def remove(self) -> None:
        for product in self.admin.listed("/products"):
            if product["sku"] == self.mark:
                self.admin.data("DELETE", f"/products/{product['productId']}")
        self.admin.data("DELETE", f"/orders/{self.order}")
        for user in (self.user.name, self.absent):
            self.admin.data("DELETE", f"/users/{user}")
