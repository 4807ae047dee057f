"""What makes, changes and removes tenants: Terraform runs, builds, images.

Errors
------
`ProvisionerError` is the root; `services.provisioning.errors` draws the tree.
"""
