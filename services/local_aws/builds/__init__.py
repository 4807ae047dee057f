"""CodeBuild without Docker."""
