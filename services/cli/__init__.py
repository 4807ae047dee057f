"""The `ecs-saas` command line."""
