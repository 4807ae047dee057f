"""Runs the service: `python -m services.users`."""

from services.tenant_context import serve
from services.users.application import create_users_app

serve(create_users_app)
