"""The whole system: real Terraform, real provider, real requests, on the local AWS."""
