"""Runs the service: `python -m services.orders`."""

from services.orders.application import create_orders_app
from services.tenant_context import serve

serve(create_orders_app)
