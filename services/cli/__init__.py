"""The `ecs-saas` command line.

Errors
------
`VisitError`: a tenant's API does not answer a visit. `CommentError`: a review could not be written
to a pull request. All else is raised below, and gets its exit code in `services.cli.failures`.
"""
