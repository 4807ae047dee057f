"""What is written down of tenants and cells outside the registry and outside Terraform's states."""
