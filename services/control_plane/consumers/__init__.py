"""Lambda functions that take events from the bus."""
