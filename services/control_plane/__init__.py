"""The control plane: its HTTP API and its event handlers, each a Lambda function.

`api.handler` answers every HTTP route, `outbox.handler` publishes what the registry's stream holds,
`application_events.handler` takes what the application plane reports, `billing_events.handler`
tells a billing plug-in what it needs to know, and `sweep.handler` runs every minute to find what
got lost. `routes` is the table of all routes with their scopes: the gateway is built from it and
the handler checks it again.

Importing this package imports nothing else: a cold start pays only for what it needs.

Errors
------
`ControlPlaneError` is the root: `registry` and `metering` draw their trees below it.
"""


class ControlPlaneError(Exception):
    """The control plane cannot do what it was asked or told."""
