"""What a stack and the code that it deploys must both know: pure data, and no AWS."""
