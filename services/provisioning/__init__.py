"""What makes, changes and removes tenants: Terraform runs, builds, images.

Errors
------
`ProvisionerError` is the root; `services.provisioning.errors` draws the tree. `UnlockedError`
stands alone: its module runs inside image builds, where nothing of ours is installed.
"""
