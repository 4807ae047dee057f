"""Orders of a tenant."""
