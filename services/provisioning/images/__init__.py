"""Container images of the system: built, pushed by digest, and pinned.

Each image is a `Dockerfile` beside the code it runs, built from the project's root:
`services/contracts/images.py` says where.
"""
