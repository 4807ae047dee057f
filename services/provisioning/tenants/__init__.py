"""Onboarding, moving, suspending and offboarding tenants."""
