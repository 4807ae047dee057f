"""Runs the service: `python -m services.products`."""

from services.products.application import create_products_app
from services.tenant_context import serve

serve(create_products_app)
