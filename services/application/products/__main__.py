"""Runs the service: `python -m services.application.products`."""

from services.application.products.application import create_products_app
from services.application.runtime import serve

serve(create_products_app)
