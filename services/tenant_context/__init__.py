"""What the microservices share: who is calling, with which credentials, and how a service runs.

```
create_app(settings, routers)   the application: health, identity, errors, logs, OpenAPI
CurrentTenant                   a parameter of a handler: the tenant of a verified ID token
CurrentAdministrator            the same, of an administrator of the tenant
Credentials                     AWS clients that can reach that tenant's data and no other's
Problem                         an answer other than success, which names the field
count(name, value)              a metric, with the tenant in its line
serve(create)                   run it until SIGTERM, and end the requests on their way
```

A service trusts nothing but the token's signature. What a tenant can reach is drawn by the
credentials it is served with: a bug in a handler finds no other tenant's data.
"""

from services.signing_keys import KeysUnavailable
from services.tenant_context.application import CurrentAdministrator, CurrentTenant, create_app
from services.tenant_context.credentials import (
    Credentials,
    CredentialsUnavailable,
    ForeignTenant,
    credentials_for,
    own_client,
)
from services.tenant_context.logs import count
from services.tenant_context.problems import FieldProblem, Problem
from services.tenant_context.server import serve
from services.tenant_context.settings import Isolation, Settings, SettingsError
from services.tenant_context.tenant import Tenant, UserRole
from services.tenant_context.tokens import TokenRefused, TokenVerifier

__all__ = [
    "Credentials",
    "CredentialsUnavailable",
    "CurrentAdministrator",
    "CurrentTenant",
    "FieldProblem",
    "ForeignTenant",
    "Isolation",
    "KeysUnavailable",
    "Problem",
    "Settings",
    "SettingsError",
    "Tenant",
    "TokenRefused",
    "TokenVerifier",
    "UserRole",
    "count",
    "create_app",
    "credentials_for",
    "own_client",
    "serve",
]
