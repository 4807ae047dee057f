"""What makes, changes and removes tenants: Terraform runs, builds, images."""
