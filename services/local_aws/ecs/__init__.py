"""ECS without Docker: a process for each container."""
