"""Runs the service: `python -m services.users`."""

from services.tenant_context import create_app, serve

serve(create_app)
