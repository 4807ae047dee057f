"""The HTTP API: routes, who may call them, what they take and what they answer."""
