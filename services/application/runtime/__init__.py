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

from services.application.runtime.application import CurrentAdministrator, CurrentTenant, create_app
from services.application.runtime.credentials import (
    Credentials,
    CredentialsUnavailableError,
    ForeignTenantError,
    credentials_for,
    own_client,
)
from services.application.runtime.logs import count
from services.application.runtime.problems import FieldProblem, ProblemError
from services.application.runtime.server import serve
from services.application.runtime.settings import Isolation, Settings, SettingsError
from services.application.runtime.tenant import Tenant, UserRole
from services.application.runtime.tokens import TokenRefusedError, TokenVerifier
from services.application.signing_keys import KeysUnavailableError

__all__ = [
    "Credentials",
    "CredentialsUnavailableError",
    "CurrentAdministrator",
    "CurrentTenant",
    "FieldProblem",
    "ForeignTenantError",
    "Isolation",
    "KeysUnavailableError",
    "ProblemError",
    "Settings",
    "SettingsError",
    "Tenant",
    "TokenRefusedError",
    "TokenVerifier",
    "UserRole",
    "count",
    "create_app",
    "credentials_for",
    "own_client",
    "serve",
]
