"""Runs the service: `python -m services.application.users`."""

from services.application.runtime import serve
from services.application.users.application import create_users_app

serve(create_users_app)
