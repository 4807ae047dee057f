"""How many more tenants an account takes, and which of AWS's quotas ends that."""
