"""Orders of a tenant: create at the prices of products, list, read, move on, delete."""
