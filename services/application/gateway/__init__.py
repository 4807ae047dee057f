"""A tenant's reverse proxy: Envoy, configured as a pure function of the service manifest."""
