"""Patches of EC2."""
