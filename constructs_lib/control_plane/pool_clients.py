"""Clients of a user pool that a function makes, so that no state holds their secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf import Fn, ITerraformDependable, Token
from cdktf_cdktf_provider_aws.lambda_invocation import LambdaInvocation
from constructs import Construct

from constructs_lib.functions import PythonFunction
from constructs_lib.sequences import takes_sequences


@takes_sequences
class PoolClients(Construct):
    """A client for machines, with a secret, and one for people, without.

    A client that Terraform makes has its secret in the state, and whoever may plan it may read the
    secret from Cognito. So a function makes them, whenever what they may do is changed, and
    answers with their ids.

    Parameters
    ----------
    function : PythonFunction
        Takes `scopes` and `callback_urls`; answers with `machine_client_id` and
        `public_client_id`.
    scopes : sequence of str
        What tokens may allow.
    callback_urls : sequence of str
        Where people come back to after they have signed in.
    depends_on : sequence of ITerraformDependable
        What must exist before: the resource servers that scopes belong to.

    Attributes
    ----------
    machine_client_id, public_client_id : str
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        function: PythonFunction,
        scopes: Sequence[str],
        callback_urls: Sequence[str],
        depends_on: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id_)
        made = LambdaInvocation(
            self,
            "Resource",
            function_name=function.name,
            lifecycle_scope="CRUD",
            input=json.dumps({"scopes": list(scopes), "callback_urls": list(callback_urls)}),
            depends_on=[*function.role.ready, *depends_on],
        )
        answer = Fn.jsondecode(made.result)
        self.machine_client_id: str = Token.as_string(
            Fn.lookup_nested(answer, ["machine_client_id"])
        )
        self.public_client_id: str = Token.as_string(Fn.lookup_nested(answer, ["public_client_id"]))
