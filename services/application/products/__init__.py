"""Products of a tenant: create, list, read, replace, delete."""
