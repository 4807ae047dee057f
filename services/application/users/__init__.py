"""Users of a tenant: list, invite, change roles, disable, enable, delete."""
