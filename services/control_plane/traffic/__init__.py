"""Requests of tenants' users: counted from the access logs, kept by period, shown as series."""
