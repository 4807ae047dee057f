"""The distributions that are made of this repository."""
