"""Requests as AWS's own models allow them: read from the wire by the model, checked, refused."""
