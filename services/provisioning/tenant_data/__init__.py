"""A tenant's items and users: read, copied, exported, deleted."""
