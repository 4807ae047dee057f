"""Load balancers that carry requests."""
