"""The AWS of a laptop: an emulator in one process of our own, with what it lacks added to it.

Errors
------
`LocalAwsError` is the root; `services.local_aws.errors` draws the tree.
"""
