"""Runs the service: `python -m services.application.orders`."""

from services.application.orders.application import create_orders_app
from services.application.runtime import serve

serve(create_orders_app)
