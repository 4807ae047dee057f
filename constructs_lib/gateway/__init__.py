"""A tenant's reverse proxy: Envoy's configuration, from its routes. Loads no cdktf."""
