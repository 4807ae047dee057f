"""What AWS publishes about its own authorization, and what follows from it for a request."""
